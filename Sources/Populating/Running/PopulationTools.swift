import Datasets
import HealKit
import HealModel

/// Time, as far as populating waits for it.
public protocol PopulationClock: Sendable {
    /// Since any fixed moment; never goes back.
    var now: Duration { get }
    /// Returns early when `isStopped` becomes true.
    func sleep(for duration: Duration, unless isStopped: @Sendable () -> Bool) async
}

/// The system's clock.
public struct SystemPopulationClock: PopulationClock {
    private let start = ContinuousClock.now

    public init() {}

    public var now: Duration { ContinuousClock.now - start }

    public func sleep(for duration: Duration, unless isStopped: @Sendable () -> Bool) async {
        let end = ContinuousClock.now + duration
        while !isStopped(), !Task.isCancelled {
            let left = end - .now
            guard left > .zero else { return }
            try? await Task.sleep(for: min(left, .milliseconds(50)))
        }
    }
}

/// What populating uses of the world.
public struct PopulationTools: Sendable {
    public var machine: any ChangingMachine
    public var clock: any PopulationClock
    /// From 0 up to, but without, 1: for jitter.
    public var random: @Sendable () -> Double
    /// Whether the run was asked to stop.
    public var isStopped: @Sendable () -> Bool
    /// Gives leave for batches at once; `nil`: nobody has to.
    public var jobServer: (any JobServer)?
    /// Takes secrets out of messages, and then what could steer a terminal: all that programs, servers and SQLite say goes through it when
    /// it becomes a failure.
    public let redact: @Sendable (String) -> String
    /// Takes secrets out of what is kept of rows, which is not for people alone.
    let hide: @Sendable (String) -> String
    public var observe: @Sendable (PopulationEvent) -> Void
    /// Makes the source of a dataset, for everything but SQL.
    /// Throws what keeps it from ever giving rows: no such plugin.
    public var makeSource: @Sendable (Dataset, PopulationSource) throws(SourceFailure) -> any RowSource

    public init(
        machine: any ChangingMachine, clock: any PopulationClock = SystemPopulationClock(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        isStopped: @escaping @Sendable () -> Bool = { false }, jobServer: (any JobServer)? = nil,
        redact: @escaping @Sendable (String) -> String = { $0 },
        observe: @escaping @Sendable (PopulationEvent) -> Void = { _ in },
        makeSource: @escaping @Sendable (Dataset, PopulationSource) throws(SourceFailure) -> any RowSource =
            PopulationTools.builtInSource
    ) {
        self.machine = machine
        self.clock = clock
        self.random = random
        self.isStopped = isStopped
        self.jobServer = jobServer
        self.redact = { SafeText.line(redact($0)) }
        hide = redact
        self.observe = observe
        self.makeSource = makeSource
    }

    /// The sources that need nothing from elsewhere.
    public static let builtInSource: @Sendable (Dataset, PopulationSource) throws(SourceFailure) -> any RowSource = {
        dataset, source throws(SourceFailure) in
        switch source {
        case .command(let command): CommandRowSource(command)
        case .http(let server): HTTPRowSource(server)
        case .llm(let model): LLMRowSource(model)
        case .sql, .plugin:
            throw SourceFailure(.configuration, "nothing here gives rows from '\(source.kind)'")
        }
    }

    func redacted(_ failure: SourceFailure) -> SourceFailure {
        var failure = failure
        failure.message = redact(failure.message)
        return failure
    }
}

extension RetryPolicy {
    /// How long to wait before the next attempt, after so many.
    func delay(after attempts: Int, random: Double) -> Duration {
        var factor = 1.0
        for _ in 1..<max(1, attempts) where delay * factor < maxDelay { factor *= backoff }
        let longest = min(delay * factor, maxDelay)
        return jitter == .full ? longest * random : longest
    }

    /// How long a unit is left alone by runs that nobody asked for, in milliseconds: longer with each that failed, and never for ever,
    /// whatever a server wants.
    func wait(after attempts: Int, _ failure: SourceFailure) -> Int64 {
        let longest = max(maxDelay, .seconds(86_400))
        let wait = min(max(failure.retryAfter ?? .zero, delay(after: attempts, random: 1)), longest)
        return Int64(wait / .milliseconds(1))
    }
}
