import HealModel

/// A report put in order for people: each repair with the check that asked for it.
struct ReportIndex {
    struct Entry {
        var check: CheckResult
        var records: [RepairRecord] = []
        var planned: [PlannedRepair] = []
    }

    private(set) var entries: [Entry]
    /// Of checks that are not in the report. They are shown nevertheless.
    private(set) var strayRecords: [RepairRecord] = []
    private(set) var strayPlanned: [PlannedRepair] = []
    /// Why the run did not do what it could have done, by what was found.
    let withheld: [Finding.Key: String]
    /// The check that found something, by its place in `entries`.
    private var owners: [Finding.Key: Int] = [:]

    init(_ report: Report) {
        entries = report.checks.map { Entry(check: $0) }
        let planned = report.plan?.repairs ?? []
        withheld = Dictionary(
            planned.flatMap { plan in
                plan.withheld.map { reason in plan.findings.map { ($0, reason) } } ?? []
            }
        ) { first, _ in
            first
        }
        for (index, check) in report.checks.enumerated() {
            for finding in check.findings + check.healed where owners[finding.key] == nil {
                owners[finding.key] = index
            }
        }
        for key in report.repairs.map(\.finding) + planned.map(\.finding) where owners[key] == nil {
            owners[key] = Self.likelyOwner(of: key, in: report.checks)
        }
        for record in report.repairs {
            if let owner = owners[record.finding] {
                entries[owner].records.append(record)
            } else {
                strayRecords.append(record)
            }
        }
        for plan in planned {
            if let owner = owners[plan.finding] {
                entries[owner].planned.append(plan)
            } else {
                strayPlanned.append(plan)
            }
        }
    }

    /// The check that found it.
    func owner(of key: Finding.Key) -> CheckResult? { owners[key].map { entries[$0].check } }

    /// The part of the world that a finding is about.
    func domain(of key: Finding.Key) -> Domain {
        owners[key].map { entries[$0].check.domain } ?? .other
    }

    /// The groups under which people see checks, in the order in which they first come up.
    var groups: [(title: String, entries: [Entry])] {
        var positions: [String: Int] = [:]
        var groups: [(title: String, entries: [Entry])] = []
        for entry in entries {
            if let position = positions[entry.check.title] {
                groups[position].entries.append(entry)
            } else {
                positions[entry.check.title] = groups.count
                groups.append((entry.check.title, [entry]))
            }
        }
        return groups
    }

    /// What a check that was blocked would have found has no finding to go by, only its name.
    private static func likelyOwner(of key: Finding.Key, in checks: [CheckResult]) -> Int? {
        let candidates = checks.indices.filter { index in
            let subject = checks[index].subject
            return key.id.matches(selector: checks[index].check)
                && (key.subject == subject || key.subject.hasPrefix(subject + "."))
        }
        return candidates.max { checks[$0].subject.utf8.count < checks[$1].subject.utf8.count }
    }
}
