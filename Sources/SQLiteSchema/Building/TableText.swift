/// The CREATE TABLE of a declaration, and which part of it came from where.
struct TableText {
    private(set) var sql: String
    /// Byte ranges of the parts, with what they are.
    private var parts: [(range: Range<Int>, part: Part)] = []

    enum Part: Hashable {
        case column(Int)
        case constraint(Int)
    }

    /// - Parameter omitted: a part that is left out, to see whether the fault lies in it.
    init(_ table: TableDeclaration, without omitted: Part? = nil) {
        sql = "CREATE TABLE \(SQLName(table.name.text).quoted) ("
        for (index, column) in table.columns.enumerated() where omitted != .column(index) {
            let definition = SQLPiece.clean(column.body.text)
            let name = SQLName(column.name.text).quoted
            add(.column(index), definition.isEmpty ? name : "\(name) \(definition)")
        }
        for (index, constraint) in table.constraints.enumerated()
        where omitted != .constraint(index) {
            add(.constraint(index), SQLPiece.clean(constraint.text))
        }
        sql += "\n)"
        let options = (table.isStrict ? ["STRICT"] : []) + (table.isWithoutRowid ? ["WITHOUT ROWID"] : [])
        if !options.isEmpty { sql += " " + options.joined(separator: ", ") }
    }

    private mutating func add(_ part: Part, _ text: String) {
        sql += parts.isEmpty ? "\n    " : ",\n    "
        let start = sql.utf8.count
        sql += text
        parts.append((start..<sql.utf8.count, part))
    }

    /// The part that SQLite was reading at a byte of the text. What it trips over may already be the comma behind it.
    func part(at offset: Int) -> Part? {
        parts.last { $0.range.lowerBound <= offset }?.part
    }

    var allParts: [Part] { parts.map(\.part) }
}

extension IndexDeclaration {
    /// The CREATE INDEX of a declaration.
    func sql(on table: SourcedText) -> String {
        let list = terms.map { SQLPiece.clean($0.text) }.joined(separator: ", ")
        let condition = predicate.map { " WHERE \(SQLPiece.clean($0.text))" } ?? ""
        let kind = isUnique ? "UNIQUE INDEX" : "INDEX"
        return "CREATE \(kind) \(SQLName(name.text).quoted) ON \(SQLName(table.text).quoted) (\(list))\(condition)"
    }
}
