import HealKit
import HealModel

/// What the rows of a table were when all of them had been written here. How many there are proves nothing: only rows that are exactly
/// these, whatever their order, may be taken away again.
struct TableProof: Sendable, Hashable {
    /// In their order.
    private var columns: [String]
    /// `selfheal_digest` of some columns each, so that all are in one.
    private var digests: [RowDigest]

    /// Of all rows that a table has now.
    init(of form: TableForm, on connection: any SQLConnection) throws(MachineError) {
        columns = form.names
        digests = try Self.digests(of: form.names, in: form, nil, on: connection)
    }

    /// As the ledger keeps it; `nil` for anything else.
    init?(_ text: String) {
        guard let content = try? JSONReader.read(text), case .array(let names)? = content["columns"],
            case .array(let digests)? = content["digests"]
        else { return nil }
        columns = names.compactMap(\.sqlValue.text)
        self.digests = digests.compactMap { $0.sqlValue.text.flatMap { RowDigest($0) } }
    }

    var text: String {
        let list = { (texts: [String]) in JSONContent.array(texts.map { .text($0) }) }
        return JSONContent.object([
            .init("columns", list(columns)), .init("digests", list(digests.map(\.text))),
        ]).text
    }

    /// Whether the table's rows are these and no others. A column that has come since must hold its default everywhere: nothing that
    /// anybody put there is lost with the rows.
    func holds(of form: TableForm, on connection: any SQLConnection) throws(MachineError) -> Bool {
        guard columns.allSatisfy(form.names.contains),
            try Self.digests(of: columns, in: form, nil, on: connection) == digests
        else { return false }
        let table = "main.\(form.name.quotedName)"
        for name in form.names where !columns.contains(name) {
            let value = try connection.rows(
                "SELECT dflt_value FROM pragma_table_xinfo(?, 'main') WHERE name = ?", [.text(form.name), .text(name)]
            ).first?.first?.text
            let other = try connection.rows(
                "SELECT 1 FROM \(table) WHERE \(name.quotedName) IS NOT (\(value ?? "NULL")) LIMIT 1")
            if !other.isEmpty { return false }
        }
        return true
    }

    /// Adds the row that was inserted last. A proof that did not hold before does not hold afterwards.
    /// - Returns: whether that row can be found.
    mutating func addLastRow(of form: TableForm, on connection: any SQLConnection) throws(MachineError) -> Bool {
        guard columns.allSatisfy(form.names.contains),
            let rowid = ["rowid", "_rowid_", "oid"].first(where: { form.column($0) == nil })
        else { return false }
        do throws(MachineError) {
            let row = try Self.digests(
                of: columns, in: form, "\(rowid) = last_insert_rowid()", on: connection)
            guard row.allSatisfy({ $0.rows == 1 }) else { return false }
            digests = zip(digests, row).map { $0 + $1 }
            return true
        } catch .database(_, .sql) {
            // A table without rowids.
            return false
        }
    }

    /// A function of SQLite takes at most 127 arguments; with the same columns in every part, rows cannot be mixed up.
    private static func digests(
        of columns: [String], in form: TableForm, _ condition: String?, on connection: any SQLConnection
    ) throws(MachineError) -> [RowDigest] {
        let key = (form.primaryKey.isEmpty ? Array(columns.prefix(1)) : form.primaryKey).prefix(26)
        var digests: [RowDigest] = []
        var rest = columns[...]
        repeat {
            let part = (rest.count == columns.count ? [] : key.map(\.quotedName)) + rest.prefix(100).map(\.quotedName)
            rest = rest.dropFirst(100)
            let rows = try connection.rows(
                "SELECT selfheal_digest(\(part.joined(separator: ", "))) FROM main.\(form.name.quotedName)"
                    + (condition.map { " WHERE \($0)" } ?? ""))
            if let digest = rows.first?.first?.text.flatMap({ RowDigest($0) }) { digests.append(digest) }
        } while !rest.isEmpty
        return digests
    }
}

/// What `selfheal_digest` says of rows. Its numbers are sums over the rows.
struct RowDigest: Sendable, Hashable {
    private(set) var rows: Int64
    /// Of each column: how many integers, reals, texts, blobs and NULLs there are.
    private var types: [[Int64]]
    private var checksum: [UInt64]

    init?(_ text: String) {
        let parts = text.split(separator: "; ").map { $0.split(separator: " ") }
        guard let first = parts.first, first.count == 2, let rows = Int64(first[1]) else { return nil }
        self.rows = rows
        types = []
        checksum = [0, 0]
        // Of no rows it says nothing more.
        guard parts.count == 3, let digits = parts[2].last, digits.count == 32 else {
            if parts.count == 1 { return }
            return nil
        }
        types = parts[1].dropFirst().map { $0.split(separator: "/").compactMap { Int64($0) } }
        checksum = [digits.prefix(16), digits.suffix(16)].compactMap { UInt64($0, radix: 16) }
        guard checksum.count == 2 else { return nil }
    }

    var text: String {
        guard rows > 0 else { return "rows 0" }
        let types = types.map { $0.map { "\($0)" }.joined(separator: "/") }.joined(separator: " ")
        let digits = checksum.map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return "rows \(rows); types \(types); checksum \(digits.joined())"
    }

    static func + (one: RowDigest, other: RowDigest) -> RowDigest {
        var sum = one
        sum.rows += other.rows
        sum.types =
            one.types.isEmpty
            ? other.types
            : other.types.isEmpty ? one.types : zip(one.types, other.types).map { zip($0, $1).map { $0 + $1 } }
        sum.checksum = zip(one.checksum, other.checksum).map { $0 &+ $1 }
        return sum
    }
}
