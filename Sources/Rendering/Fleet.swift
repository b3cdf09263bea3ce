import HealModel

/// The resources that one pattern in the manifest stands for. Thousands of them are shown as one, and only what is wrong by
/// name.
struct Fleet {
    let pattern: String
    private(set) var entries: [ReportIndex.Entry] = []

    /// How many are named that are not as they should be, when not everything was asked for.
    static let nameLimit = 20
    /// How many findings are shown of each of them.
    static let findingLimit = 5

    /// The fleets that the entries belong to, in the order in which they first come up.
    static func all(in entries: [ReportIndex.Entry]) -> [Fleet] {
        var positions: [String: Int] = [:]
        var fleets: [Fleet] = []
        for entry in entries {
            guard let pattern = entry.check.pattern else { continue }
            if positions[pattern] == nil {
                positions[pattern] = fleets.count
                fleets.append(Fleet(pattern: pattern))
            }
            if let position = positions[pattern] { fleets[position].entries.append(entry) }
        }
        return fleets
    }

    private func count(_ statuses: Status...) -> Int { entries.count { statuses.contains($0.check.status) } }

    /// `databases`, where they are.
    static func things(_ check: CheckResult) -> String { check.domain == .databases ? "databases" : "resources" }

    /// `tenants/*.db: 9,990 of 10,000 databases as stated, 7 healed, 3 wrong`.
    var summary: String {
        let things = entries.first.map { Self.things($0.check) } ?? "resources"
        let others = [
            (count(.healed), "healed"), (count(.warning, .critical), "wrong"), (count(.blocked), "blocked"),
            (count(.unknown), "could not be looked at"), (count(.skipped), "skipped"),
        ]
        let stated = "\(Wording.grouped(count(.ok))) of \(Wording.grouped(entries.count)) \(things) as stated"
        return "\(pattern): "
            + ([stated] + others.filter { $0.0 > 0 }.map { "\(Wording.grouped($0.0)) \($0.1)" })
            .joined(separator: ", ")
    }

    /// Those of which there is something to say: the worst first, and before others what no run can mend.
    var troubled: [CheckResult] {
        let checks = entries.map(\.check).filter { check in
            !check.findings.isEmpty || ![.ok, .healed].contains(check.status)
        }
        let ranks: [Severity?] = [.critical, .warning, .information, nil]
        return ranks.flatMap { rank in
            let equals = checks.filter { $0.severity == rank }
            return equals.filter(\.needsPerson) + equals.filter { !$0.needsPerson }
        }
    }

    var worst: Severity? { entries.compactMap(\.check.severity).max() }

    /// Whether any of them is as it should be.
    var isPartlyWell: Bool { count(.ok, .healed) > 0 }
}

extension CheckResult {
    fileprivate var needsPerson: Bool { findings.contains { $0.repair == nil } || findings.isEmpty }
}

extension TextWriter {
    /// One line for all of them.
    mutating func summary(_ fleet: Fleet) {
        let tag: Tag =
            fleet.isPartlyWell ? .ok : fleet.worst == .critical ? .error : fleet.worst == .warning ? .warning : .info
        line(tag, fleet.summary)
    }

    /// What is not as it should be, by name.
    mutating func troubles(_ fleet: Fleet, _ withheld: [Finding.Key: String]) {
        let all = fleet.troubled
        // One line more is not worth a line that says so.
        let limit = isVerbose || all.count == Fleet.nameLimit + 1 ? all.count : Fleet.nameLimit
        for check in all.prefix(limit) {
            state(check)
            let isShort = isVerbose || check.findings.count <= Fleet.findingLimit + 1
            for finding in isShort ? check.findings[...] : check.findings.prefix(Fleet.findingLimit) {
                self.finding(finding, withheld: withheld[finding.key])
            }
            if !isShort {
                continuation("… and \(check.findings.count - Fleet.findingLimit) more findings in \(check.subject)")
            }
        }
        guard all.count > limit, let first = all.first else { return }
        let rest = all.dropFirst(limit)
        let tag: Tag =
            switch rest.compactMap(\.severity).max() {
            case .critical: .error
            case .warning: .warning
            case .information, nil: .info
            }
        if isQuiet, tag == .info { return }
        line(
            tag,
            "… and \(Wording.grouped(rest.count)) more \(Fleet.things(first)) of \(fleet.pattern); --verbose names them"
        )
    }
}
