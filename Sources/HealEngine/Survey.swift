import HealKit
import HealModel

/// What one look at one check gave.
enum Sight: Sendable {
    case seen(Observation)
    /// The prerequisites that failed, by index.
    case blocked(by: [Int])
    case unknown(MachineError)
    /// It waits for itself through others.
    case circular
    case cancelled

    var findings: [Finding] {
        if case .seen(let observation) = self { observation.findings } else { [] }
    }
}

/// One look at everything.
struct Survey: Sendable {
    var sights: [Sight]
    var durations: [Int64]

    /// Looks at all checks, those without open prerequisites concurrently, as many at a time as there are workers.
    /// - Parameter sound: checks that find nothing, and need not look.
    static func take(
        _ graph: CheckGraph, on machine: any Machine, selection: Selection, workers: Workers,
        observer: any RunObserver = SilentObserver(), takingAsSound sound: Set<Int> = []
    ) async -> Survey {
        observer.begins(RunStage(.looking, graph.checks.count, areDatabases: graph.isOfDatabases))
        defer { observer.endsStage() }
        var survey = Survey(
            sights: Array(repeating: .circular, count: graph.checks.count),
            durations: Array(repeating: 0, count: graph.checks.count))
        for wave in graph.waves {
            var ready: [Int] = []
            for index in wave {
                let failed = graph.prerequisites[index].filter { survey.stops($0, in: graph) }
                if sound.contains(index) {
                    survey.sights[index] = .seen(Observation())
                } else if failed.isEmpty {
                    ready.append(index)
                } else {
                    survey.sights[index] = .blocked(by: failed)
                }
            }
            let looks = await workers.map(ready) { index in
                let check = graph.checks[index]
                let begun = RunLook(index: index, title: check.descriptor.title, subject: check.subject)
                observer.begins(begun)
                let look = await look(at: index, in: graph, on: machine, selection)
                observer.ends(begun)
                observer.advances()
                return look
            }
            for (index, look) in zip(ready, looks) {
                survey.sights[index] = look.sight
                survey.durations[index] = look.duration
            }
        }
        return survey
    }

    private struct Look: Sendable {
        var sight: Sight
        var duration: Int64
    }

    private static func look(
        at index: Int, in graph: CheckGraph, on machine: any Machine, _ selection: Selection
    ) async -> Look {
        let start = ContinuousClock.now
        let sight: Sight
        do throws(MachineError) {
            sight = .seen(try await graph.checks[index].look(on: machine))
        } catch {
            sight = error == .cancelled ? .cancelled : .unknown(error)
        }
        return Look(sight: sight.selecting(selection), duration: start.microsecondsSince)
    }

    /// Whether what depends on this check cannot be looked at.
    private func stops(_ index: Int, in graph: CheckGraph) -> Bool {
        switch sights[index] {
        case .blocked, .unknown, .circular, .cancelled: true
        case .seen(let observation):
            observation.findings.contains { graph.checks[index].descriptor.kind($0.id)?.blocks ?? false }
        }
    }
}

extension Sight {
    fileprivate func selecting(_ selection: Selection) -> Sight {
        guard case .seen(var observation) = self else { return self }
        observation.findings = selection.apply(to: observation.findings)
        return .seen(observation)
    }
}

extension ContinuousClock.Instant {
    /// Whole microseconds from this instant until now.
    var microsecondsSince: Int64 {
        let (seconds, attoseconds) = duration(to: .now).components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
