import Datasets
import HealKit
import HealModel

/// Writes rows of one dataset to its table, each as it is or not at all.
struct RowWriter {
    /// Why a row is not written.
    struct BadRow: Error, Sendable, Hashable {
        var kind: FailureClass
        var message: String
    }

    /// What became of a row.
    enum Outcome: Sendable, Hashable {
        case written
        /// A trigger has left it out without a word.
        case leftOut
        case bad(BadRow)
    }

    let form: TableForm
    /// The table that is written: another one than the form's when a new one is filled beside it.
    let target: String
    let connection: any SQLConnection
    private let write: WriteMode
    private let mergeKey: [String]
    /// What each row must have to be merged: a NULL is no key, and SQLite takes as many of them as there are. Only what is its own
    /// number of a row it makes itself.
    let neededKey: [String]
    private let triggers: Triggers

    /// - Throws: `.configuration` for what no row could be written to.
    init(
        _ form: TableForm, _ population: Population, target: String? = nil, on connection: any SQLConnection
    ) throws(SourceFailure) {
        self.form = form
        self.target = target ?? form.name
        self.connection = connection
        triggers = Triggers(of: self.target, connection)
        write = population.write
        var key: [String] = []
        if population.write == .merge {
            for name in population.mergeKey.isEmpty ? form.primaryKey : population.mergeKey {
                guard let column = form.column(name) else {
                    throw SourceFailure(
                        .configuration, "the table '\(form.name)' has no column '\(name)', which 'merge_key' names")
                }
                key.append(column)
            }
            if key.isEmpty {
                throw SourceFailure(
                    .configuration,
                    "the table '\(form.name)' has no primary key to merge rows by; give 'merge_key'")
            }
        }
        mergeKey = key
        do throws(MachineError) {
            let isMade = key.isEmpty || key != form.primaryKey ? false : try form.isNumbered(connection)
            neededKey = isMade ? [] : key
        } catch {
            throw error == .cancelled ? .stopped : SourceFailure(error)
        }
    }

    /// The name of the dataset's column that says which unit a row is of.
    static func unitColumn(_ unit: WorkUnit, in form: TableForm) throws(SourceFailure) -> String? {
        guard let named = unit.column else { return form.column(unit.key) }
        guard let column = form.column(named) else {
            throw SourceFailure(
                .configuration, "the table '\(form.name)' has no column '\(named)', which 'unit' names as its column")
        }
        return column
    }

    /// - Throws: what is wrong with more than this row; also what is wrong with it when that has ended the transaction.
    func write(_ cells: [Cell]) throws(MachineError) -> Outcome {
        var names: [String] = []
        var values: [SQLValue] = []
        var seen: Set<String> = []
        for cell in cells {
            guard let column = form.column(cell.column) else {
                return .bad("the table '\(form.name)' has no column '\(cell.column.prefix(100))'")
            }
            guard seen.insert(column).inserted else {
                return .bad("the column '\(column)' is given twice")
            }
            names.append(column)
            values.append(cell.value)
        }
        for name in neededKey where names.firstIndex(of: name).map({ values[$0].isNull }) ?? true {
            return .bad("the row has no '\(name)', by which rows are merged")
        }
        let isGuarded = try triggers.mayRaise
        do throws(MachineError) {
            if let missing = try missingReference(names, values) { return missing }
            if !isGuarded {
                _ = try connection.rows(statement(names), values)
                return .written
            }
        } catch  where error.isAboutRow {
            return .bad(error.rowMessage)
        }
        return try writeGuarded(names, values)
    }

    /// Where a trigger says what becomes of the row, and of what was done before it.
    private func writeGuarded(_ names: [String], _ values: [SQLValue]) throws(MachineError) -> Outcome {
        try connection.begin(Self.savepoint)
        do throws(MachineError) {
            _ = try connection.rows(statement(names), values)
        } catch  where error.isAboutRow {
            guard try connection.undo(Self.savepoint) else { throw error }
            return .bad(error.rowMessage)
        }
        try connection.keep(Self.savepoint)
        // Where there is nothing to change in the row that is there, nothing changes.
        let mayChangeNothing = write == .merge && names.allSatisfy(mergeKey.contains)
        let count = try connection.rows("SELECT changes()").first?.first?.integer
        return count == 0 && !mayChangeNothing ? .leftOut : .written
    }

    private static let savepoint = "selfheal_row"

    /// `OR ABORT`, so that whatever the table says of conflicts, this row alone is not written, and we hear of it.
    private func statement(_ names: [String]) -> String {
        guard !names.isEmpty else { return "INSERT OR ABORT INTO main.\(target.quotedName) DEFAULT VALUES" }
        let columns = names.map(\.quotedName).joined(separator: ", ")
        let places = Array(repeating: "?", count: names.count).joined(separator: ", ")
        return "INSERT OR ABORT INTO main.\(target.quotedName) (\(columns)) VALUES (\(places))" + conflict(names)
    }

    /// What follows an INSERT, for rows whose key is there.
    func conflict(_ names: [String]) -> String {
        guard write == .merge else { return "" }
        let rest = names.filter { !mergeKey.contains($0) }
        let key = mergeKey.map(\.quotedName).joined(separator: ", ")
        let action =
            rest.isEmpty
            ? "NOTHING"
            : "UPDATE SET " + rest.map { "\($0.quotedName) = excluded.\($0.quotedName)" }.joined(separator: ", ")
        return " ON CONFLICT (\(key)) DO \(action)"
    }

    /// Foreign keys are off while rows are written, so that nothing cascades; a row that refers to nothing is bad all the same.
    private func missingReference(_ names: [String], _ values: [SQLValue]) throws(MachineError) -> Outcome? {
        try missingReference(form.foreignKeys, names, values).map { .bad($0) }
    }

    func missingReference(
        _ keys: [TableForm.ForeignKey], in other: String? = nil, _ names: [String], _ values: [SQLValue]
    ) throws(MachineError) -> BadRow? {
        for key in keys {
            var wanted: [SQLValue] = []
            for column in key.columns {
                guard let index = names.firstIndex(where: { $0.asciiLowercased == column.asciiLowercased }),
                    !values[index].isNull
                else { break }
                wanted.append(values[index])
            }
            guard wanted.count == key.columns.count else { continue }
            let condition = key.targets.map { "\($0.quotedName) = ?" }.joined(separator: " AND ")
            let found = try connection.rows(
                "SELECT 1 FROM main.\((other ?? key.table).quotedName) WHERE \(condition) LIMIT 1", wanted)
            if found.isEmpty {
                return BadRow(
                    kind: .constraint,
                    message: "\(key.columns.joined(separator: ", ")): there is no such row in '\(key.table)'")
            }
        }
        return nil
    }

    /// Deletes all rows, or those of a unit.
    func delete(_ unitColumn: String? = nil, _ unit: SQLValue = .null) throws(MachineError) {
        guard let unitColumn else {
            try connection.execute("DELETE FROM main.\(target.quotedName)")
            return
        }
        _ = try connection.rows(
            "DELETE FROM main.\(target.quotedName) WHERE \(unitColumn.quotedName.isStored(as: "?1"))", [unit])
    }
}

extension RowWriter.Outcome {
    fileprivate static func bad(_ message: String) -> Self {
        .bad(RowWriter.BadRow(kind: .constraint, message: message))
    }
}

/// What a table's triggers may do. They are looked for when that is asked, which most never need.
private final class Triggers {
    private let table: String
    private let connection: any SQLConnection
    private var known: Bool?

    init(of table: String, _ connection: any SQLConnection) {
        self.table = table
        self.connection = connection
    }

    /// Whether one of them, or one that they set off, uses `RAISE`: nothing else leaves a part of an `INSERT OR ABORT` behind, ends the
    /// transaction or leaves the row out.
    var mayRaise: Bool {
        get throws(MachineError) {
            if let known { return known }
            let found = try connection.rows(
                """
                SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE)
                  AND EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND sql LIKE '%raise%')
                """, [.text(table)])
            let mayRaise = found.first?.first?.integer == 1
            known = mayRaise
            return mayRaise
        }
    }
}
