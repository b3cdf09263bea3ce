import Foundation
import Testing

/// What stands in the place of a database is told apart, and what is damaged is healed only as far as the manifest asks.
@Suite(.serialized) struct DamageTests {
    /// An application with one database of 3000 rows.
    private func application(_ more: String = "", columns: String = "") async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            databases:
              a.db:
                tables:
                  t:
                    columns: {id: INTEGER PRIMARY KEY, x: TEXT, k: INT\(columns)}
                    indexes: {i: [x], u: {on: [k], unique: true}}
            \(more.isEmpty ? "" : "    \(more)")

            """)
        _ = try await sandbox.sqlite(
            "a.db",
            """
            CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT, k INT); CREATE INDEX i ON t(x); CREATE UNIQUE INDEX u ON t(k);
            INSERT INTO t SELECT value, printf('%0100d', value), value FROM generate_series(1, 3000)
            """)
        return sandbox
    }

    /// Overwrites pages of the table in its middle.
    private func damage(_ sandbox: Sandbox) async throws {
        _ = try await sandbox.shell(
            """
            page=$(sqlite3 a.db "SELECT pageno FROM dbstat WHERE name = 't' AND pagetype = 'leaf' LIMIT 1 OFFSET 30")
            dd if=/dev/urandom of=a.db bs=4096 seek=$((page - 1)) count=1 conv=notrunc status=none
            """)
    }

    /// As if the index had been copied from an older state of the database.
    private func breakIndex(_ sandbox: Sandbox, _ index: String, meanwhile sql: String) async throws {
        let answer = try await sandbox.shell(
            """
            python3 - <<'END'
            import sqlite3
            c = sqlite3.connect("a.db", isolation_level=None)
            c.execute("PRAGMA writable_schema=ON")
            row = c.execute("SELECT * FROM sqlite_schema WHERE name = '\(index)'").fetchone()
            c.execute("DELETE FROM sqlite_schema WHERE name = '\(index)'")
            c.execute("PRAGMA writable_schema=RESET")
            c.executescript("\(sql)")
            c.execute("PRAGMA writable_schema=ON")
            c.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)
            c.execute("PRAGMA writable_schema=RESET")
            END
            """)
        #expect(answer.status == 0, "\(answer.all)")
    }

    private func ids(_ answer: Answer) throws -> [String] {
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        return checks.flatMap { check in
            ((check["findings"] as? [[String: any Sendable]]) ?? []).compactMap { $0["id"] as? String }
        }
    }

    // MARK: Told apart

    static let states: [(String, String, Int32)] = [
        (": > a.db", "sqlite.file.empty", 1),
        ("printf x > a.db", "sqlite.file.not-a-database", 1),
        ("yes 'some text' | head -c 20000 > a.db", "sqlite.file.not-a-database", 1),
        ("head -c 40960 /dev/urandom > a.db", "sqlite.file.not-a-database", 1),
        // As an encrypted database is: of the right size, and nothing to recognise.
        ("head -c $(stat -c %s a.db) /dev/urandom > b && cat b > a.db && rm b", "sqlite.file.not-a-database", 1),
        ("truncate -s -1 a.db", "sqlite.file.truncated", 1),
        ("truncate -s -4096 a.db", "sqlite.file.truncated", 1),
        ("truncate -s $(($(stat -c %s a.db) / 2)) a.db", "sqlite.file.truncated", 1),
        // The page where the schema is.
        ("head -c 3000 /dev/urandom | dd of=a.db bs=1 seek=100 conv=notrunc status=none", "sqlite.file.damaged", 1),
        ("printf '\\003\\003' | dd of=a.db bs=1 seek=18 conv=notrunc status=none", "sqlite.file.newer-format", 1),
        ("rm a.db && mkdir a.db", "sqlite.file.kind", 1),
        (
            """
            python3 -c "
            import os, sqlite3
            c = sqlite3.connect('a.db', isolation_level=None)
            c.execute('PRAGMA cache_size=5'); c.execute('PRAGMA cache_spill=5')
            c.execute('BEGIN IMMEDIATE'); c.execute('UPDATE t SET x = 1'); os._exit(0)"
            """, "sqlite.file.journal", 1
        ),
        (Self.killedInWALMode, "sqlite.file.log", 0), (Self.killedInWALMode + "\nrm a.db-shm", "sqlite.file.log", 0),
    ]
    static let killedInWALMode = """
        python3 -c "
        import os, sqlite3
        c = sqlite3.connect('a.db', isolation_level=None)
        c.execute('PRAGMA journal_mode=WAL'); c.execute('INSERT INTO t VALUES (9999, NULL, NULL)'); os._exit(0)"
        """

    /// With `report`, which is the default, not a byte is changed, whatever risk is allowed.
    @Test(arguments: states) func toldApartAndLeftAlone(_ script: String, _ id: String, _ status: Int32) async throws {
        let sandbox = try await application()
        #expect(try await sandbox.shell(script).status == 0)
        let before = try sandbox.listing()
        let check = try await sandbox.validate("--check-only", "--format", "json")
        #expect(try ids(check) == [id] && check.status == status, "\(check.all)")
        #expect(try sandbox.listing() == before)
        guard id != "sqlite.file.journal" else { return }
        let heal = try await sandbox.heal("--max-risk", "high")
        #expect(heal.status == status, "\(heal.all)")
        #expect(try sandbox.listing().filter { !$0.key.hasPrefix(".selfheal") } == before)
    }

    @Test func aLogThatSomebodyUsesIsNothing() async throws {
        let sandbox = try await application()
        let check = try await sandbox.shell(
            """
            sqlite3 a.db "PRAGMA journal_mode=WAL" > /dev/null
            coproc app { sqlite3 a.db; }
            echo "INSERT INTO t VALUES (9999, NULL, NULL); SELECT 'ready';" >&"${app[1]}"
            read -r line <&"${app[0]}"
            [ -s a.db-wal ] && "$BIN/validate-startup" --check-only --format json
            """)
        #expect(try ids(check) == [] && check.status == 0, "\(check.all)")
    }

    @Test func aLockedOne() async throws {
        let sandbox = try await application()
        let check = try await sandbox.shell(
            """
            coproc app { sqlite3 a.db; }
            echo "BEGIN EXCLUSIVE; SELECT 'ready';" >&"${app[1]}"
            read -r line <&"${app[0]}"
            "$BIN/validate-startup" --check-only --timeout 1
            exit $?
            """)
        #expect(check.status == 1 && check.output.contains("locked by another process"), "\(check.all)")
    }

    /// Pages that reading the schema does not touch: seen only by who asks for it.
    @Test(arguments: [("", 0), ("integrity: none", 0), ("integrity: quick", 1), ("integrity: full", 1)])
    func pagesOfATable(_ setting: String, _ status: Int32) async throws {
        let sandbox = try await application(setting)
        try await damage(sandbox)
        let check = try await sandbox.validate("--check-only", "--format", "json")
        #expect(check.status == status, "\(check.all)")
        #expect(try ids(check) == (status == 0 ? [] : ["sqlite.file.damaged"]))
    }

    /// Before anything is changed the pages are always looked at.
    @Test func aDamagedOneIsNotAddedTo() async throws {
        let sandbox = try await application(columns: ", late: TEXT")
        try await damage(sandbox)
        let before = try sandbox.listing()
        let heal = try await sandbox.heal()
        #expect(heal.status == 1 && heal.output.contains("is damaged"), "\(heal.all)")
        #expect(try sandbox.listing().filter { !$0.key.hasPrefix(".selfheal") } == before)
    }

    // MARK: Indexes

    @Test func aBrokenIndexIsBuiltAnew() async throws {
        let sandbox = try await application("integrity: full")
        try await breakIndex(
            sandbox, "i", meanwhile: "INSERT INTO t VALUES (5000, 'n', 5000); DELETE FROM t WHERE id < 50")
        let before = try sandbox.listing()
        let rows = try await sandbox.sqlite("a.db", "SELECT count(*), sum(id), sum(length(x)) FROM t NOT INDEXED")
        let check = try await sandbox.validate("--check-only", "--format", "json")
        #expect(try ids(check) == ["sqlite.index.broken"] && check.status == 1, "\(check.all)")
        #expect(try await sandbox.heal("--dry-run").output.contains("REINDEX main.\"i\""))
        #expect(try sandbox.listing() == before)
        let heal = try await sandbox.heal()
        #expect(heal.status == 0 && heal.output.contains("✓ Built index i anew"), "\(heal.all)")
        #expect(try await sandbox.sqlite("a.db", "PRAGMA integrity_check") == "ok")
        #expect(try await sandbox.sqlite("a.db", "SELECT count(*), sum(id), sum(length(x)) FROM t NOT INDEXED") == rows)
        let healed = try sandbox.listing()
        #expect(try await sandbox.heal().status == 0)
        #expect(try sandbox.listing() == healed)
    }

    /// A column is added in the same transaction.
    @Test func togetherWithWhatIsMissing() async throws {
        let sandbox = try await application("integrity: quick", columns: ", late: TEXT")
        try await breakIndex(sandbox, "i", meanwhile: "DELETE FROM t WHERE id < 50")
        // Without entries of its indexes being examined, nothing is in the way.
        #expect(try await sandbox.heal().status == 0)
        try sandbox.write(
            "schemas.yaml",
            sandbox.read("schemas.yaml").replacing("quick", with: "full").replacing(
                "late: TEXT", with: "late: TEXT, more: TEXT"))
        let heal = try await sandbox.heal()
        #expect(heal.status == 0, "\(heal.all)")
        #expect(try await sandbox.sqlite("a.db", "PRAGMA integrity_check; SELECT count(more) FROM t") == "ok\n0")
    }

    @Test func duplicatesAreCounted() async throws {
        let sandbox = try await application("integrity: full")
        try await breakIndex(
            sandbox, "u",
            meanwhile:
                "UPDATE t SET k = 7 WHERE id IN (8, 9); UPDATE t SET k = 20 WHERE id = 21; UPDATE t SET k = NULL WHERE id IN (30, 31)"
        )
        let before = try sandbox.listing()
        let heal = try await sandbox.heal("--max-risk", "high")
        #expect(
            heal.status == 1 && heal.output.contains("because 2 groups of rows share the same values"), "\(heal.all)")
        #expect(try sandbox.listing().filter { !$0.key.hasPrefix(".selfheal") } == before)
    }

    @Test func rowsThatBreakAConstraintAreNamed() async throws {
        let sandbox = try await application("integrity: full")
        try await breakIndex(sandbox, "i", meanwhile: "DELETE FROM t WHERE id < 50")
        _ = try await sandbox.sqlite(
            "a.db",
            """
            CREATE TABLE other (a); INSERT INTO other VALUES (NULL), (NULL); PRAGMA writable_schema=ON;
            UPDATE sqlite_schema SET sql = 'CREATE TABLE other (a NOT NULL)' WHERE name = 'other'
            """)
        let check = try await sandbox.validate("--check-only", "--format", "json")
        #expect(try ids(check) == ["sqlite.index.broken", "sqlite.table.invalid-rows"], "\(check.all)")
        let heal = try await sandbox.heal()
        #expect(heal.status == 2 && heal.output.contains("a.db holds 2 rows that break constraints"), "\(heal.all)")
        #expect(try await sandbox.sqlite("a.db", "SELECT count(*) FROM other") == "2")
    }

    /// The pages of an index are pages like others: nothing is built anew on them.
    @Test func anIndexWhosePagesAreDamaged() async throws {
        let sandbox = try await application("integrity: full")
        _ = try await sandbox.shell(
            """
            page=$(sqlite3 a.db "SELECT pageno FROM dbstat WHERE name = 'i' AND pagetype = 'leaf' LIMIT 1 OFFSET 5")
            dd if=/dev/zero of=a.db bs=4096 seek=$((page - 1)) count=1 conv=notrunc status=none
            """)
        let before = try sandbox.listing()
        let heal = try await sandbox.heal("--max-risk", "high")
        #expect(heal.status == 1 && heal.output.contains("is damaged"), "\(heal.all)")
        #expect(try sandbox.listing().filter { !$0.key.hasPrefix(".selfheal") } == before)
    }

    // MARK: Salvage and restore

    private func count(_ sandbox: Sandbox) async throws -> Int {
        try #require(Int(try await sandbox.sqlite("a.db", "SELECT count(*) FROM t WHERE x = printf('%0100d', id)")))
    }

    private func kept(_ sandbox: Sandbox) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: sandbox.root).filter { $0.hasPrefix("a.db.damaged-") }
            .sorted()
    }

    @Test func salvagedWithLeave() async throws {
        let sandbox = try await application("integrity: quick\n    on_corrupt: salvage", columns: ", late: TEXT")
        try await damage(sandbox)
        let damaged = try sandbox.listing()
        let bytes = try Data(contentsOf: URL(filePath: sandbox.path("a.db")))
        // Not without leave, not in a dry run, not by validate-startup.
        #expect(
            try await sandbox.heal("--dry-run", "--max-risk", "high").output.contains("copy what can be read of a.db"))
        let withheld = try await sandbox.heal("--dry-run")
        #expect(withheld.output.contains("withheld: its risk is high"), "\(withheld.all)")
        #expect(try sandbox.listing() == damaged)
        #expect(try await sandbox.heal().status == 1)
        #expect(try await sandbox.validate().status == 1)
        #expect(try sandbox.listing().filter { !$0.key.hasPrefix(".selfheal") } == damaged)

        let heal = try await sandbox.heal("--max-risk", "high")
        #expect(heal.status == 0 && heal.output.contains("nothing could be read of the rowids"), "\(heal.all)")
        // What is missing in the new database was healed in the same run.
        #expect(try await sandbox.sqlite("a.db", "PRAGMA integrity_check; SELECT count(late) FROM t") == "ok\n0")
        let rows = try await count(sandbox)
        #expect(rows > 2950 && rows < 3000)
        let name = try #require(try kept(sandbox).first)
        #expect(try Data(contentsOf: URL(filePath: sandbox.path(name))) == bytes)
        let healed = try sandbox.listing()
        #expect(try await sandbox.heal("--max-risk", "high").status == 0)
        #expect(try sandbox.listing() == healed)
        #expect(
            try await sandbox.sqlite(".selfheal/journal.db", "SELECT detail FROM repair WHERE risk = 'high'")
                .contains("the damaged database is kept as \(name)"))
    }

    @Test func restoredWithLeave() async throws {
        let sandbox = try await application("on_corrupt: restore")
        _ = try await sandbox.shell("truncate -s 50000 a.db")
        let damaged = try sandbox.listing()
        let none = try await sandbox.heal("--max-risk", "high")
        #expect(none.status == 1 && none.output.contains("there is no good backup of it"), "\(none.all)")
        #expect(try sandbox.listing().filter { !$0.key.hasPrefix(".selfheal") } == damaged)
        _ = try await sandbox.shell(
            """
            mkdir -p .selfheal/backups/a.db
            sqlite3 .selfheal/backups/a.db/20260101T000000.000Z-run1.db "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, k INT); INSERT INTO t VALUES (1, printf('%0100d', 1), 1)"
            printf half > .selfheal/backups/a.db/20260102T000000.000Z-run2.db
            """)
        let before = try sandbox.listing()
        let dry = try await sandbox.heal("--dry-run", "--max-risk", "high")
        #expect(dry.output.contains("20260101T000000.000Z-run1.db"), "\(dry.all)")
        #expect(try sandbox.listing() == before)
        let heal = try await sandbox.heal("--max-risk", "high")
        #expect(
            heal.status == 0 && heal.output.contains("Restored a.db from backup 20260101T000000.000Z-run1.db"),
            "\(heal.all)")
        #expect(
            try await sandbox.sqlite("a.db", "PRAGMA integrity_check; SELECT count(*) FROM t INDEXED BY i") == "ok\n1")
        #expect(try kept(sandbox).count == 1)
    }

    /// At every moment the old or the new database has the name, and the next run ends what was begun.
    @Test(arguments: ["salvage", "restore"]) func killedAtAnyMoment(_ policy: String) async throws {
        var killed = 0
        for strike in 1...12 {
            let sandbox = try await application("integrity: quick\n    on_corrupt: \(policy)")
            _ = try await sandbox.shell(
                """
                mkdir -p .selfheal/backups/a.db
                sqlite3 a.db "VACUUM INTO '.selfheal/backups/a.db/20260101T000000.000Z-run1.db'"
                """)
            try await damage(sandbox)
            let bytes = try Data(contentsOf: URL(filePath: sandbox.path("a.db")))
            let seconds = 0.008 * pow(1.28, Double(strike))
            let answer = try await sandbox.shell(
                "export LLVM_PROFILE_FILE=/dev/null; timeout -s KILL \(seconds) $BIN/auto-heal --max-risk high > /dev/null"
            )
            killed += answer.status == 0 ? 0 : 1
            let names = try FileManager.default.contentsOfDirectory(atPath: sandbox.root)
            #expect(names.contains("a.db"))
            let now = try Data(contentsOf: URL(filePath: sandbox.path("a.db")))
            #expect(now == bytes || now.count > 100_000, "killed after \(seconds) s")
            let heal = try await sandbox.heal("--max-risk", "high")
            #expect(heal.status == 0, "killed after \(seconds) s\n\(heal.all)")
            #expect(try await count(sandbox) > 2950)
            #expect(try await sandbox.sqlite("a.db", "PRAGMA integrity_check") == "ok")
            for name in try kept(sandbox) { #expect(try Data(contentsOf: URL(filePath: sandbox.path(name))) == bytes) }
            #expect(try !kept(sandbox).isEmpty)
            let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.root).filter {
                $0.contains(".selfheal-")
            }
            #expect(left == [], "killed after \(seconds) s")
        }
        print("\(policy): killed in the middle: \(killed) of 12 runs, nothing lost")
        #expect(killed >= 3)
    }

    /// The moment between the two names cannot be hit at will: it is made here.
    @Test(arguments: [true, false]) func whatIsHalfReplacedIsEndedAndNeverMadeAnew(_ hasLinks: Bool) async throws {
        let sandbox = try await application()
        let stamp = "20260131T235959.123Z"
        _ = try await sandbox.shell(
            """
            cp a.db a.db.salvaged-\(stamp).db
            sqlite3 a.db.salvaged-\(stamp).db "DELETE FROM t WHERE id > 100"
            \(hasLinks ? "ln" : "mv") a.db a.db.damaged-\(stamp)
            """)
        let before = try sandbox.listing()
        let check = try await sandbox.validate("--check-only", "--format", "json")
        #expect(try ids(check) == ["sqlite.file.replacement"] && check.status == 1, "\(check.all)")
        #expect(try sandbox.listing() == before)
        let healed = try await sandbox.validate()
        #expect(healed.status == 0, "\(healed.all)")
        #expect(try await count(sandbox) == 100)
        #expect(try kept(sandbox) == ["a.db.damaged-\(stamp)"])
    }
}
