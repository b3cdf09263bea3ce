import HealKit
import HealModel
import SQLiteSchema

/// Puts differences between a database and the manifest into words and repairs.
struct FindingWriter {
    let database: ResourcePath
    let places: DeclaredPlaces

    /// A finding for each change, with what heals it.
    func findings(for changes: [PlannedChange]) -> [Finding] {
        let drafts = changes.map { draft($0.difference) }
        let keys = drafts.map { Finding.Key(id: $0.id, subject: subject($0)) }
        var waits: [PlannedChange.Rewrite: Set<Int>] = [:]
        for (index, change) in changes.enumerated() {
            if case .rewrite(let rewrite) = change.remedy {
                waits[rewrite, default: []].formUnion(changes[index].requires)
            }
        }
        return changes.indices.map { index in
            var requires = changes[index].requires
            if case .rewrite(let rewrite) = changes[index].remedy {
                // Changes that share a rewrite share all of its repair.
                let own = changes.indices.filter { changes[$0].remedy == changes[index].remedy }
                requires = (waits[rewrite] ?? []).subtracting(own).sorted()
            }
            return finding(for: changes[index], drafts[index], after: requires.map { keys[$0] })
        }
    }

    private func subject(_ draft: Draft) -> String {
        ([database.text] + draft.names.map(\.text.printable)).joined(separator: ".")
    }

    private func finding(for change: PlannedChange, _ draft: Draft, after: [Finding.Key]) -> Finding {
        var draft = draft
        if let reason = reason(change) { draft.message += "; " + reason }
        let severity = draft.severity ?? DatabaseSchemaCheck.descriptor.kind(draft.id)?.severity ?? .critical
        return Finding(
            draft.id, subject: subject(draft), severity: severity, message: draft.message, evidence: draft.evidence,
            hint: hint(change), source: draft.source, repair: repair(change, draft, after: after))
    }

    private func repair(_ change: PlannedChange, _ draft: Draft, after: [Finding.Key]) -> Repair? {
        switch change.remedy {
        case .obstacles: return nil
        case .rewrite(let rewrite):
            let table = rewrite.table.text.shown
            return Repair(
                "Rebuilding table \(table) in \(database.name)", done: "Rebuilt table \(table)",
                detail: "Rebuilt \(table) with all that it holds"
                    + (rewrite.losses.isEmpty ? "" : ", except: \(rewrite.losses.joined(separator: "; "))"),
                risk: rewrite.risk,
                steps: [
                    .rewriteDatabase(database: database, statements: rewrite.statements, proofs: rewrite.proofs)
                ], after: after)
        case .journalMode(let mode, let previous):
            guard let doing = draft.doing, let done = draft.done else { return nil }
            return Repair(
                doing, done: done, detail: "PRAGMA journal_mode = \(mode.rawValue)", risk: .medium,
                steps: [.setJournalMode(database: database, mode: mode, previous: previous)], after: after)
        case .statements(let statements, let risk):
            guard let doing = draft.doing, let done = draft.done else { return nil }
            return Repair(
                doing, done: done, detail: statements.map(\.oneLine).joined(separator: "; "), risk: risk,
                steps: [.executeSQL(database: database, statements: change.guards + statements)], after: after)
        }
    }

    private struct Draft {
        var id: FindingID
        /// What it is about, inside the database.
        var names: [SQLName]
        var message: String
        var source: SourceLocation
        var doing: String?
        var done: String?
        var severity: Severity?
        var evidence: [Evidence] = []

        init(_ id: FindingID, _ names: [SQLName], _ message: String, _ source: SourceLocation) {
            self.id = id
            self.names = names
            self.message = message
            self.source = source
        }
    }

    private func draft(_ difference: SchemaDifference) -> Draft {
        switch difference {
        case .tableMissing(let table, _): tableMissing(table.name)
        case .virtualTableMissing(let code): tableMissing(code.name)
        case .columnMissing(let missing): columnMissing(missing)
        case .columnRenamed(let rename): columnRenamed(rename)
        case .indexMissing(let index): indexMissing(index)
        case .viewMissing(let view): codeMissing("view", view)
        case .triggerMissing(let trigger): codeMissing("trigger", trigger)
        case .columnDiffers(let table, let column, let aspects): columnDiffers(table, column, aspects)
        case .tableDiffers(let table, let aspects): tableDiffers(table, aspects)
        case .virtualTableDiffers(let code, let found):
            textDiffers("sqlite.table.differs", "Virtual table \(code.name.text.shown)", [code.name], code.sql, found)
        case .indexDiffers(let index, let found): indexDiffers(index, found)
        case .viewDiffers(let view, let found):
            textDiffers("sqlite.view.differs", "View \(view.name.text.shown)", [view.name], view.sql, found)
        case .triggerDiffers(let trigger, let found):
            moved(
                textDiffers(
                    "sqlite.trigger.differs", "Trigger \(trigger.name.text.shown)", [trigger.name], trigger.sql, found),
                trigger.name, to: trigger.table, from: CodeDefinition.parse(found)?.table)
        case .nameTaken(let name, let expected, let found): nameTaken(name, expected: expected, found: found)
        case .pragmaDiffers(let name, let expected, let found): pragmaDiffers(name, expected: expected, found: found)
        case .newerApplication(let expected, let found):
            Draft(
                "sqlite.newer-application", [],
                "\(database) has user_version \(found) and the manifest states \(expected): a newer "
                    + "application has been here, so nothing in it is changed", places.place())
        case .foreignApplication(let expected, let found):
            Draft(
                "sqlite.other-application", [],
                "\(database) has application_id \(found) and the manifest states \(expected): it belongs to "
                    + "another application, so nothing in it is changed", places.place())
        case .extra(let extra): self.extra(extra)
        }
    }

    // MARK: What is missing

    private func tableMissing(_ name: SQLName) -> Draft {
        var draft = Draft(
            "sqlite.table.missing", [name], "Table \(name.text.shown) is missing in \(database)", places.place(of: name)
        )
        draft.doing = "Creating table \(name.text.shown) in \(database.name)"
        draft.done = "Created table \(name.text.shown)"
        return draft
    }

    private func columnMissing(_ missing: MissingColumn) -> Draft {
        let (table, column) = (missing.table.text.shown, missing.column.name.text.shown)
        var draft = Draft(
            "sqlite.column.missing", [missing.table, missing.column.name],
            "Column '\(column)' is missing in \(table) of \(database)",
            places.place(of: missing.table, missing.column.name))
        draft.doing = "Adding column '\(column)' to \(table) in \(database.name)"
        draft.done = "Added \(column) to \(table)"
        return draft
    }

    private func columnRenamed(_ rename: ColumnRename) -> Draft {
        let (table, old, new) = (rename.table.text.shown, rename.old.text.shown, rename.new.text.shown)
        var draft = Draft(
            "sqlite.column.renamed", [rename.table, rename.new],
            "Column '\(new)' of \(table) in \(database) is still called '\(old)'",
            places.place(of: rename.table, rename.new))
        draft.doing = "Renaming column '\(old)' of \(table) to '\(new)' in \(database.name)"
        draft.done = "Renamed \(old) of \(table) to \(new)"
        return draft
    }

    private func indexMissing(_ index: IndexDefinition) -> Draft {
        let (table, name) = (index.table.text.shown, index.name.text.shown)
        var draft = Draft(
            "sqlite.index.missing", [index.table, index.name], "Index \(name) is missing on \(table) of \(database)",
            places.place(of: index.table, index.name))
        draft.doing = "Creating index \(name) on \(table) in \(database.name)"
        draft.done = "Created index \(name)"
        return draft
    }

    private func codeMissing(_ kind: String, _ code: CodeDefinition) -> Draft {
        let name = code.name.text.shown
        var draft = Draft(
            FindingID(rawValue: "sqlite.\(kind).missing"), [code.name],
            "\(kind == "view" ? "View" : "Trigger") \(name) is missing in \(database)", places.place(of: code.name))
        draft.doing = "Creating \(kind) \(name) in \(database.name)"
        draft.done = "Created \(kind) \(name)"
        return draft
    }

    // MARK: What is different

    private func columnDiffers(_ table: SQLName, _ column: SQLName, _ aspects: [AspectDifference]) -> Draft {
        var draft = Draft(
            "sqlite.column.differs", [table, column],
            "Column '\(column.text.shown)' of \(table.text.shown) in \(database) differs: \(aspects.explanation)",
            places.place(of: table, column))
        draft.evidence = aspects.evidence
        // Nothing that the application does depends on the difference.
        if aspects.allSatisfy(\.isHarmless) { draft.severity = .warning }
        return draft
    }

    private func tableDiffers(_ table: SQLName, _ aspects: [AspectDifference]) -> Draft {
        var draft = Draft(
            "sqlite.table.differs", [table],
            "Table \(table.text.shown) in \(database) differs: \(aspects.explanation)", places.place(of: table))
        draft.evidence = aspects.evidence
        return draft
    }

    private func nameTaken(_ name: SQLName, expected: String, found: String) -> Draft {
        let shown = name.text.shown
        var draft = Draft(
            "sqlite.table.differs", [name], "\(shown) in \(database) is a \(found), not a \(expected)",
            places.place(of: name))
        draft.doing = "Replacing the \(found) \(shown) by a \(expected) in \(database.name)"
        draft.done = "Replaced the \(found) \(shown) by a \(expected)"
        return draft
    }

    private func indexDiffers(_ index: IndexDefinition, _ found: String) -> Draft {
        let draft = textDiffers(
            "sqlite.index.differs", "Index \(index.name.text.shown)", [index.table, index.name], index.sql, found)
        return moved(draft, index.name, to: index.table, from: IndexDefinition.parse(found, on: nil)?.table)
    }

    /// Says so where what differs is the table.
    private func moved(_ draft: Draft, _ name: SQLName, to wanted: SQLName?, from found: SQLName?) -> Draft {
        guard let wanted, let found, wanted != found else { return draft }
        var draft = draft
        let kind = draft.id == "sqlite.index.differs" ? "Index" : "Trigger"
        draft.message =
            "\(kind) \(name.text.shown) in \(database) is on \(found.text.shown), expected on \(wanted.text.shown)"
        return draft
    }

    private func textDiffers(
        _ id: FindingID, _ what: String, _ names: [SQLName], _ expected: String, _ found: String
    ) -> Draft {
        let difference = TextDifference(expected: expected, found: found)
        var draft = Draft(
            id, names, "\(what) in \(database) is defined differently: \(difference.explanation)",
            places.place(of: names[0]))
        if names.count > 1 { draft.source = places.place(of: names[0], names[1]) }
        let short = what.prefix(1).lowercased() + what.dropFirst()
        draft.doing = "Replacing \(short) in \(database.name)"
        draft.done = "Replaced \(short)"
        draft.evidence = [Evidence("expected", expected.oneLine), Evidence("found", found.oneLine)]
        return draft
    }

    private func pragmaDiffers(_ name: String, expected: String, found: String) -> Draft {
        var draft = Draft(
            "sqlite.pragma.differs", [SQLName(name)], "\(name) of \(database) is \(found), expected \(expected)",
            places.place())
        draft.doing = "Setting \(name) of \(database.name) to \(expected)"
        draft.done = "Set \(name) of \(database.name) to \(expected)"
        draft.evidence = [Evidence("expected", expected), Evidence("found", found)]
        return draft
    }

    private func extra(_ extra: SchemaExtra) -> Draft {
        let owner = extra.table.map { " of \($0.text.shown)" } ?? ""
        let what = "the \(extra.kind.rawValue) \(extra.name.text.shown)\(owner)"
        var draft = Draft(
            "sqlite.extra", [extra.table, extra.name].compactMap { $0 },
            "The manifest does not name \(what) in \(database)",
            extra.table.map { places.place(of: $0) } ?? places.place())
        draft.doing = "Dropping \(what) in \(database.name)"
        draft.done = "Dropped \(what)"
        return draft
    }

    // MARK: Why nothing is done

    private func reason(_ change: PlannedChange) -> String? {
        if case .rewrite(let rewrite) = change.remedy, !rewrite.losses.isEmpty {
            return rewrite.losses.map(\.printable).joined(separator: ", and ")
        }
        let obstacles = change.obstacles
        guard let first = obstacles.first else { return nil }
        let reasons = obstacles.map(\.explanation.printable).joined(separator: ", and ")
        switch first {
        case .foreignOwner, .nameTaken, .notAutomatic: return nil
        case .inUse: return reasons
        case .waits where change.difference.isPragma: return "it is not set now, because \(reasons)"
        default: return "nothing is done about it, because \(reasons)"
        }
    }

    private func hint(_ change: PlannedChange) -> String? {
        switch (change.difference, change.obstacles.first) {
        case (_, nil): nil
        case (_, .duplicates): "decide which of the rows stay; none is ever deleted by itself"
        case (_, .checkFails), (_, .notNullFails), (_, .orphans), (_, .rows):
            "state a default or a backfill that fits the rows, or change the rows"
        case (_, .backfillFiresTriggers): "add the column and fill it by hand, with the triggers as you want them"
        case (_, .belongs):
            "give one of the two another name, or drop it by hand; with 'extras: drop' it is replaced at high risk"
        case (_, .nameTaken): "rename or move it; it is never dropped by itself"
        case (_, .renameRefused): "mend what SQLite names, or rename the column by hand"
        case (_, .contentsOfModule): "drop it and run again, if what it holds can be made anew"
        case (_, .columnsWouldGo):
            "name them in the manifest, in the places that they have; with 'extras: drop' they go, at high risk"
        case (.extra, _): "name it in the manifest, or drop it by hand; with 'extras: drop' it is dropped at high risk"
        case (.pragmaDiffers(let name, let expected, _), .inUse): byHand(name, expected)
        case (.newerApplication, _): "start the newer version of the application, or restore an older database"
        case (.foreignApplication, _): "check the path, or the application_id in the manifest"
        case (_, _?): nil
        }
    }
}

extension FindingWriter {
    /// What a person does about a property that only a new file takes on.
    fileprivate func byHand(_ pragma: String, _ value: String) -> String {
        let file = database.text.shellWord
        let command =
            switch pragma {
            case "page_size":
                // In WAL mode VACUUM leaves the size as it is.
                "sqlite3 \(file) 'PRAGMA journal_mode = delete; PRAGMA page_size = \(value); VACUUM'"
            case "encoding":
                "sqlite3 \(file) '.dump --preserve-rowids' | sqlite3 -cmd \"PRAGMA encoding = '\(value)'\" "
                    + "\((database.text + ".new").shellWord) && mv \((database.text + ".new").shellWord) \(file)"
            default: "sqlite3 \(file) 'PRAGMA \(pragma) = \(value); VACUUM'"
            }
        return "stop the application, keep a copy, and run: \(command)"
    }
}

extension String {
    /// As one word of a shell's command.
    fileprivate var shellWord: String {
        let text = hasPrefix("-") ? "./" + self : self
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return plain ? text : "'" + text.printable.replacing("'", with: "'\\''") + "'"
    }
}

extension [AspectDifference] {
    fileprivate var explanation: String { map(\.explanation.printable).joined(separator: ", ") }

    fileprivate var evidence: [Evidence] {
        flatMap { difference in
            [
                Evidence("expected \(difference.aspect.rawValue)", difference.expected.printable),
                Evidence("found \(difference.aspect.rawValue)", difference.found.printable),
            ]
        }
    }
}

extension SchemaDifference {
    fileprivate var isPragma: Bool {
        if case .pragmaDiffers = self { true } else { false }
    }
}
