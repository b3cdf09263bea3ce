import Datasets
import HealModel
import ManifestShape
import Testing

/// Datasets with their states, in short: `a:empty b:ready<a c:missing!<a,b`. `!` is one that nothing populates, `*` one that is
/// made of units of its first parent, `?` one that is optional, `=3` its weight, `~5` how many seconds it takes.
struct Sketch {
    var graph: DatasetGraph
    var report: ReadinessReport
    var plans: PlanMaker { PlanMaker(graph, report) }

    init(_ text: String) throws {
        let place = SourceLocation(file: "m.yaml", line: 1, column: 1)
        var datasets: [Dataset] = []
        var states: [String: (DatasetState, Double?)] = [:]
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "<")
            let parents = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : []
            let (name, rest) = try #require(String(parts[0]).split(separator: ":").map(String.init).pair)
            let state = try #require(DatasetState(rawValue: String(rest.prefix { $0.isLetter })))
            let marks = rest.drop { $0.isLetter }
            func number(_ mark: Character) -> Double? {
                marks.firstIndex(of: mark).flatMap {
                    Double(marks[marks.index(after: $0)...].prefix { $0.isNumber || $0 == "." })
                }
            }
            var one = Dataset(
                name: name, relation: Relation(database: try ResourcePath("app.db"), table: name),
                dependsOn: parents.map { Located($0, place) }, isRequired: !marks.contains("?"),
                weight: number("=") ?? 1, tags: marks.contains("#") ? ["marked"] : [], location: place)
            if !marks.contains("!") {
                one.populate = Population(
                    source: .command(CommandSource(arguments: ["make"])),
                    unit: marks.contains("*") ? WorkUnit(parent: parents[0], key: "id") : nil, location: place)
            }
            datasets.append(one)
            states[name] = (state, number("~"))
        }
        var problems = ManifestProblems()
        graph = try #require(DatasetGraph(datasets, &problems))
        var ready: Set<String> = []
        let statuses = graph.order.map { dataset in
            let (state, seconds) = states[dataset.name] ?? (.unknown, nil)
            if state == .ready { ready.insert(dataset.name) }
            var status = DatasetStatus(
                dataset: dataset, state: state, reason: state == .ready ? nil : "it is \(state.rawValue)",
                waitsFor: dataset.parents.filter { !ready.contains($0) })
            if let seconds {
                status.ledger = LedgerEntry(unitMicroseconds: Int64(seconds * 1_000_000), unitCount: 1)
            }
            return status
        }
        report = ReadinessReport(statuses: statuses, blocking: [], time: 0)
    }
}

extension [String] {
    fileprivate var pair: (String, String)? { count == 2 ? (self[0], self[1]) : nil }
}

extension PopulationPlan {
    /// `a|b c`: groups; `(b)` is one that follows only if there are new units.
    var shown: String {
        groups.map { $0.map { $0.isConditional ? "(\($0.name))" : $0.name }.joined(separator: " ") }
            .joined(separator: "|")
    }
}

@Suite struct PlanTests {
    @Test(arguments: [
        ("a:ready b:ready<a", "", ""),
        ("a:empty b:empty<a c:empty<a", "a|b c", ""),
        // Losing one repopulates it and what was made of it as a whole, and nothing else.
        ("a:ready b:empty<a c:waiting<b d:ready<a e:waiting<c", "b|c|e", ""),
        // What is made of units is looked at again, and has nothing to do unless there are new keys.
        ("a:stale b:waiting*<a c:waiting<b", "a|(b)|(c)", ""),
        ("a:stale b:waiting*<a c:ready<b d:ready*<c e:ready", "a|(b)|(c)|(d)", ""),
        ("a:empty b:empty*<a c:empty<b", "a|b|c", ""),
        // A unit's parent is only the first.
        ("a:ready k:empty b:waiting*<a,k", "k", ""),
        ("a:empty!", "", "a: it is empty, and nothing is stated that populates it"),
        (
            "a:empty! b:empty<a c:waiting<b", "",
            "a: it is empty, and nothing is stated that populates it; b: it depends on 'a', which is not ready"
        ),
        ("a:unknown b:empty<a", "", "a: it is unknown; b: it depends on 'a', which is not ready"),
        ("a:missing", "", "a: it is missing: auto-heal makes it where 'databases' states it"),
        ("a:invalid", "", "a: it is invalid, and rows that are there are only made anew by force"),
        // Made anew from what comes first, it may become well.
        ("a:incomplete b:incomplete<a", "a|b", ""),
        // A parent that waits for one that is planned will be ready.
        ("a:empty b:waiting!<a c:empty<b", "a|c", ""),
        ("a:short b:incomplete c:stale", "a b c", ""),
    ])
    func minimal(_ sketch: String, _ expected: String, _ blocked: String) throws {
        let plan = try Sketch(sketch).plans.plan()
        #expect(plan.shown == expected)
        #expect(plan.blocked.map { "\($0.name): \($0.reason)" }.joined(separator: "; ") == blocked)
        #expect(plan.isEmpty == expected.isEmpty)
    }

    @Test(arguments: [
        ("b", "", "b: it depends on 'a', which is not ready and was not chosen: '+b' takes it along"),
        ("+b", "a|b", ""), ("a+", "a|b c", ""), ("a", "a", ""),
    ])
    func chosen(_ selector: String, _ expected: String, _ blocked: String) throws {
        let sketch = try Sketch("a:empty b:empty<a c:empty<a")
        let names = try DatasetSelection([selector], in: sketch.graph).names(in: sketch.graph, sketch.report)
        let plan = sketch.plans.plan(for: names)
        #expect(plan.shown == expected)
        #expect(plan.blocked.map { "\($0.name): \($0.reason)" }.joined(separator: "; ") == blocked)
    }

    @Test func forced() throws {
        let sketch = try Sketch("a:ready b:invalid<a c:ready! d:missing e:ready*<a")
        let plan = sketch.plans.plan(isForced: true)
        #expect(plan.shown == "a|b e")
        #expect(plan.datasets.allSatisfy { $0.reason == .force })
        #expect(plan.blocked.map(\.name) == ["d"])
    }

    @Test func reasons() throws {
        let plan = try Sketch("a:stale b:waiting<a c:waiting*<a").plans.plan()
        #expect(plan.datasets.map(\.reason) == [.state(.stale), .parent("a"), .newRows("a")])
        #expect(plan.datasets[0].explanation == "it is stale")
    }

    @Test func estimates() throws {
        let unknown = try Sketch("a:empty~4 b:empty~6 c:empty<a").plans.plan().estimate(jobs: 2)
        #expect(unknown == PlanEstimate(atLeast: .seconds(6), unknown: ["c"]))
        #expect(unknown.duration == nil)
        let plan = try Sketch("a:empty~4 b:empty~6 c:empty~1<a").plans.plan()
        #expect(plan.estimate(jobs: 2).duration == .seconds(7))
        #expect(plan.estimate(jobs: 1).duration == .seconds(11))
        // Nothing to do takes no time.
        #expect(try Sketch("a:ready").plans.plan().estimate(jobs: 1).duration == .zero)
    }

    @Test func resources() throws {
        let place = SourceLocation(file: "m.yaml", line: 1, column: 1)
        func make(_ name: String, _ source: PopulationSource, _ pool: Concurrency = Concurrency()) throws -> Dataset {
            Dataset(
                name: name, relation: Relation(database: try ResourcePath("\(name).db"), table: name),
                populate: Population(source: source, concurrency: pool, location: place), location: place)
        }
        let resources = PlanResources([
            try make("a", .command(CommandSource(arguments: ["bin/x", "-v"], environment: ["TOKEN"]))),
            try make(
                "b", .http(HTTPSource(url: "https://u:secret@API.example:8080/x?y", tokenVariable: "KEY")),
                Concurrency(pool: "web", limit: 4)),
            try make("c", .llm(LLMSource(model: "m", textColumns: ["t"])), Concurrency(pool: "web", limit: 2)),
            try make("d", .plugin("scraper")),
            try make("e", .sql("SELECT 1")),
        ])
        #expect(resources.commands == ["bin/x"])
        #expect(resources.plugins == ["scraper"])
        #expect(resources.hosts == ["api.example:8080", "api.openai.com"])
        #expect(resources.pools == [PlanResources.Pool(name: "web", limit: 2)])
        #expect(resources.variables == ["KEY", "OPENAI_API_KEY", "TOKEN"])
        #expect(resources.databases == ["a.db", "b.db", "c.db", "d.db", "e.db"])
    }
}

@Suite struct SelectionTests {
    static let sketch = "raw:ready# chunks:empty<raw emb:empty<chunks ent:empty#<raw rel:missing<ent"

    @Test(arguments: [
        ([], "raw chunks ent emb rel"), (["chunks"], "chunks"), (["+emb"], "raw chunks emb"), (["ent+"], "ent rel"),
        (["+chunks+"], "raw chunks emb"), (["tag:marked"], "raw ent"), (["tag:mar*"], "raw ent"),
        (["tag:marked+"], "raw chunks ent emb rel"), (["status:missing"], "rel"), (["status:stale"], ""),
        (["e*"], "ent emb"), (["*"], "raw chunks ent emb rel"), (["???"], "raw ent emb rel"),
        (["raw", "rel"], "raw rel"), (["*n*k*"], "chunks"),
    ])
    func choices(_ selectors: [String], _ expected: String) throws {
        let sketch = try Sketch(
            Self.sketch.replacing("chunks:empty", with: "chunksnk:empty").replacing("<chunks", with: "<chunksnk"))
        let words = selectors.map { $0.replacing("chunks", with: "chunksnk") }
        let names = try DatasetSelection(words, in: sketch.graph).names(in: sketch.graph, sketch.report)
        let shown = sketch.graph.names.filter(names.contains).joined(separator: " ").replacing(
            "chunksnk", with: "chunks")
        #expect(shown == expected)
    }

    @Test(arguments: [
        ("chunk", "there is no dataset 'chunk'; did you mean 'chunks'?"),
        ("zzz", "there is no dataset 'zzz'"), ("z*", "there is no dataset 'z*'"),
        ("", "'' names no dataset"), ("+", "'+' names no dataset"), ("++", "'++' names no dataset"),
        ("tag:markt", "no dataset has the tag 'markt'; did you mean 'marked'?"),
        ("status:mising", "there is no status 'mising'; did you mean 'missing'?"),
        (
            "status:x",
            "there is no status 'x'; there are: ready, missing, empty, short, incomplete, stale, invalid, waiting, unknown"
        ),
        ("name:x", "'name:' is no way to choose datasets; there are: tag:, status:"),
        ("$(id)", "there is no dataset '$(id)'"),
    ])
    func refusals(_ selector: String, _ message: String) throws {
        let sketch = try Sketch(Self.sketch)
        #expect(throws: DatasetSelection.Problem(message: message)) {
            try DatasetSelection([selector], in: sketch.graph)
        }
    }

    /// A pattern that would send a backtracking matcher astray.
    @Test(.timeLimit(.minutes(1))) func manyStars() throws {
        let sketch = try Sketch(String(repeating: "a", count: 100) + ":ready")
        #expect(throws: DatasetSelection.Problem.self) {
            try DatasetSelection([String(repeating: "a*", count: 40) + "b"], in: sketch.graph)
        }
    }
}

@Suite struct TargetTests {
    @Test(arguments: [
        // Of three that bring the same, the cheapest.
        ("a:ready b:empty~9 c:empty~1 d:empty~5", 0.5, "c", 0.5),
        ("a:ready b:empty~9 c:empty~1 d:empty~5", 0.75, "c d", 0.75),
        ("a:ready b:empty~9 c:empty~1 d:empty~5", 1, "b c d", 1),
        ("a:ready b:empty~9 c:empty~1 d:empty~5", 0.25, "", 0.25),
        // One dear one is cheaper than two behind a dearer parent.
        ("p:empty~50? b:empty~1<p c:empty~1<p d:empty~40=2 e:ready=2", 0.6, "d", 0.6666),
        // Here it is the other way round.
        ("p:empty~5? b:empty~1<p c:empty~1<p d:empty~40=2 e:ready=2", 0.6, "p|b c", 0.6666),
        // What waits comes for nothing.
        ("a:empty~5 b:waiting!<a c:empty~1", 0.6, "a", 0.6666),
        // Unknown costs count as the mean of the known ones.
        ("a:empty~2 b:empty c:empty~4 d:ready", 0.75, "a b", 0.75),
        ("a:ready?", 1, "", nil),
    ])
    func cheapest(_ sketch: String, _ target: Double, _ expected: String, _ readiness: Double?) throws {
        let found = try Sketch(sketch).plans.plan(reaching: target)
        #expect(found.plan.shown == expected)
        #expect(found.quality == .cheapest)
        if let readiness {
            #expect(abs(try #require(found.readiness) - readiness) < 0.001)
        } else {
            #expect(found.readiness == nil)
        }
    }

    @Test func unreachable() throws {
        let found = try Sketch("a:empty! b:empty~1 c:empty~1<a d:empty~1?").plans.plan(reaching: 0.9)
        #expect(found.quality == .unreachable)
        #expect(found.plan.shown == "b")
        #expect(abs(try #require(found.readiness) - 1.0 / 3) < 0.001)
        #expect(found.plan.blocked.map(\.name) == ["a", "c"])
    }

    /// Whatever the graph, the greedy choice is closed, reaches the target, and costs no more than it says.
    @Test(arguments: 0..<40) func greedyIsBounded(_ seed: UInt64) throws {
        var random = Seeded(seed)
        let count = 10
        let text = (0..<count).map { index in
            let parents = (0..<index).filter { _ in random.next() % 4 == 0 }.map { "n\($0)" }
            return "n\(index):empty~\(1 + random.next() % 20)=\(1 + random.next() % 5)"
                + (random.next() % 5 == 0 ? "?" : "") + (parents.isEmpty ? "" : "<" + parents.joined(separator: ","))
        }.joined(separator: " ")
        let sketch = try Sketch(text + " r:ready")
        let target = Double(3 + random.next() % 7) / 10
        let exact = sketch.plans.plan(reaching: target)
        let greedy = sketch.plans.plan(reaching: target, exactLimit: 0)
        func cost(_ plan: TargetPlan) -> Double {
            plan.plan.datasets.compactMap(\.estimate).map { Double($0.components.seconds) }.reduce(0, +)
        }
        for found in [exact, greedy] {
            #expect(try #require(found.readiness) >= target - 1e-9)
            let names = Set(found.plan.datasets.map(\.name))
            for name in names { #expect(sketch.graph.ancestors(of: name).isSubset(of: names)) }
        }
        #expect(cost(exact) <= cost(greedy))
        switch greedy.quality {
        case .cheapest: #expect(cost(greedy) == cost(exact))
        case .within(let factor): #expect(cost(greedy) <= cost(exact) * factor + 1e-6)
        case .unreachable: Issue.record("it can be reached")
        }
    }

    @Test(.timeLimit(.minutes(1))) func thousands() throws {
        let chain = (0..<1000).map { "n\($0):empty~1" + ($0 % 10 == 0 ? "" : "<n\($0 - 1)") }.joined(separator: " ")
        let found = try Sketch(chain).plans.plan(reaching: 0.8)
        #expect(found.plan.datasets.count == 800)
        #expect(found.quality == .cheapest)
    }
}

/// SplitMix64.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
