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

    let form: TableForm
    /// The table that is written: another one than the form's when a new one is filled beside it.
    let target: String
    let connection: any SQLConnection
    private let write: WriteMode
    private let mergeKey: [String]

    /// - Throws: `.configuration` for what no row could be written to.
    init(
        _ form: TableForm, _ population: Population, target: String? = nil, on connection: any SQLConnection
    ) throws(SourceFailure) {
        self.form = form
        self.target = target ?? form.name
        self.connection = connection
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

    /// - Throws: what is wrong with more than this row.
    /// - Returns: why it was not written; `nil` when it was.
    func write(_ cells: [Cell]) throws(MachineError) -> BadRow? {
        var names: [String] = []
        var values: [SQLValue] = []
        var seen: Set<String> = []
        for cell in cells {
            guard let column = form.column(cell.column) else {
                return BadRow(
                    kind: .constraint, message: "the table '\(form.name)' has no column '\(cell.column.prefix(100))'")
            }
            guard seen.insert(column).inserted else {
                return BadRow(kind: .constraint, message: "the column '\(column)' is given twice")
            }
            names.append(column)
            values.append(cell.value)
        }
        if let missing = mergeKey.first(where: { !seen.contains($0) }), form.primaryKey != [missing] {
            return BadRow(kind: .constraint, message: "it does not have '\(missing)', by which rows are merged")
        }
        do throws(MachineError) {
            if let missing = try missingReference(names, values) { return missing }
            _ = try connection.rows(statement(names), values)
            return nil
        } catch  where error.isAboutRow {
            guard case .database(_, .sql(_, let message, _)) = error else { throw error }
            return BadRow(kind: .constraint, message: message)
        }
    }

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
    private func missingReference(_ names: [String], _ values: [SQLValue]) throws(MachineError) -> BadRow? {
        try missingReference(form.foreignKeys, names, values)
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
        _ = try connection.rows("DELETE FROM main.\(target.quotedName) WHERE \(unitColumn.quotedName) = ?", [unit])
    }
}
