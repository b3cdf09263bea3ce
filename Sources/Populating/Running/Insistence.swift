import Datasets
import HealKit

/// What is tried again by itself when it meets a database that somebody else has locked: a look, a note, a batch's rows. Whoever asked a
/// source for rows does not ask it again because of that.
struct Insistence: Sendable {
    let dataset: String
    let policy: RetryPolicy
    let tools: PopulationTools
    let tally: Tally

    /// - Parameters:
    ///   - classes: the failures after which it helps to wait.
    ///   - units: how many it concerns.
    /// - Throws: the last failure, when there were as many attempts as the policy allows.
    func perform<Value: Sendable>(
        after classes: Set<FailureClass> = [.lock], units: Int = 0,
        _ body: () async throws(SourceFailure) -> Value
    ) async throws(SourceFailure) -> Value {
        var attempt = 1
        while true {
            do throws(SourceFailure) {
                return try await body()
            } catch {
                guard classes.contains(error.kind), policy.classes.contains(error.kind), attempt < policy.maxAttempts,
                    error != .stopped, !tools.isStopped()
                else { throw error }
                let delay = policy.delay(after: attempt, random: tools.random())
                attempt += 1
                tally.noteRetry(error.kind)
                tools.observe(
                    .retries(
                        dataset: dataset, attempt: attempt, of: policy.maxAttempts, units: units, tools.redacted(error),
                        after: delay))
                await tools.clock.sleep(for: delay, unless: tools.isStopped)
            }
        }
    }
}
