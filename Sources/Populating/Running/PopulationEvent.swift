import Datasets
import HealModel

/// What happens while datasets are populated, as it happens.
public enum PopulationEvent: Sendable, Hashable {
    /// Work on a dataset begins. Units are pieces of work; `nil` where nobody knows how many there are, and 1 for a dataset that is
    /// made as a whole.
    case begins(dataset: String, total: Int?)
    /// A batch has come to its end, well or not.
    case advances(dataset: String, Progress)
    /// A batch failed and is tried again after a while.
    case retries(dataset: String, attempt: Int, of: Int, units: Int, SourceFailure, after: Duration)
    /// A batch failed, and its halves are tried by themselves.
    case halves(dataset: String, units: Int, SourceFailure)
    /// Fewer batches are made at once from now on.
    case slows(dataset: String, concurrency: Int, SourceFailure)
    /// What it depends on is populated first.
    case needs(dataset: String, parent: String)
    /// The circuit of a source has opened: nothing is asked of it for a while, or (`nil`) any more in this run.
    case opens(dataset: String, origin: String, failures: Int, SourceFailure, after: Duration?)
    /// A source that was left alone is well again.
    case closes(dataset: String, origin: String)
    case ends(DatasetOutcome)

    public var dataset: String {
        switch self {
        case .begins(let name, _), .advances(let name, _), .retries(let name, _, _, _, _, _), .halves(let name, _, _),
            .slows(let name, _, _), .needs(let name, _), .opens(let name, _, _, _, _), .closes(let name, _):
            name
        case .ends(let outcome): outcome.dataset
        }
    }
}

/// How far the work on a dataset is.
public struct Progress: Sendable, Hashable {
    /// Units that are over with: done, failed or set aside.
    public var finished = 0
    public var total: Int?
    public var rows = 0
    public var failedUnits = 0
    public var quarantinedRows = 0
    /// Since the work on this dataset began: rates are counted over it.
    public var elapsed: Duration = .zero

    public init(total: Int? = nil) { self.total = total }
}

/// What became of a dataset.
public struct DatasetOutcome: Sendable, Hashable {
    public enum Result: String, Sendable, Hashable, CaseIterable {
        /// There was nothing to do.
        case unneeded
        /// All of its work is done.
        case done
        /// Something was done, and something could not be.
        case incomplete
        /// Nothing could be done, or what failed concerns all of it.
        case failed
        case interrupted
        /// Not begun, because of what it depends on or because the run ended before.
        case notStarted = "not_started"
    }

    public var dataset: String
    public var result: Result
    public var progress: Progress
    /// What kept it from being done: the last failure.
    public var failure: SourceFailure?
    /// What was tried against failures, in words.
    public var tried: [String]

    public init(
        _ dataset: String, _ result: Result, progress: Progress = Progress(), failure: SourceFailure? = nil,
        tried: [String] = []
    ) {
        self.dataset = dataset
        self.result = result
        self.progress = progress
        self.failure = failure
        self.tried = tried
    }

    public var isGood: Bool { result == .unneeded || result == .done }
}
