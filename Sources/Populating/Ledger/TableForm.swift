import Datasets
import HealKit
import HealModel

/// A table as rows are written to it.
struct TableForm: Sendable, Hashable {
    struct ForeignKey: Sendable, Hashable {
        var table: String
        /// Of this table.
        var columns: [String]
        /// Of the other one.
        var targets: [String]
    }

    var name: String
    /// The columns that can be written, by their names in small letters.
    var columns: [String: String]
    /// In their order.
    var names: [String]
    var primaryKey: [String]
    var isView: Bool
    /// A name of the number that SQLite gives each row; `nil` where there is none.
    var rowid: String?
    /// To other tables.
    var foreignKeys: [ForeignKey]
    /// To the table itself, where rows may come in any order.
    var ownKeys: [ForeignKey]

    /// - Returns: `nil` when there is no such table or view.
    init?(_ table: String, on connection: any SQLConnection) throws(MachineError) {
        let kind = try connection.rows(
            "SELECT type, wr FROM pragma_table_list(?) WHERE schema = 'main'", [.text(table)])
        guard let type = kind.first?.first?.text else { return nil }
        let info = try connection.rows(
            "SELECT name, pk, hidden FROM pragma_table_xinfo(?, 'main') ORDER BY cid", [.text(table)])
        name = table
        isView = type == "view"
        // Hidden ones of virtual tables, and generated ones, are nobody's to write.
        names = info.filter { $0[2].integer == 0 }.compactMap { $0[0].text }
        columns = Dictionary(names.map { ($0.asciiLowercased, $0) }, uniquingKeysWith: { first, _ in first })
        let taken = Set(info.compactMap { $0[0].text?.asciiLowercased })
        rowid =
            type == "table" && kind.first?.last?.integer == 0
            ? ["rowid", "_rowid_", "oid"].first { !taken.contains($0) } : nil
        primaryKey = info.filter { ($0[1].integer ?? 0) > 0 }
            .sorted { ($0[1].integer ?? 0) < ($1[1].integer ?? 0) }.compactMap { $0[0].text }
        let keys = try connection.rows(
            """
            SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq
            """, [.text(table)])
        var byID: [Int64: ForeignKey] = [:]
        for row in keys {
            guard let id = row[0].integer, let other = row[1].text, let from = row[2].text else { continue }
            byID[id, default: ForeignKey(table: other, columns: [], targets: [])].columns.append(from)
            // Without a name it is the other table's primary key.
            if let target = row[3].text { byID[id]?.targets.append(target) }
        }
        var complete: [ForeignKey] = []
        for var key in byID.sorted(by: { $0.key < $1.key }).map(\.value) {
            if key.targets.isEmpty {
                key.targets = try connection.rows(
                    "SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk", [.text(key.table)]
                ).compactMap { $0[0].text }
            }
            if key.targets.count == key.columns.count { complete.append(key) }
        }
        let own = table.asciiLowercased
        foreignKeys = complete.filter { $0.table.asciiLowercased != own }
        ownKeys = complete.filter { $0.table.asciiLowercased == own }
    }

    /// Whether rows have to be looked at one by one, since they may refer to nothing.
    var hasReferences: Bool { !foreignKeys.isEmpty || !ownKeys.isEmpty }

    /// Whether its primary key is SQLite's own number of a row (`INTEGER PRIMARY KEY`): every other one has an index of its own.
    func isNumbered(_ connection: any SQLConnection) throws(MachineError) -> Bool {
        guard primaryKey.count == 1 else { return false }
        return try connection.rows("SELECT 1 FROM pragma_index_list(?, 'main') WHERE origin = 'pk'", [.text(name)])
            .isEmpty
    }

    /// Its own name for a column.
    func column(_ name: String) -> String? { columns[name.asciiLowercased] }
}

extension String {
    /// As a name in SQL.
    var quotedName: String { "\"" + replacing("\"", with: "\"\"") + "\"" }
}
