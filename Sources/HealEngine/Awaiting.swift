import HealKit
import HealModel

/// Something that is wrong now and may come by itself: another process is making it, or will let go of it.
public struct Awaited: Sendable, Hashable {
    /// The check that finds it, by its descriptor's identifier and its subject.
    public struct Check: Sendable, Hashable {
        public var id: String
        public var subject: String
    }

    public var check: Check
    /// What makes it the same when it is looked at again; the words may hold a time that was waited.
    public var finding: Finding.Key
    /// What is wrong, in words.
    public var message: String
}

/// What would come of running again.
public enum Prospect: Sendable, Hashable {
    /// Everything is well, or what is left are warnings that stay.
    case settled
    /// All that is critical may come by itself, and at least one thing may.
    case awaiting([Awaited])
    /// Something critical stays as it is, however long one waits.
    case hopeless
}

extension RunResult {
    /// Whether running again may give another verdict.
    public var prospect: Prospect {
        if isHopeless || !faults.isEmpty { return .hopeless }
        return awaited.isEmpty ? .settled : .awaiting(awaited)
    }

    /// This result after an earlier one of the same command: what was done then was done, too.
    public func following(_ earlier: RunResult) -> RunResult {
        var result = self
        // What did not help then was tried again, or need not be done any more.
        let done = earlier.repairs.filter { $0.outcome == .applied || $0.outcome == .unneeded }
        result.repairs = done + repairs
        result.databases = earlier.databases + databases
        result.notes = earlier.notes + notes.filter { !earlier.notes.contains($0) }
        result.run = run ?? earlier.run
        result.plan = plan ?? earlier.plan
        var healed: [Awaited.Check: [Finding]] = [:]
        for check in earlier.checks where !check.healed.isEmpty { healed[check.key] = check.healed }
        for index in result.checks.indices {
            let remaining = Set((result.checks[index].findings + result.checks[index].healed).map(\.key))
            let before = (healed[result.checks[index].key] ?? []).filter { !remaining.contains($0.key) }
            guard !before.isEmpty else { continue }
            result.checks[index].healed = before + result.checks[index].healed
            if result.checks[index].status == .ok { result.checks[index].status = .healed }
        }
        return result
    }
}

extension CheckResult {
    fileprivate var key: Awaited.Check { Awaited.Check(id: check, subject: subject) }
}

extension Check {
    /// What tells this check from others.
    public var awaitedKey: Awaited.Check { Awaited.Check(id: descriptor.id, subject: subject) }
}

extension MachineError {
    /// Whether what kept a check from looking may pass by itself.
    var mayPass: Bool {
        switch self {
        case .database(_, let fault):
            switch fault {
            // Empty and short are what somebody else is writing just now.
            case .busy, .missing, .empty, .truncated, .hotJournal: true
            default: false
            }
        case .timedOut: true
        case .refused(_, .changedMeanwhile): true
        default: false
        }
    }
}

extension Summary {
    /// What of a look may come by itself, and whether something critical will not.
    ///
    /// - Parameter kinds: findings that others may bring about.
    func awaited(_ survey: Survey, kinds: Set<FindingID>) -> (awaited: [Awaited], isHopeless: Bool) {
        var awaited: [Awaited] = []
        var isHopeless = false
        for (index, check) in graph.checks.enumerated() {
            switch survey.sights[index] {
            case .seen(let observation):
                for finding in observation.findings where finding.severity >= .warning {
                    if kinds.contains(finding.id) || observation.awaited.contains(finding.key) {
                        awaited.append(Awaited(check: check.awaitedKey, finding: finding.key, message: finding.message))
                    } else if finding.severity == .critical {
                        isHopeless = true
                    }
                }
            case .unknown(let error):
                guard let severity = severityOfUnknown(check) else { continue }
                if error.mayPass {
                    awaited.append(
                        Awaited(
                            check: check.awaitedKey,
                            finding: Finding.Key(id: check.descriptor.unknownID, subject: check.subject),
                            message: error.explanation))
                } else if severity == .critical {
                    isHopeless = true
                }
            case .circular, .cancelled: isHopeless = true
            // It hangs on what blocks it.
            case .blocked: continue
            }
        }
        return (awaited, isHopeless)
    }
}
