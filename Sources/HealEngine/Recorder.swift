import HealModel

/// Why a run could not be recorded; the run then changes nothing.
public struct RecorderFailure: Error, Sendable, Hashable {
    public var message: String
    public init(_ message: String) { self.message = message }
}

/// A run that was killed before it could write its outcome.
public struct InterruptedRun: Sendable, Hashable {
    public var run: Int64
    public var tool: String
    /// Milliseconds since 1970.
    public var startedAt: Int64
    public var intents: [PlannedRepair]

    public init(run: Int64, tool: String, startedAt: Int64, intents: [PlannedRepair]) {
        self.run = run
        self.tool = tool
        self.startedAt = startedAt
        self.intents = intents
    }
}

/// The journal as the engine needs it. Nothing is opened or written until something is about to change.
public protocol RunRecorder: Sendable {
    /// What killed runs left behind. Cheap when there is nothing.
    func interrupted() async throws(RecorderFailure) -> [InterruptedRun]
    /// Closes the record of a killed run, after its leftovers were removed.
    func close(_ interrupted: InterruptedRun, note: String) async throws(RecorderFailure)
    /// Records what is about to be done, durably. - Returns: the run's number.
    func begin(_ plan: Plan) async throws(RecorderFailure) -> Int64
    /// Records what became of it, and what takes it back.
    func finish(
        _ run: Int64, records: [RepairRecord], changes: [DatabaseChange], exitStatus: Int32
    ) async throws(RecorderFailure)
}

/// A part of a run that does one thing to many resources.
public struct RunStage: Sendable, Hashable {
    public enum Work: Sendable { case looking, healing }

    public var work: Work
    /// How many resources it goes through.
    public var count: Int
    /// Whether all of them are databases.
    public var areDatabases: Bool

    public init(_ work: Work, _ count: Int, areDatabases: Bool) {
        self.work = work
        self.count = count
        self.areDatabases = areDatabases
    }
}

/// One check that looks at its resource.
public struct RunLook: Sendable, Hashable {
    /// Which of the run's checks.
    public var index: Int
    /// As in `Checking …`: `database schemas`.
    public var title: String
    public var subject: String

    public init(index: Int, title: String, subject: String) {
        self.index = index
        self.title = title
        self.subject = subject
    }
}

/// Told what a run is doing, as it does it: for progress on a terminal. Called from several threads at once.
public protocol RunObserver: Sendable {
    func begins(_ repair: Repair)
    func ends(_ repair: Repair, outcome: Outcome)
    /// What follows is about many resources; stages do not overlap.
    func begins(_ stage: RunStage)
    /// One more resource of the stage is done.
    func advances()
    func endsStage()
    /// A check looks, until it ends; several of them do at once.
    func begins(_ look: RunLook)
    func ends(_ look: RunLook)
}

extension RunObserver {
    public func begins(_ stage: RunStage) {}
    public func advances() {}
    public func endsStage() {}
    public func begins(_ look: RunLook) {}
    public func ends(_ look: RunLook) {}
}

/// Shows nothing.
public struct SilentObserver: RunObserver {
    public init() {}
    public func begins(_ repair: Repair) {}
    public func ends(_ repair: Repair, outcome: Outcome) {}
}
