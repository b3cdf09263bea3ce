import HealKit
import HealModel
import SQLiteSchema

/// SQLite's own examination of the whole file, when the manifest asks for one.
extension DatabaseSchemaCheck {
    /// What a look gives, with what the examination of the file finds.
    func examined(
        _ connection: any SQLConnection, _ found: StoredSchema, _ look: () throws(MachineError) -> Observation
    ) throws(MachineError) -> Observation {
        let report = try integrity(connection)
        // A damaged database is nothing but damaged, whatever its schema looks like.
        if let fault = report?.damage.first { throw .database(subject: database.text, .damaged(fault)) }
        var observation = try look()
        guard let report, !report.isSound else { return observation }
        for (name, entries) in report.indexes.sorted(by: { $0.key < $1.key }) {
            observation.findings.append(try brokenIndex(name, entries: entries, report, found, connection))
        }
        if let invalid = invalidRows(report) { observation.findings.append(invalid) }
        return observation
    }

    private func integrity(_ connection: any SQLConnection) throws(MachineError) -> IntegrityReport? {
        switch care.integrity {
        case .none: return nil
        case .full: return try IntegrityReport(examining: connection, .full)
        case .quick:
            let quick = try IntegrityReport(examining: connection, .quick)
            return quick.isSound || !quick.isReadable ? quick : try IntegrityReport(examining: connection, .full)
        }
    }

    private func brokenIndex(
        _ text: String, entries: Int, _ report: IntegrityReport, _ found: StoredSchema, _ connection: any SQLConnection
    ) throws(MachineError) -> Finding {
        let name = SQLName(text)
        let owner = try connection.rows(
            "SELECT tbl_name FROM main.sqlite_schema WHERE type = 'index' AND name = ?1", [.text(text)]
        ).first?.first?.text.map(SQLName.init)
        var finding = finding(
            "sqlite.index.broken",
            "Index \(text.shown) of \(owner.map(\.text.shown) ?? "a table") in \(database) does not hold what the table holds",
            evidence: [
                Evidence("wrong entries", entries >= IntegrityReport.limit ? "\(entries) or more" : "\(entries)")
            ])
        finding.subject = [database.text, owner?.text.printable, text.printable].compactMap { $0 }.joined(
            separator: ".")
        if let owner { finding.source = places.place(of: owner, name) }
        if let owner, let groups = try duplicateGroups(name, of: owner, found, connection), groups > 0 {
            finding.message +=
                "; it cannot be built anew, because \(groups) \(groups == 1 ? "group" : "groups") of rows share the "
                + "same values and it is unique"
            finding.hint = "decide which of the rows stay; none is ever deleted by itself"
            return finding
        }
        let statement = "REINDEX main.\(name.alwaysQuoted)"
        finding.repair = Repair(
            "Building index \(text.shown) anew in \(database.name)", done: "Built index \(text.shown) anew",
            detail: statement.printable, risk: .low,
            steps: [.executeSQL(database: database, statements: [statement])])
        return finding
    }

    /// How many groups of rows are in the way of a unique index; `nil` when it is not unique. The index itself is not asked.
    private func duplicateGroups(
        _ name: SQLName, of owner: SQLName, _ found: StoredSchema, _ connection: any SQLConnection
    ) throws(MachineError) -> Int64? {
        let isUnique = try connection.rows(
            "SELECT 1 FROM pragma_index_list(?1, 'main') WHERE name = ?2 AND \"unique\" = 1",
            [.text(owner.text), .text(name.text)])
        guard !isUnique.isEmpty else { return nil }
        let columns = try connection.rows(
            "SELECT name, coll FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno", [.text(name.text)])
        let definition = found.table(owner).flatMap { table in found.indexes(on: table).first { $0.name == name } }
        var terms: [(expression: String, collation: String)] = []
        for (index, column) in columns.enumerated() {
            // A term without a column is an expression, which only the index's text tells.
            let term = column[0].text.map { SQLName($0).alwaysQuoted } ?? definition?.terms[index].expression.source
            guard let term, let collation = column[1].text else { return nil }
            terms.append(("(\(term))", SQLName(collation).alwaysQuoted))
        }
        guard !terms.isEmpty else { return nil }
        var conditions = terms.map { "\($0.expression) IS NOT NULL" }
        if let predicate = definition?.predicate { conditions.append("(\(predicate.source))") }
        let groups = terms.map { "\($0.expression) COLLATE \($0.collation)" }.joined(separator: ", ")
        return try connection.rows(
            "SELECT count(*) FROM (SELECT 1 FROM main.\(owner.alwaysQuoted) NOT INDEXED "
                + "WHERE \(conditions.joined(separator: " AND ")) GROUP BY \(groups) HAVING count(*) > 1)"
        ).first?.first?.integer
    }

    private func invalidRows(_ report: IntegrityReport) -> Finding? {
        guard !report.rows.isEmpty else { return nil }
        let count = report.rows.count
        let kinds = Set(report.rows).sorted()
        return finding(
            "sqlite.table.invalid-rows",
            "\(database) holds \(count) \(count == 1 ? "row that breaks a constraint" : "rows that break constraints") of "
                + "\(count == 1 ? "its" : "their") own table",
            evidence: kinds.prefix(5).map { Evidence("found", $0.shown) },
            hint: "change the rows, or the constraint; nothing is changed by itself")
    }
}
