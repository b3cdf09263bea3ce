import HealModel

/// A run as the journal knows it.
public struct HistoryEntry: Hashable, Sendable {
    /// How a run ended.
    public enum Ending: Hashable, Sendable {
        case finished(exitStatus: Int32)
        /// It was killed before it could write its outcome.
        case interrupted
        /// It goes on now.
        case running
    }

    /// The journal's number for it.
    public var run: Int64
    public var tool: String
    /// Milliseconds since 1970-01-01 UTC.
    public var startedAt: Int64
    public var ending: Ending
    /// How many repairs were applied.
    public var changes: Int
    /// How many came to nothing.
    public var failures: Int
    /// What a later run found out about it.
    public var note: String?
    /// What became of each repair; may be left empty where only a list of runs is shown.
    public var repairs: [RepairRecord]
    /// What it changed in databases that existed, with their backups.
    public var databases: [DatabaseChange]
    /// The run that it took back.
    public var undoes: Int64?
    /// The run that took it back.
    public var undoneBy: Int64?

    public init(
        run: Int64, tool: String, startedAt: Int64, ending: Ending, changes: Int, failures: Int = 0,
        note: String? = nil, repairs: [RepairRecord] = [], databases: [DatabaseChange] = [], undoes: Int64? = nil,
        undoneBy: Int64? = nil
    ) {
        self.run = run
        self.tool = tool
        self.startedAt = startedAt
        self.ending = ending
        self.changes = changes
        self.failures = failures
        self.note = note
        self.repairs = repairs
        self.databases = databases
        self.undoes = undoes
        self.undoneBy = undoneBy
    }
}

/// The output of `selfheal history`.
public struct HistoryRenderer: Sendable {
    /// The version of the JSON.
    public static let format = "selfheal-history/1"

    public var style: TextStyle

    public init(style: TextStyle = .plain) { self.style = style }

    /// A table of runs, one a line, in the order given.
    public func text(_ entries: [HistoryEntry]) -> String {
        guard !entries.isEmpty else { return style.verbosity == .quiet ? "" : "No run has changed anything yet\n" }
        var rows = [["RUN", "STARTED (UTC)", "TOOL", "CHANGES", "FAILED", "OUTCOME"]]
        for entry in entries {
            rows.append([
                "\(entry.run)", Timestamp.readable(milliseconds: entry.startedAt), SafeText.line(entry.tool),
                "\(entry.changes)", "\(entry.failures)", entry.words,
            ])
        }
        var writer = TextWriter(style, tags: [])
        TextTable(rows: rows, rightAligned: [0, 3, 4]).write(to: &writer)
        return writer.text
    }

    /// One run with its repairs.
    public func text(run entry: HistoryEntry) -> String {
        var writer = TextWriter(style, tags: [])
        let start = Timestamp.readable(milliseconds: entry.startedAt)
        writer.heading("Run \(entry.run) of \(entry.tool), \(start) UTC: \(entry.words)")
        for record in entry.repairs {
            writer.item(record)
            writer.aboutRepair(record)
            for proof in record.proofs {
                let verdict = proof.holds ? "as before" : "\(proof.before) before, \(proof.after) after"
                writer.continuation("proof: \(proof.subject): \(verdict)")
                if writer.isVerbose, proof.holds { writer.continuation("       \(proof.after)") }
            }
        }
        for change in entry.databases {
            guard let backup = change.backup else { continue }
            writer.plain(
                "Backup: \(change.database) before the run is in \(backup.path) (\(Wording.size(backup.size)))")
        }
        if let note = entry.note { writer.plain("Note: \(note)") }
        writer.plain("Total: \(Wording.count(entry.changes, "change")), \(entry.failures) failed")
        return writer.text
    }

    /// The same runs for programs, with their repairs as far as they are given.
    public func json(_ entries: [HistoryEntry]) -> String {
        JSONValue.members(
            ("format", .string(Self.format)), ("runs", .array(entries.map { JSONValue($0) }))
        ).text
    }
}

extension HistoryEntry {
    fileprivate var words: String {
        ending.words + (undoes.map { ", takes back run \($0)" } ?? "")
            + (undoneBy.map { ", taken back by run \($0)" } ?? "")
    }
}

extension HistoryEntry.Ending {
    fileprivate var words: String {
        switch self {
        case .finished(let exitStatus): "exit \(exitStatus)"
        case .interrupted: "interrupted"
        case .running: "running"
        }
    }
}

extension JSONValue {
    fileprivate init(_ entry: HistoryEntry) {
        let (state, exitStatus): (String, JSONValue) =
            switch entry.ending {
            case .finished(let status): ("finished", .integer(Int64(status)))
            case .interrupted: ("interrupted", .null)
            case .running: ("running", .null)
            }
        self = .members(
            ("run", .integer(entry.run)),
            ("tool", .string(entry.tool)),
            ("startedAt", .string(Timestamp.iso8601(milliseconds: entry.startedAt))),
            ("startedAtMilliseconds", .integer(entry.startedAt)),
            ("state", .string(state)),
            ("exitStatus", exitStatus),
            ("changes", .number(entry.changes)),
            ("failures", .number(entry.failures)),
            ("note", .optional(entry.note)),
            ("undoes", entry.undoes.map { .integer($0) } ?? .null),
            ("undoneBy", entry.undoneBy.map { .integer($0) } ?? .null),
            ("repairs", .array(entry.repairs.map { JSONValue($0) })),
            ("databases", .array(entry.databases.map { JSONValue($0) })))
    }
}
