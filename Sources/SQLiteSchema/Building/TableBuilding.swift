import HealKit
import HealModel

// Tables and indexes of a manifest.

extension SchemaBuilder {
    mutating func make(_ table: TableDeclaration) throws(MachineError) {
        let text = TableText(table)
        if let failure = try failure(of: text.sql) {
            var part = failure.offset.flatMap(text.part)
            if part == nil { part = try culprit(table, text, failure.message) }
            switch part {
            case .column(let index):
                let column = table.columns[index]
                return fault(column.body.location, "column '\(column.name.shown)': \(failure.message.shown)")
            case .constraint(let index):
                return fault(
                    table.constraints[index].location, "constraint of '\(table.name.shown)': \(failure.message.shown)")
            case nil:
                return fault(table.name.location, "table '\(table.name.shown)': \(failure.message.shown)")
            }
        }
        let parsed = TableParser.parse(text.sql)
        guard let parsed, parsed.columns.map(\.name) == table.columns.map({ SQLName($0.name.text) }) else {
            return fault(table.name.location, "table '\(table.name.shown)': its definitions do not make its columns")
        }
        self.parsed.append(parsed)
        checkTexts(table, parsed.scope)
        for index in table.indexes { try make(index, on: table, parsed) }
        for backfill in table.backfills { try check(backfill, of: table, parsed) }
    }

    /// The part that the fault lies in: the last one without which SQLite takes the table, or the only one without
    /// which it complains of something else.
    private func culprit(_ table: TableDeclaration, _ text: TableText, _ message: String) throws(MachineError)
        -> TableText.Part?
    {
        var suspects: [TableText.Part] = []
        for part in text.allParts.reversed() {
            try connection.execute("SAVEPOINT culprit")
            let failure = try failure(of: TableText(table, without: part).sql)
            try connection.execute("ROLLBACK TO culprit")
            try connection.execute("RELEASE culprit")
            guard let failure else { return part }
            if failure.message != message { suspects.append(part) }
        }
        return suspects.count == 1 ? suspects[0] : nil
    }

    private mutating func make(
        _ index: IndexDeclaration, on table: TableDeclaration, _ parsed: TableDefinition
    ) throws(MachineError) {
        for piece in index.terms + [index.predicate].compactMap({ $0 }) {
            let text = SQLText(SQLPiece.clean(piece.text))
            let definition = IndexTerm.parse(text.tokens.indices, in: text, scope: parsed.scope, table: parsed)
            let isText = definition.isQuotedAlone && definition.expression.tokens.first?.hasPrefix("'") == true
            if let name = text.unknownName(text.tokens.indices, in: parsed.scope) ?? (isText ? text.name(0) : nil) {
                return fault(piece.location, "index '\(index.name.shown)': no such column: \(name.shown)")
            }
        }
        if let failure = try failure(of: index.sql(on: table.name)) {
            // With one term there is no doubt where the fault is.
            let place = index.terms.count == 1 && index.predicate == nil ? index.terms[0].location : index.name.location
            fault(place, "index '\(index.name.shown)': \(failure.message.shown)")
        }
    }

    /// In a CHECK or a generated column, a column in double quotes that is misspelt would silently become a text.
    private mutating func checkTexts(_ table: TableDeclaration, _ scope: NameScope) {
        for column in table.columns {
            if let name = SQLText(column.body.text).unknownNameInExpressions(scope) {
                fault(column.body.location, "column '\(column.name.shown)': no such column: \(name.shown)")
            }
        }
        for constraint in table.constraints {
            if let name = SQLText(constraint.text).unknownNameInExpressions(scope) {
                fault(constraint.location, "constraint of '\(table.name.shown)': no such column: \(name.shown)")
            }
        }
    }

    private mutating func check(
        _ backfill: NamedDeclaration, of table: TableDeclaration, _ parsed: TableDefinition
    ) throws(MachineError) {
        let column = SQLName(backfill.name.text)
        if parsed.column(column)?.generated != nil {
            return fault(backfill.name.location, "'\(backfill.name.shown)' is generated and cannot be filled")
        }
        let sql = "UPDATE \(SQLName(table.name.text).quoted) SET \(column.quoted) = \(backfill.body.expression)"
        do throws(MachineError) {
            try connection.compile(sql)
        } catch {
            fault(backfill.body.location, "backfill of '\(backfill.name.shown)': \(try error.sqlMessage.shown)")
        }
    }
}
