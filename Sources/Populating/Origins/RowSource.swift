import Datasets
import HealKit
import HealModel

/// Where rows come from, but for SQL, which runs inside the database: a program, a plugin, a server, a language model.
///
/// It is asked for one batch at a time, and several times at once up to the dataset's concurrency. It gives rows to the sink as they
/// come. Nothing of them is written before it has returned; when it throws, all of them are dropped. It tries nothing again by
/// itself and does not wait for better times: that is done for it, by the class of its failure.
public protocol RowSource: Sendable {
    /// What is one and the same for all who would fail together: a program's path, a server's `host:port`. The circuit of failures
    /// is kept by it.
    var origin: String { get }
    /// Gives the rows that come of these units (of none: the dataset is made as a whole) to the sink.
    /// - Throws: why there is no answer. The time limit in `context` is kept by the source, which throws `.timeout` after it.
    func rows(
        for batch: UnitBatch, to sink: any RowSink, in context: SourceContext
    ) async throws(SourceFailure)
}

/// Takes rows while a source makes them; keeps them outside of memory.
public protocol RowSink: Sendable {
    /// - Throws: `.resource` when there is no room for it.
    func take(_ row: SourceRow) throws(SourceFailure)
}

/// What a source may know and use.
public struct SourceContext: Sendable {
    public var dataset: String
    /// Its environment, its clock, and the door to processes.
    public var machine: any Machine
    /// How long the source may take for this batch.
    public var timeout: Duration
    /// The first attempt is 1.
    public var attempt: Int
    /// Takes secrets out of a text. Messages of failures go through it before they are shown or kept; a source need not.
    public var redact: @Sendable (String) -> String

    public init(
        dataset: String, machine: any Machine, timeout: Duration, attempt: Int = 1,
        redact: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.dataset = dataset
        self.machine = machine
        self.timeout = timeout
        self.attempt = attempt
        self.redact = redact
    }
}

/// Why a source gave no answer.
public struct SourceFailure: Error, Sendable, Hashable {
    public var kind: FailureClass
    /// One sentence without a full stop: what happened, with no values of rows and no secrets.
    public var message: String
    /// How long the other side wants to be left alone.
    public var retryAfter: Duration?
    /// Whether it happened when the rows were written: then it says nothing of the source.
    public var isOfWriting = false

    public init(_ kind: FailureClass, _ message: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
    }

    /// The run was asked to stop, so that there is no answer: nothing has failed.
    public static let stopped = SourceFailure(.unknown, "stopped on request")
}
