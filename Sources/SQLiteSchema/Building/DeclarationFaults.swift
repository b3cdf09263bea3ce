import HealModel

extension SchemaDeclaration {
    /// What is wrong before SQLite is asked: pieces that would not stay in their place, names that are taken.
    func faults() -> [SchemaFault] {
        var faults: [SchemaFault] = []
        var names = NameRegister()
        for table in tables {
            faults += names.enter(table.name, as: "table")
            faults += table.faults()
            for index in table.indexes { faults += names.enter(index.name, as: "index") }
        }
        for view in views {
            faults += names.enter(view.name, as: "view")
            if let fault = SQLPiece.fault(view.body.withoutEnd, .list) {
                faults.append(SchemaFault(view.body.location, "view '\(view.name.shown)': \(fault)"))
            }
        }
        var triggerNames = NameRegister()
        for trigger in triggers {
            faults += triggerNames.enter(trigger.name, as: "trigger")
            if let fault = SQLPiece.fault(trigger.body.text, .statements) {
                faults.append(SchemaFault(trigger.body.location, "trigger '\(trigger.name.shown)': \(fault)"))
            } else if SQLScript(trigger.sql).statements.count != 1 {
                faults.append(
                    SchemaFault(trigger.body.location, "trigger '\(trigger.name.shown)': it must end with its own END"))
            }
        }
        return faults
    }
}

/// Names of one space of names, each of which may be taken once.
private struct NameRegister {
    private var kinds: [SQLName: String] = [:]

    mutating func enter(_ name: SourcedText, as kind: String) -> [SchemaFault] {
        let key = SQLName(name.text)
        if name.text.utf8.contains(0) {
            return [SchemaFault(name.location, "the name of the \(kind) holds a NUL character")]
        }
        if key.isReserved {
            return [
                SchemaFault(name.location, "'\(name.shown)': names that begin with sqlite_ are kept for SQLite itself")
            ]
        }
        if let other = kinds.updateValue(kind, forKey: key) {
            return [
                SchemaFault(
                    name.location, "'\(name.shown)' is already the name of a \(other); case makes no difference")
            ]
        }
        return []
    }
}

extension TableDeclaration {
    fileprivate func faults() -> [SchemaFault] {
        var faults: [SchemaFault] = []
        if columns.isEmpty { faults.append(SchemaFault(name.location, "table '\(name.shown)' has no columns")) }
        var seen: Set<SQLName> = []
        for column in columns {
            if column.name.text.utf8.contains(0) {
                faults.append(SchemaFault(column.name.location, "a column's name holds a NUL character"))
            } else if !seen.insert(SQLName(column.name.text)).inserted {
                faults.append(
                    SchemaFault(
                        column.name.location,
                        "table '\(name.shown)' has a column '\(column.name.shown)' already; case makes no difference"))
            }
            if let fault = SQLPiece.fault(column.body.text, .one) {
                faults.append(SchemaFault(column.body.location, "column '\(column.name.shown)': \(fault)"))
            }
        }
        for constraint in constraints {
            if let fault = SQLPiece.fault(constraint.text, .list) ?? constraint.constraintFault {
                faults.append(SchemaFault(constraint.location, "constraint of '\(name.shown)': \(fault)"))
            }
        }
        for index in indexes {
            if index.terms.isEmpty {
                faults.append(SchemaFault(index.name.location, "index '\(index.name.shown)' has no columns"))
            }
            for piece in index.terms + [index.predicate].compactMap({ $0 }) {
                if let fault = SQLPiece.fault(piece.text, .one) {
                    faults.append(SchemaFault(piece.location, "index '\(index.name.shown)': \(fault)"))
                }
            }
        }
        for former in formerNames {
            if !seen.contains(SQLName(former.body.text)) {
                faults.append(
                    SchemaFault(former.body.location, "table '\(name.shown)' states no column '\(former.body.shown)'"))
            }
            if seen.contains(SQLName(former.name.text)) {
                faults.append(
                    SchemaFault(
                        former.name.location, "'\(former.name.shown)' cannot be an old name: it is stated as a column"))
            }
        }
        for backfill in backfills {
            if !seen.contains(SQLName(backfill.name.text)) {
                faults.append(
                    SchemaFault(
                        backfill.name.location, "table '\(name.shown)' states no column '\(backfill.name.shown)'"))
            }
            if let fault = SQLPiece.fault(backfill.body.text, .one) {
                faults.append(SchemaFault(backfill.body.location, "backfill of '\(backfill.name.shown)': \(fault)"))
            }
        }
        return faults
    }
}

extension SourcedText {
    /// As it may be shown.
    var shown: String { text.shown }

    /// Without semicolons at the end, which people like to write.
    var withoutEnd: String {
        let sql = SQLText(text)
        var end = sql.tokens.count
        while end > 0, sql.tokens[end - 1].kind == .semicolon { end -= 1 }
        return sql.written(0..<end)
    }

    /// A constraint begins with a word that no column's name can be.
    fileprivate var constraintFault: String? {
        let sql = SQLText(text)
        let parts = SQLCursor.parts(of: sql.tokens.indices, in: sql)
        let areConstraints =
            !parts.isEmpty
            && parts.allSatisfy { sql.startsConstraint($0.lowerBound) }
        return areConstraints ? nil : "it must begin with CONSTRAINT, PRIMARY KEY, UNIQUE, CHECK or FOREIGN KEY"
    }
}

extension NamedDeclaration {
    /// The CREATE TRIGGER of a declaration.
    var sql: String { "CREATE TRIGGER \(SQLName(name.text).quoted) \(body.withoutEnd)" }

    /// The CREATE VIEW of a declaration. A list of columns may stand before the query.
    var viewSQL: String {
        let body = body.withoutEnd
        return "CREATE VIEW \(SQLName(name.text).quoted) \(body.utf8.first == UInt8(ascii: "(") ? "" : "AS ")\(body)"
    }
}
