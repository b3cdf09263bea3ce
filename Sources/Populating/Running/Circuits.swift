import Datasets

/// Which sources are left alone for a while, because they failed again and again or because they want it.
///
/// Closed, open, half open: after some failures in a row nothing is asked of a source until a pause is over; then one piece of work tries
/// it, while the others wait for what comes of that. When the probe fails, too, the circuit opens again, for longer; after some of these
/// it stays open, so that a run comes to its end.
actor Circuits {
    /// So many failures in a row open it.
    static let threshold = 5
    /// So many probes in a row may fail.
    static let probes = 3

    /// Whether a piece of work may ask a source.
    enum Pass: Sendable, Hashable {
        case free
        /// It is the one that tries whether the source is well again. Whoever got it must say what came of it.
        case probe
        /// Nothing is asked any more in this run.
        case refused(SourceFailure)
    }

    /// What a failure has opened.
    struct Opened: Sendable, Hashable {
        /// In a row.
        var failures: Int
        /// Until a probe; `nil`: for the rest of the run.
        var pause: Duration?
    }

    private struct Opening {
        var failure: SourceFailure
        /// When it may be tried; `nil`: never.
        var until: Duration?
        var failedProbes = 0
        var isTried = false
        /// Those that wait for what comes of the probe.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private struct Circuit {
        var failures = 0
        var opening: Opening?
        var restsUntil: Duration = .zero
    }

    private let probes: Int
    private let clock: any PopulationClock
    private var circuits: [String: Circuit] = [:]

    /// - Parameter probes: so many in a row may fail; 0: what is open stays open.
    init(_ clock: any PopulationClock, probes: Int = Circuits.probes) {
        self.clock = clock
        self.probes = probes
    }

    /// Waits until the source may be asked, or never may be. Whoever is stopped gets through, and sees it himself.
    func pass(_ origin: String, unless isStopped: @Sendable () -> Bool) async -> Pass {
        while !isStopped() {
            guard let opening = circuits[origin]?.opening else { return .free }
            guard let until = opening.until else { return .refused(opening.failure) }
            if opening.isTried {
                await withCheckedContinuation { circuits[origin]?.opening?.waiting.append($0) }
                continue
            }
            let left = until - clock.now
            guard left > .zero else {
                circuits[origin]?.opening?.isTried = true
                return .probe
            }
            await clock.sleep(for: left, unless: isStopped)
        }
        return .free
    }

    /// Until when it wants to be left alone.
    func rest(_ origin: String) -> Duration { circuits[origin]?.restsUntil ?? .zero }

    func rest(_ origin: String, until moment: Duration) {
        circuits[origin, default: Circuit()].restsUntil = max(moment, circuits[origin]?.restsUntil ?? .zero)
    }

    /// The source has answered.
    /// - Returns: whether that has closed the circuit.
    @discardableResult
    func succeeded(_ origin: String) -> Bool {
        guard var circuit = circuits[origin] else { return false }
        let opening = circuit.opening
        circuit.failures = 0
        circuit.opening = nil
        circuits[origin] = circuit
        for one in opening?.waiting ?? [] { one.resume() }
        return opening != nil
    }

    /// The probe said nothing of the source: another one may try.
    func abandon(_ origin: String) {
        let waiting = circuits[origin]?.opening?.waiting ?? []
        circuits[origin]?.opening?.isTried = false
        circuits[origin]?.opening?.waiting = []
        for one in waiting { one.resume() }
    }

    /// - Parameters:
    ///   - isProbe: whether this was the one that tries whether the source is well again.
    ///   - policy: whose pauses go on growing while the circuit is open.
    /// - Returns: what it has opened, if anything.
    func failed(_ origin: String, _ failure: SourceFailure, isProbe: Bool, _ policy: RetryPolicy) -> Opened? {
        var circuit = circuits[origin] ?? Circuit()
        circuit.failures += 1
        let before = circuit.opening
        let isMore = circuit.failures >= Self.threshold || failure.kind == .authentication
        guard before == nil ? isMore : isProbe else {
            // Begun before it opened; that has its pause.
            circuits[origin] = circuit
            return nil
        }
        let failedProbes = before.map { $0.failedProbes + 1 } ?? 0
        var pause: Duration?
        if failedProbes < probes, failure.kind != .authentication {
            let own = policy.delay(after: Self.threshold + failedProbes, random: 1)
            pause = max(own, failure.retryAfter ?? .zero)
        }
        circuit.opening = Opening(
            failure: failure, until: pause.map { clock.now + $0 }, failedProbes: failedProbes)
        circuits[origin] = circuit
        for one in before?.waiting ?? [] { one.resume() }
        return Opened(failures: circuit.failures, pause: pause)
    }
}
