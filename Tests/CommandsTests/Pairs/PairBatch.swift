import Foundation
import Testing

/// Some pairs below one root, healed by one run.
final class PairBatch {
    enum Ending { case healed, unchanged, partly }

    struct Result {
        var ending: Ending
        var reasons: [String]
    }

    /// A database as it is at one time.
    private struct State {
        var picture: SchemaPicture
        var rows: DatabaseRows
        var faults: [String]
        /// Rows that reference a missing one; -1 when SQLite cannot say, because the keys do not fit.
        var orphans: Int
        var journalMode: String

        init(_ path: String) throws {
            let database = try RawDatabase(path)
            picture = try SchemaPicture(database)
            rows = try DatabaseRows(database, picture)
            // SQLite 3.40 looks for the values of tables without rowids in the wrong columns.
            faults = try database.rows("PRAGMA integrity_check").map { $0[0].string }
                .filter { $0 != "ok" && !$0.contains(" value in ") }
            journalMode = try database.rows("PRAGMA journal_mode")[0][0].string
            orphans = (try? database.rows("PRAGMA foreign_key_check").count) ?? -1
        }

        func isOther(than other: State?) -> Bool {
            guard let other else { return true }
            // SQLite keeps the counter of AUTOINCREMENT for ever once it has one.
            return picture != other.picture || journalMode != other.journalMode || rows.tables != other.rows.tables
        }
    }

    private struct Found {
        var messages: [String]
        /// Identifiers and subjects.
        var keys: [String]
        var isNamed: Bool
        var healed: Int
    }

    private(set) var invalid = 0
    private(set) var results: [Result] = []
    private let sandbox: Sandbox
    private var pairs: [SchemaPair] = []
    private var before: [Int: State] = [:]
    private let oracle: TypeOracle

    init(_ candidates: [SchemaPair]) throws {
        sandbox = try Sandbox()
        oracle = try TypeOracle()
        for pair in candidates {
            do {
                let fresh = try RawDatabase(sandbox.path("fresh-" + pair.database))
                try fresh.execute("BEGIN;" + pair.new.joined(separator: ";") + ";COMMIT")
                let old = try RawDatabase(sandbox.path(pair.database))
                _ = try old.rows("PRAGMA journal_mode = \(pair.journalMode)")
                try old.execute("BEGIN;" + pair.old.joined(separator: ";") + ";COMMIT")
                try old.execute("BEGIN")
                for row in pair.rows { _ = old.refusal(of: row) }
                try old.execute("COMMIT")
            } catch {
                invalid += 1
                print("seed \(pair.seed): \(error)")
                continue
            }
            before[pair.seed] = try State(sandbox.path(pair.database))
            try sandbox.write(pair.script, pair.new.map { $0 + ";\n" }.joined())
            pairs.append(pair)
        }
        let entries = pairs.map(\.entry).joined()
        try sandbox.write("schemas.yaml", "version: 1\ndatabases:\n\(entries)policy: {max_risk: high}\n")
    }

    func run() async throws {
        guard !pairs.isEmpty else { return }
        let start = try bytes()
        let dry = try await report("auto-heal", "--dry-run")
        for pair in pairs where try bytes(pair) != start[pair.seed] { fail(pair, "a dry run changes the file") }

        let heal = try await report("auto-heal")
        let healed = try bytes()
        for pair in pairs {
            guard let found = heal[pair.database] else {
                fail(pair, "the report does not speak of it")
                continue
            }
            check(pair, found, isSame: start[pair.seed] == healed[pair.seed])
            if let planned = dry[pair.database], found.messages.isEmpty, planned.healed > 0 {
                fail(pair, "a dry run says that something is healed")
            }
        }

        let again = try await report("auto-heal")
        for pair in pairs {
            if try bytes(pair) != healed[pair.seed] { fail(pair, "a second run changes the file") }
            let keys = again[pair.database]?.keys ?? ["no report"]
            if again[pair.database]?.healed != 0 { fail(pair, "a second run heals something") }
            if keys != heal[pair.database]?.keys { fail(pair, "a second run finds \(keys)") }
        }

        // What a heal did in several rounds is taken back round by round, the last one first.
        var said = ""
        for _ in 0..<6 {
            let undo = try await sandbox.tool("selfheal", ["undo"])
            guard undo.status != 64 else { break }
            said += undo.all
            if undo.status != 0 { break }
        }
        for pair in pairs where try State(sandbox.path(pair.database)).isOther(than: before[pair.seed]) {
            let lines = said.split(separator: "\n").filter { $0.contains(pair.database) }
            fail(pair, "undo does not bring back what was: \(lines.joined(separator: "\n"))")
        }
    }

    private func fail(_ pair: SchemaPair, _ what: String) {
        Testing.Issue.record("\(what)\n\(pair.description)")
    }

    private func bytes(_ pair: SchemaPair) throws -> Data {
        try Data(contentsOf: URL(filePath: sandbox.path(pair.database)))
    }

    private func bytes() throws -> [Int: Data] {
        try Dictionary(uniqueKeysWithValues: pairs.map { ($0.seed, try bytes($0)) })
    }

    // MARK: Reports

    private func report(_ tool: String, _ arguments: String...) async throws -> [String: Found] {
        let answer = try await sandbox.tool(tool, ["--format", "json", "--output", "report.json"] + arguments)
        guard answer.status <= 2 else {
            Testing.Issue.record("seeds \(pairs.map(\.seed)): exit status \(answer.status): \(answer.all.suffix(2000))")
            return [:]
        }
        let report = try Sandbox.json(try sandbox.read("report.json"))
        try sandbox.remove("report.json")
        var failures: [String: [String]] = [:]
        for repair in report["repairs"] as? [[String: any Sendable]] ?? [] {
            let finding = repair["finding"] as? [String: any Sendable]
            let outcome = repair["outcome"] as? String ?? ""
            guard outcome != "applied", outcome != "unneeded", let subject = finding?["subject"] as? String else {
                continue
            }
            let database = subject.split(separator: ".db", maxSplits: 1)[0] + ".db"
            failures[String(database), default: []].append("\(outcome): \(repair["reason"] as? String ?? "")")
        }
        var found: [String: Found] = [:]
        for check in report["checks"] as? [[String: any Sendable]] ?? [] {
            guard let database = check["subject"] as? String else { continue }
            let findings = check["findings"] as? [[String: any Sendable]] ?? []
            let messages = findings.map { "\($0["message"] as? String ?? "")" }
            let names = findings.allSatisfy { finding in
                let message = finding["message"] as? String ?? ""
                return message.contains("because") || finding["hint"] is String
                    || finding["repair"] is [String: any Sendable]
            }
            let healed = check["healed"] as? [any Sendable] ?? []
            found[database] = Found(
                messages: messages.sorted() + (failures[database] ?? []),
                keys: findings.map { "\($0["id"] ?? "") \($0["subject"] ?? "")" }.sorted(), isNamed: names,
                healed: healed.count)
        }
        return found
    }

    /// A message without names and numbers.
    private static func kind(of message: String) -> String {
        let known = [
            "have no", "hold no whole number", "hold no", "break CHECK", "reference a row of", "share the same values",
            "would break its CHECK", "would be NULL", "NOT NULL without a default", "would reference a row",
            "cannot be carried over", "its contents", "something else has that name", "must be there first",
            "never done automatically", "would fire", "failed:", "undone:", "refused:", "speak of each other",
            "datatype for", "already exists", "would not work",
        ]
        guard let phrase = known.first(where: message.contains) else { return message }
        return phrase.hasSuffix(":") ? message : phrase
    }

    // MARK: Properties

    private func check(_ pair: SchemaPair, _ found: Found, isSame: Bool) {
        do {
            guard let old = before[pair.seed] else { return }
            let new = try State(sandbox.path(pair.database))
            let fresh = try State(sandbox.path("fresh-" + pair.database))
            results.append(
                Result(
                    ending: found.messages.isEmpty ? .healed : isSame ? .unchanged : .partly,
                    reasons: found.messages.map(Self.kind)))
            if found.messages.isEmpty {
                let lacks = new.picture.lacks(of: fresh.picture, exactly: pair.dropsExtras, old: old.picture)
                if new.journalMode != pair.statedMode ?? pair.journalMode {
                    fail(pair, "the journal mode is \(new.journalMode)")
                }
                if !lacks.isEmpty { fail(pair, "healed is not like new: \(lacks.joined(separator: "\n"))") }
            } else if !found.isNamed {
                fail(pair, "no reason is given: \(found.messages)")
            }
            if found.healed == 0, !isSame { fail(pair, "nothing is healed, and the file has changed") }
            for loss in try losses(renamed(old, as: pair, in: new), new, fresh, pair) { fail(pair, loss) }
            if old.faults == [], new.faults != [] { fail(pair, "integrity: \(new.faults)") }
            if old.orphans >= 0, new.orphans > old.orphans {
                fail(pair, "\(new.orphans) orphans, before \(old.orphans)")
            }
            if found.messages.isEmpty, pair.dropsExtras {
                for difference in try differencesInUse(pair) { fail(pair, difference) }
            }
        } catch { fail(pair, "\(error)") }
    }

    /// The old state with the names that columns have now.
    private func renamed(_ old: State, as pair: SchemaPair, in new: State) -> State {
        var state = old
        for rename in pair.renames {
            let (table, from, to) = (rename.table.folded, rename.old.folded, rename.new.folded)
            guard let columns = new.picture.tables[table]?.columns, columns[from] == nil, columns[to] != nil else {
                continue
            }
            let definition = state.picture.tables[table]?.columns.removeValue(forKey: from)
            state.picture.tables[table]?.columns[to] = definition
            let value = state.picture.tables[table]?.defaults.removeValue(forKey: from)
            state.picture.tables[table]?.defaults[to] = value
            if let index = state.rows.tables[table]?.columns.firstIndex(of: from) {
                state.rows.tables[table]?.columns[index] = to
            }
        }
        return state
    }

    /// Rows of columns that are still there and not as they were.
    private func losses(_ old: State, _ new: State, _ fresh: State, _ pair: SchemaPair) throws -> [String] {
        let dropsExtras = pair.dropsExtras
        var losses: [String] = []
        for (name, table) in old.rows.tables {
            guard let after = new.rows.tables[name], let picture = new.picture.tables[name],
                let former = old.picture.tables[name]
            else {
                if !dropsExtras || fresh.picture.tables[name] != nil { losses.append("table \(name) is gone") }
                continue
            }
            for column in table.columns where picture.columns[column] == nil {
                if dropsExtras, fresh.picture.tables[name]?.columns[column] == nil { continue }
                losses.append("column \(name).\(column) is gone")
            }
            let columns = table.columns.filter { picture.columns[$0]?.hidden == 0 }
            // A column that becomes the rowid takes its values along.
            let alias = picture.alias
            let keepsRowids =
                table.rowids != nil && after.rowids != nil
                && (alias == nil || alias == former.alias || former.columns[alias ?? ""] == nil)
            let expected = try counts(table, columns, withRowids: keepsRowids) { value, column in
                var value = value
                if value == .null, picture.columns[column]?.isNotNull == true,
                    former.columns[column]?.isNotNull == false,
                    let backfill = try backfill(pair, name, column)
                {
                    value = backfill
                }
                guard !picture.isVirtual, let type = picture.columns[column]?.type else { return value }
                return try self.oracle.stored(value, type: type, isStrict: picture.isStrict)
            }
            let found = try counts(after, columns, withRowids: keepsRowids) { value, _ in value }
            if expected != found { losses.append("rows of \(name) \(columns): \(found), expected \(expected)") }
            losses += try unlikeDefaults(name, table, after, picture, pair)
            if let counter = old.rows.counters[name], new.picture.tables[name]?.counts == true, former.counts,
                new.rows.counters[name] != counter
            {
                losses.append("the counter of \(name) was \(counter): \(String(describing: new.rows.counters[name]))")
            }
        }
        return losses
    }

    /// Columns that are new and where rows that were there hold another value than a new row gets.
    private func unlikeDefaults(
        _ name: String, _ before: DatabaseRows.Table, _ after: DatabaseRows.Table, _ picture: SchemaPicture.Table,
        _ pair: SchemaPair
    ) throws -> [String] {
        var unlike: [String] = []
        for (place, column) in after.columns.enumerated() where !before.columns.contains(column) {
            guard let definition = picture.columns[column], definition.hidden == 0, definition.key == 0,
                !picture.isVirtual
            else { continue }
            let filled = try backfill(pair, name, column)
            let expected =
                try filled.map { try oracle.stored($0, type: definition.type, isStrict: picture.isStrict) ?? .null }
                ?? oracle.value(ofDefault: picture.defaults[column], type: definition.type, isStrict: picture.isStrict)
            let found = Set(after.rows.map { $0[place] }).subtracting([expected])
            if !found.isEmpty { unlike.append("new column \(name).\(column) holds \(found), expected \(expected)") }
        }
        return unlike
    }

    /// What the manifest fills a column with.
    private func backfill(_ pair: SchemaPair, _ table: String, _ column: String) throws -> RawDatabase.Value? {
        let backfill = pair.backfills.first { $0.table.folded == table && $0.column.folded == column }
        return try backfill.map { try RawDatabase().rows("SELECT \($0.value)")[0][0] }
    }

    private func counts(
        _ table: DatabaseRows.Table, _ columns: [String], withRowids: Bool,
        _ value: (RawDatabase.Value, String) throws -> RawDatabase.Value?
    ) throws -> [[RawDatabase.Value?]: Int] {
        let places = columns.compactMap { table.columns.firstIndex(of: $0) }
        var counts: [[RawDatabase.Value?]: Int] = [:]
        for (index, row) in table.rows.enumerated() {
            var key = try places.map { try value(row[$0], table.columns[$0]) }
            if withRowids, let rowids = table.rowids { key.append(.integer(rowids[index])) }
            counts[key, default: 0] += 1
        }
        return counts
    }

    /// What the healed database does otherwise than a new one, emptied of its rows.
    private func differencesInUse(_ pair: SchemaPair) throws -> [String] {
        let copy = sandbox.path("use-" + pair.database)
        try FileManager.default.copyItem(atPath: sandbox.path(pair.database), toPath: copy)
        let healed = try RawDatabase(copy)
        let fresh = try RawDatabase(sandbox.path("fresh-" + pair.database))
        let triggers = try healed.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        for trigger in triggers { try healed.execute("DROP TRIGGER \(trigger[0].string.alwaysQuoted)") }
        for table in try healed.rows(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') "
                + "AND name NOT LIKE 'sqlite\\_s%' ESCAPE '\\'")
        {
            try healed.execute("DELETE FROM \(table[0].string.alwaysQuoted)")
        }
        if try !healed.rows("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").isEmpty {
            try healed.execute("DELETE FROM sqlite_sequence")
        }
        for trigger in triggers { try healed.execute(trigger[1].string) }

        var differences: [String] = []
        let reads = try fresh.rows("SELECT name FROM sqlite_schema WHERE type = 'view'")
            .map { "SELECT count(*) FROM \($0[0].string.alwaysQuoted)" }
        for database in [healed, fresh] { try database.execute("PRAGMA foreign_keys = ON; BEGIN") }
        for statement in pair.writes + reads {
            let (first, second) = (healed.refusal(of: statement), fresh.refusal(of: statement))
            if (first == nil) != (second == nil) {
                differences.append("\(statement): \(first ?? "done") in the healed, \(second ?? "done") in a new one")
            }
        }
        let (a, b) = (
            try DatabaseRows(healed, SchemaPicture(healed)), try DatabaseRows(fresh, SchemaPicture(fresh))
        )
        if a.tables != b.tables {
            differences.append("after the same statements: \(a.tables), in a new one \(b.tables)")
        }
        return differences
    }
}

extension SchemaPicture.Table {
    /// The column that is the rowid.
    fileprivate var alias: String? {
        let keys = columns.filter { $0.value.key > 0 }
        guard hasRowid, keys.count == 1, let key = keys.first, key.value.type == "integer" else { return nil }
        return key.key
    }

    fileprivate var counts: Bool { parts.contains { $0.hasSuffix("primary key autoincrement") } }
}

extension String {
    fileprivate var alwaysQuoted: String { "\"\(replacing("\"", with: "\"\""))\"" }
}
