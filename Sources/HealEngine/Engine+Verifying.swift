import HealKit
import HealModel

extension Engine {
    /// Has the check look again after repairs that are not one database's SQL: what it still finds was not healed.
    /// - Parameter takeBack: takes back what was done about a finding, and says why something could not be.
    func verify(
        _ records: inout [RepairRecord], _ check: any Check, _ options: RunOptions,
        takeBack: (Finding.Key) async -> String?
    ) async {
        var found: Set<Finding.Key>?
        var trouble = "the check could not look again"
        do throws(MachineError) {
            found = Set(options.selection.apply(to: try await check.look(on: machine).findings).map(\.key))
        } catch {
            trouble = "the check could not look again: \(error.explanation)"
        }
        for index in records.indices {
            let key = records[index].finding
            let remains = found?.contains(key)
            switch records[index].outcome {
            case .applied where remains != false && records[index].repair.isDelegated:
                let who = records[index].repair.populates ? "it was populated" : "the plugin said that it was done"
                records[index].outcome = .failed
                records[index].reason =
                    remains == true ? "\(who), and its check still finds the fault" : trouble
            case .applied where remains == true:
                let left = await takeBack(key)
                records[index].outcome = .undone
                records[index].reason = "it did not heal the fault" + (left.map { "; \($0)" } ?? "")
            case .applied where remains == nil:
                let left = await takeBack(key)
                records[index].outcome = .undone
                records[index].reason = trouble + (left.map { "; \($0)" } ?? "")
            case .refused where remains == false:
                // Somebody who does not know our lock was faster.
                records[index].outcome = .unneeded
            default: break
            }
        }
    }

    /// Repairs of several checks that one healer performs in one go. Each has its own outcome, and each check looks again.
    func perform(
        _ groups: [RepairBatch.Group], by healer: any JointHealer, _ graph: CheckGraph, _ options: RunOptions
    ) async -> [RepairRecord] {
        let observer = observer
        // One is shown by its name, several by how many are done.
        let single = groups.count == 1 ? groups[0].tasks.first?.planned.repair : nil
        if let single {
            observer.begins(single)
        } else {
            observer.begins(RunStage(.healing, groups.count, areDatabases: false))
        }
        let subjects = groups.map { graph.checks[$0.check].subject }
        let outcomes = await healer.heal(subjects, on: machine) { _ in observer.advances() }
        var done: [[RepairRecord]] = []
        for (group, subject) in zip(groups, subjects) {
            let outcome = JointOutcome.of(subject, among: outcomes)
            done.append(group.tasks.map { $0.record(outcome) })
        }
        if let single { observer.ends(single, outcome: done[0][0].outcome) } else { observer.endsStage() }
        for (index, group) in groups.enumerated() {
            // Nobody knows how to take back what others have done.
            await verify(&done[index], graph.checks[group.check], options) { _ in nil }
        }
        return done.flatMap { $0 }
    }
}

extension RepairTask {
    fileprivate func record(_ outcome: JointOutcome) -> RepairRecord {
        var record: RepairRecord
        switch outcome.told {
        case .success(let told):
            record = self.record(.applied, nil)
            if let told { record.repair.detail = told }
        case .failure(let error):
            let refused = if case .refused = error { true } else { false }
            record = self.record(refused ? .refused : .failed, error.explanation)
        }
        let (seconds, attoseconds) = outcome.took.components
        record.durationMicroseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        return record
    }
}
