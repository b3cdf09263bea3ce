import Crypto
import Datasets
import Foundation
import HealModel
import ManifestShape
import Testing

@testable import Rendering

/// Datasets of which nothing was looked up: `docs` is ready, `items` empty and made of it, `notes` optional and stale.
enum DataSample {
    static let place = SourceLocation(file: "schemas.yaml", line: 3, column: 3)

    static func dataset(_ name: String, _ parents: [String] = [], required: Bool = true) throws -> Dataset {
        Dataset(
            name: name, relation: Relation(database: try ResourcePath("data/app.db"), table: "<\(name)> & co"),
            dependsOn: parents.map { Located($0, place) }, isRequired: required,
            populate: Population(
                source: .command(CommandSource(arguments: ["bin/make"])),
                concurrency: Concurrency(pool: "disk", limit: 2), location: place), location: place)
    }

    static func graph() throws -> DatasetGraph {
        var problems = ManifestProblems()
        let all = [
            try dataset("docs"), try dataset("items", ["docs"]), try dataset("notes", ["docs"], required: false),
        ]
        return try #require(DatasetGraph(all, &problems))
    }

    static func report() throws -> ReadinessReport {
        let graph = try graph()
        let statuses = [
            DatasetStatus(
                dataset: graph.order[0], state: .ready, rows: .moreThan(1006), lastUpdated: 1_700_000_000_000,
                checks: [
                    CheckOutcome(
                        check: DatasetCheck(name: "few", rule: .sql("SELECT 0"), severity: .warning, location: place),
                        holds: false)
                ], health: HealthScore([HealthScore.Part(.volume, 1), HealthScore.Part(.validity, 0)])),
            DatasetStatus(
                dataset: graph.order[1], state: .empty, reason: "it has no rows", rows: .exactly(0),
                health: HealthScore([HealthScore.Part(.volume, 0)])),
            DatasetStatus(
                dataset: graph.order[2], state: .stale, reason: "its newest row is <b>2d</b> old\u{1B}[31m",
                rows: .about(7), units: UnitProgress(done: 5, failed: 1, pending: 0, isCounted: true)),
        ]
        return ReadinessReport(
            statuses: statuses,
            blocking: [ReadinessReport.Blocking(name: "items", reason: "it has no rows", blocks: ["notes"])],
            time: 1_700_000_000_000)
    }
}

@Suite struct DataRendererTests {
    @Test func status() throws {
        #expect(
            ReadinessRenderer().text(try DataSample.report()) == """
                Readiness: 50 % (1/2 required datasets are ready)
                DATASET           STATE   ROWS  UPDATED (UTC)        HEALTH
                docs              ready  1006+  2023-11-14 22:13:20  0.5 (volume 1, validity 0)
                items             empty      0  -                    0 (volume 0)
                notes (optional)  stale     ~7  -                    -
                  - docs: few: does not hold
                  ✗ items: it has no rows
                  - notes: its newest row is <b>2d</b> old\\u{1B}[31m
                Blocking, and for a person to mend:
                  ✗ items: it has no rows (it keeps notes from being ready)
                [ERROR] items is required and not ready

                """)
    }

    @Test func quiet() throws {
        let renderer = ReadinessRenderer(style: TextStyle(verbosity: .quiet))
        let text = renderer.text(try DataSample.report(), shown: ["items"])
        #expect(text.split(separator: "\n").first == "  ✗ items: it has no rows")
        let well = ReadinessReport(
            statuses: [DatasetStatus(dataset: try DataSample.dataset("a"), state: .ready)], blocking: [], time: 0)
        #expect(renderer.text(well) == "")
    }

    @Test(
        arguments: [
            ([], "Readiness: none (no dataset is declared)", "No dataset is declared"),
            (
                [(DatasetState.ready, true)], "Readiness: 100 % (1/1 required datasets are ready)",
                "The only dataset is ready"
            ),
            ([(.ready, false)], "Readiness: none (no dataset is required)", "The only dataset is ready"),
            (
                [(.ready, true), (.empty, false)], "Readiness: 100 % (1/1 required datasets are ready)",
                "d1 is not ready, but optional"
            ),
            (
                [(.ready, true), (.ready, true), (.empty, true)], "Readiness: 66.6 % (2/3 required datasets are ready)",
                "d2 is required and not ready"
            ),
            (
                (0..<1000).map { ($0 == 0 ? .empty : .ready, true) },
                "Readiness: 99.9 % (999/1000 required datasets are ready)", "d0 is required and not ready"
            ),
        ] as [([(DatasetState, Bool)], String, String)])
    func verdicts(_ states: [(DatasetState, Bool)], _ readiness: String, _ verdict: String) throws {
        let statuses = try states.enumerated().map { number, one in
            DatasetStatus(dataset: try DataSample.dataset("d\(number)", required: one.1), state: one.0)
        }
        let report = ReadinessReport(statuses: statuses, blocking: [], time: 0)
        #expect(DatasetWording.readiness(report) == readiness)
        #expect(DatasetWording.verdict(report).words == verdict)
    }

    @Test func statusAsJSON() throws {
        let text = ReadinessRenderer().json(try DataSample.report())
        let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(json["format"] as? String == "selfheal-readiness/1")
        #expect(json["readiness"] as? Double == 0.5)
        #expect(json["missing"] as? [String] == ["items"])
        let all = try #require(json["datasets"] as? [[String: Any]])
        #expect(all.map { $0["state"] as? String } == ["ready", "empty", "stale"])
        #expect(all[0]["rows"] as? Int == 1006)
        #expect(all[0]["rows_are_exact"] as? Bool == false)
        #expect(all[0]["last_updated"] as? String == "2023-11-14T22:13:20.000Z")
        #expect((all[0]["health_dimensions"] as? [String: Double]) == ["volume": 1, "validity": 0])
        #expect((all[2]["units"] as? [String: Any])?["failed"] as? Int == 1)
        // What was never looked at is absent, not whole.
        let none = ReadinessRenderer().json(ReadinessReport(statuses: [], blocking: [], time: 0))
        #expect(none.contains("\"readiness\": null"))
    }

    private func plan() throws -> PopulationPlan {
        let graph = try DataSample.graph()
        return PopulationPlan(
            datasets: [
                PlannedDataset(
                    dataset: graph.order[1], reason: .state(.empty), explanation: "it has no rows", group: 0,
                    estimate: .seconds(3)),
                PlannedDataset(dataset: graph.order[2], reason: .parent("items"), group: 1, units: 1),
            ], blocked: [BlockedDataset(name: "x", reason: "nothing populates it")])
    }

    @Test func planAsText() throws {
        #expect(
            PopulationPlanRenderer().text(try plan(), try DataSample.report()) == """
                Readiness: 50 % (1/2 required datasets are ready)
                Group 1
                  → items: it has no rows; about 3.0 s
                Group 2, after group 1
                  → notes: it is made of 'items', which comes before it; 1 unit; duration unknown
                Not populated
                  - x: nothing populates it
                Needs
                  databases: data/app.db
                  commands: bin/make
                  pools: disk (at most 2 at once)
                2 datasets in 2 groups; 3.0 s or more: not known yet of notes

                """)
        let none = PopulationPlanRenderer().text(
            PopulationPlan(datasets: [], blocked: []), try DataSample.report())
        #expect(none.hasSuffix("Nothing is to be populated\n"))
    }

    @Test(arguments: [
        (TargetPlan.Quality.cheapest, "Readiness afterwards: 75 %; no cheaper part of the plan reaches the target"),
        (.within(1.25), "Readiness afterwards: 75 %; this costs at most 1.25 times what the cheapest part would"),
        (.unreachable, "Readiness afterwards: 75 %; the target cannot be reached: see what is not populated"),
    ])
    func targets(_ quality: TargetPlan.Quality, _ expected: String) throws {
        let target = TargetPlan(plan: try plan(), readiness: 0.75, quality: quality)
        let text = PopulationPlanRenderer().text(target.plan, try DataSample.report(), target: target)
        #expect(text.split(separator: "\n").contains(Substring(expected)))
    }

    @Test func planAsJSON() throws {
        let text = PopulationPlanRenderer(jobs: 2).json(try plan(), try DataSample.report())
        let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let groups = try #require(json["groups"] as? [[[String: Any]]])
        #expect(groups.map { $0.map { $0["name"] as? String } } == [["items"], ["notes"]])
        #expect(groups[1][0]["reason"] as? String == "parent")
        #expect(json["estimated_microseconds"] is NSNull)
        #expect(json["estimated_microseconds_at_least"] as? Int == 3_000_000)
        #expect(json["duration_unknown_of"] as? [String] == ["notes"])
    }

    @Test func graphs() throws {
        let renderer = DatasetGraphRenderer(try DataSample.graph(), try DataSample.report())
        #expect(
            renderer.render(.text) == """
                Readiness: 50 % (1/2 required datasets are ready)
                1
                  ✓ docs (ready)
                2
                  ✗ items (empty) ← docs
                  - notes (stale) ← docs

                """)
        #expect(renderer.render(.dot).contains("\"docs\" -> \"items\";"))
        #expect(renderer.render(.mermaid).contains("n0 --> n1"))
    }

    /// Only what is chosen is drawn, and no edge to what is not.
    @Test(arguments: DatasetGraphRenderer.Format.allCases) func chosen(_ format: DatasetGraphRenderer.Format) throws {
        let text = DatasetGraphRenderer(try DataSample.graph(), try DataSample.report(), shown: ["items"]).render(
            format)
        #expect(text.contains("items"))
        #expect(!text.contains("docs"))
    }

    /// Both are well-formed, and nothing that comes from elsewhere is markup in them.
    @Test(arguments: [DatasetGraphRenderer.Format.svg, .html])
    func markup(_ format: DatasetGraphRenderer.Format) throws {
        let text = DatasetGraphRenderer(try DataSample.graph(), try DataSample.report()).render(format)
        #expect(!text.contains("<b>"))
        #expect(!text.contains("\u{1B}"))
        #expect(text.contains("&lt;b&gt;"))
        if format == .svg {
            let parser = XMLCheck(text)
            #expect(parser.elements["rect"] == 4)
            #expect(parser.elements["path"] == 4)
            #expect(parser.isWellFormed)
        }
    }

    @Test func policyAllowsTheStyle() {
        let hash = Data(SHA256.hash(data: Data(DatasetGraphPage.style.utf8))).base64EncodedString()
        #expect(DatasetGraphPage.styleHash == hash)
    }

    /// Boxes never lie on each other, and what depends on something is right of it.
    @Test func layout() throws {
        var all = [try DataSample.dataset("n0")]
        for number in 1..<60 {
            let parents = Set([number / 2, number / 3, number - 1 - number % 7].filter { $0 < number && $0 >= 0 })
            all.append(try DataSample.dataset("n\(number)", parents.sorted().map { "n\($0)" }))
        }
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(all, &problems))
        let layout = GraphLayout(graph, shown: Set(graph.names))
        for (index, one) in layout.boxes.enumerated() {
            #expect(one.x + GraphLayout.box.width <= layout.width && one.y + GraphLayout.box.height <= layout.height)
            for other in layout.boxes[(index + 1)...] where one.x == other.x {
                #expect(abs(one.y - other.y) >= GraphLayout.box.height)
            }
            for parent in graph[one.name]?.parents ?? [] {
                #expect(try #require(layout[parent]).x < one.x)
            }
        }
    }
}

/// Whether a text is well-formed, told by its own tags: every one is closed in order.
struct XMLCheck {
    private(set) var elements: [String: Int] = [:]
    private(set) var isWellFormed = true

    init(_ text: String) {
        var open: [Substring] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else {
                isWellFormed = false
                return
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            let name = tag.drop { $0 == "/" }.prefix { !$0.isWhitespace && $0 != "/" }
            if tag.hasPrefix("?") { continue }
            if tag.hasPrefix("/") {
                if open.popLast() != name { isWellFormed = false }
            } else {
                elements[String(name), default: 0] += 1
                if !tag.hasSuffix("/") { open.append(name) }
            }
        }
        if !open.isEmpty { isWellFormed = false }
    }
}
