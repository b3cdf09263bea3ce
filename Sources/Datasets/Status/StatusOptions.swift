import HealKit

/// How the status of datasets is found out.
public struct StatusOptions: Sendable, Hashable {
    /// Bounded counts go no further than this, unless `min_rows` wants it: what lies beyond is guessed.
    static let countedRows = 10_000
    /// Whether there are more rows than these is only counted when they may be: when the highest rowid is higher.
    static let countedUnits = 100_000

    /// How many databases are looked at at once.
    public var jobs: Int
    /// How long one statement (a check, a count of a view, the newest row) may take.
    public var timeLimit: Duration
    /// Whether each unit is looked at instead of only how many there are: for plans, which must not miss one that was changed.
    public var looksAtUnits: Bool

    public init(jobs: Int = 8, timeLimit: Duration = .seconds(10), looksAtUnits: Bool = false) {
        self.jobs = jobs
        self.timeLimit = timeLimit
        self.looksAtUnits = looksAtUnits
    }

    /// Why something could not be looked at. Holds nothing of the rows.
    func reason(_ error: MachineError) -> String {
        switch error {
        case .timedOut: "took longer than \(timeLimit.inSeconds); an index may help"
        case .database(_, .readOnly): "the SQL would write"
        case .database(_, let fault): fault.explanation
        default: error.explanation
        }
    }
}
