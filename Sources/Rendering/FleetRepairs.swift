import HealModel

/// Puts repairs that do the same to many resources of one pattern into one.
struct FleetRepairs {
    let index: ReportIndex

    /// Repairs as they are shown: each for all that it stands for, and for each pattern how many failures are left out.
    struct Shown {
        var records: [RepairRecord] = []
        var left: [(pattern: String, failures: Int)] = []
    }

    /// What makes repairs of two resources the same one.
    private struct Key: Hashable {
        var pattern: String
        var doing: String
        var ending: String
    }

    func shown(_ records: [RepairRecord]) -> Shown {
        var shown = Shown()
        var groups: [Key: (position: Int, subjects: Int)] = [:]
        var failures: [String: Int] = [:]
        for record in records {
            guard let check = index.owner(of: record.finding), let pattern = check.pattern else {
                shown.records.append(record)
                continue
            }
            guard Wording.failure(record) == nil else {
                failures[pattern, default: 0] += 1
                if failures[pattern, default: 0] <= Fleet.nameLimit {
                    shown.records.append(record.naming(check.subject, of: check))
                }
                continue
            }
            let key = Key(
                pattern: pattern, doing: Wording.elsewhere(record.repair.doing, check, pattern),
                ending: record.outcome.rawValue)
            if let group = groups[key] {
                groups[key]?.subjects += 1
                if shown.records[group.position].repair.detail != record.repair.detail {
                    shown.records[group.position].repair.detail = ""
                }
            } else {
                groups[key] = (shown.records.count, 1)
                shown.records.append(record)
            }
        }
        for (key, group) in groups {
            let record = shown.records[group.position]
            guard let check = index.owner(of: record.finding) else { continue }
            shown.records[group.position] = record.naming(place(key.pattern, group.subjects, check), of: check)
        }
        shown.left = failures.filter { $0.value > Fleet.nameLimit }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value - Fleet.nameLimit) }
        return shown
    }

    func shown(_ plans: [PlannedRepair]) -> [PlannedRepair] {
        var shown: [PlannedRepair] = []
        var groups: [Key: (position: Int, subjects: Int)] = [:]
        for plan in plans {
            guard let check = index.owner(of: plan.finding), let pattern = check.pattern else {
                shown.append(plan)
                continue
            }
            let key = Key(
                pattern: pattern, doing: Wording.elsewhere(plan.repair.doing, check, pattern),
                ending: plan.withheld.map { Wording.naming(pattern, insteadOf: check.subject, $0) } ?? "performed")
            if let group = groups[key] {
                groups[key]?.subjects += 1
                if Wording.steps(shown[group.position].repair) != Wording.steps(plan.repair) {
                    shown[group.position].repair.steps = []
                }
            } else {
                groups[key] = (shown.count, 1)
                shown.append(plan)
            }
        }
        for (key, group) in groups {
            guard let check = index.owner(of: shown[group.position].finding) else { continue }
            let place = place(key.pattern, group.subjects, check)
            shown[group.position].repair = shown[group.position].repair.naming(place, of: check)
            if group.subjects > 1, shown[group.position].withheld != nil {
                shown[group.position].withheld = key.ending
            }
        }
        return shown
    }

    /// `9,990 databases (tenants/*.db)`; the only one by its name.
    private func place(_ pattern: String, _ subjects: Int, _ check: CheckResult) -> String {
        subjects == 1 ? check.subject : "\(Wording.grouped(subjects)) \(Fleet.things(check)) (\(pattern))"
    }
}

extension RepairRecord {
    fileprivate func naming(_ place: String, of check: CheckResult) -> RepairRecord {
        var record = self
        record.repair = repair.naming(place, of: check)
        return record
    }
}

extension Repair {
    fileprivate func naming(_ place: String, of check: CheckResult) -> Repair {
        var repair = self
        repair.doing = Wording.elsewhere(doing, check, place)
        repair.done = Wording.elsewhere(done, check, place)
        return repair
    }
}

extension Wording {
    /// What is said of a check's resource, said of a place: `Added a to t` or `Adding a to t in 1.db` of `n databases`.
    static func elsewhere(_ text: String, _ check: CheckResult, _ place: String) -> String {
        let name = check.subject.split(separator: "/").last.map(String.init) ?? check.subject
        for word in [" in ", " of "] {
            let old = word + name
            if text.hasSuffix(old) { return text.dropLast(old.count) + word + place }
            let parted = naming(word + place + " ", insteadOf: old + " ", text)
            if parted != text { return parted }
        }
        return text + " in " + place
    }

    /// The text with every occurrence of a name replaced.
    static func naming(_ place: String, insteadOf name: String, _ text: String) -> String {
        guard !name.isEmpty, text.contains(name) else { return text }
        var result = ""
        var rest = text[...]
        while let first = rest.first {
            if rest.hasPrefix(name) {
                result += place
                rest = rest.dropFirst(name.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
