import Foundation
import Testing

/// Names that the manifest may not give, files that have two, and what lies in a folder without being asked for.
@Suite struct NamesTests {
    private static let table = "tables: {t: {columns: {id: INTEGER PRIMARY KEY}}}"

    @Test(arguments: [
        ("databases: {.selfheal/journal.db: {\(table)}}", "journal"),
        ("directories: [.selfheal]", "journal"),
        ("files: [{path: .selfheal/unfinished, template: t}]", "journal"),
        ("env: {file: .selfheal/env}", "journal"),
        ("databases: {a.db-wal: {\(table)}}", "SQLite itself"),
        ("databases: {a.db: {\(table)}}\ndirectories: [a.db-journal]", "SQLite itself"),
        ("databases: {a.db: {\(table)}}\nfiles: [{path: a.db-shm, template: t}]", "SQLite itself"),
    ])
    func namesThatBelongToOthers(section: String, part: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\n\(section)\n")
        try sandbox.write("t", "x")
        let before = try sandbox.listing()
        for tool in ["validate-startup", "auto-heal"] {
            let answer = try await sandbox.tool(tool)
            #expect(answer.status == 78 && answer.errors.contains(part), "\(answer.all)")
            #expect(answer.errors.contains("schemas.yaml:"), "\(answer.all)")
        }
        #expect(try sandbox.listing() == before)
    }

    @Test(arguments: ["ln -s a.db b.db", "ln a.db b.db"]) func oneFileUnderTwoNames(link: String) async throws {
        let sandbox = try Sandbox()
        _ = try await sandbox.sqlite("a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
        _ = try await sandbox.shell(link)
        try sandbox.write(
            "schemas.yaml", "version: 1\ndatabases:\n  a.db: {\(Self.table)}\n  b.db: {\(Self.table)}\n")
        let answer = try await sandbox.heal()
        #expect(answer.status == 78, "\(answer.all)")
        #expect(
            answer.errors.contains("schemas.yaml:4:3: 'b.db' and 'a.db' are one file"), "\(answer.all)")
    }

    @Test func aLinkThatLeavesTheRootConcernsOnlyItself() async throws {
        let sandbox = try Sandbox()
        let outside = try Sandbox()
        _ = try await outside.sqlite("far.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
        _ = try await sandbox.shell("mkdir tenants; ln -s \(outside.path("far.db")) tenants/far.db")
        _ = try await sandbox.sqlite("tenants/near.db", "CREATE TABLE other (x)")
        try sandbox.write("schemas.yaml", "version: 1\ndatabases: {tenants/*.db: {\(Self.table)}}\n")
        let before = try outside.listing()
        let answer = try await sandbox.heal()
        #expect(answer.status == 1 && answer.all.contains("tenants/far.db"), "\(answer.all)")
        #expect(answer.all.contains("leaves the application's root"), "\(answer.all)")
        #expect(try await sandbox.sqlite("tenants/near.db", "SELECT count(*) FROM t") == "0")
        #expect(try outside.listing() == before)
    }

    @Test func aDirectoryForADatabaseGetsItsStatedMode() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            "version: 1\ndirectories: [{path: data, mode: \"0750\"}]\ndatabases: {data/sub/a.db: {\(Self.table)}}\n")
        let answer = try await sandbox.heal("--db-only")
        #expect(answer.status == 0, "\(answer.all)")
        #expect(try await sandbox.shell("stat -c %a data data/sub").output == "750\n755\n")
        #expect(try await sandbox.validate("--check-only").status == 0)
    }

    @Test func aSchemaFileFillsANewDatabaseOnly() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "db.sql",
            """
            BEGIN;
            CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
            INSERT INTO kind (name) VALUES ('one'), ('two;');
            CREATE TABLE log (n);
            CREATE TRIGGER t AFTER INSERT ON kind BEGIN INSERT INTO log VALUES (1); END;
            INSERT INTO kind (name) VALUES ('three');
            UPDATE kind SET name = upper(name) WHERE id = 1;
            COMMIT;
            """)
        try sandbox.write("schemas.yaml", "version: 1\ndatabases: {a.db: {schema: db.sql}}\n")
        #expect(try await sandbox.heal().status == 0)
        #expect(try await sandbox.sqlite("a.db", "SELECT group_concat(name) FROM kind") == "ONE,two;,three")
        #expect(try await sandbox.sqlite("a.db", "SELECT count(*) FROM log") == "1")
        _ = try await sandbox.sqlite("a.db", "DELETE FROM kind WHERE id = 2; DROP TABLE log; DROP TRIGGER t")
        #expect(try await sandbox.heal().status == 0)
        #expect(try await sandbox.sqlite("a.db", "SELECT group_concat(name) FROM kind") == "ONE,three")
        #expect(try await sandbox.sqlite("a.db", "SELECT count(*) FROM log") == "0")
    }

    @Test func aDatabaseIsMadeInTheStatedJournalMode() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            "version: 1\ndatabases: {a.db: {\(Self.table), pragmas: {journal_mode: wal, user_version: 3}}}\n")
        #expect(try await sandbox.heal().status == 0)
        #expect(!sandbox.exists("a.db-wal") && !sandbox.exists("a.db-shm"))
        #expect(try await sandbox.validate("--check-only").status == 0)
        #expect(try await sandbox.sqlite("a.db", "PRAGMA journal_mode") == "wal")
    }

    @Test(arguments: ["a.db", "a.db-wal", "schemas.yaml", "data", ".selfheal/report"])
    func aReportReplacesNothingOfTheApplications(output: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [data]\ndatabases: {a.db: {\(Self.table)}}\n")
        _ = try await sandbox.heal()
        let before = try sandbox.listing()
        let answer = try await sandbox.heal("--output", output)
        #expect(answer.status == 64 && answer.errors.contains("--output \(output)"), "\(answer.all)")
        #expect(try sandbox.listing() == before)
    }

    @Test func aDamagedDatabaseIsLeftAsItIs() async throws {
        let sandbox = try Sandbox()
        _ = try await sandbox.sqlite(
            "a.db",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t(x) SELECT hex(randomblob(50)) FROM generate_series(1, 2000)"
        )
        _ = try await sandbox.shell("printf 'XXXXXXXXXXXXXXXX' | dd of=a.db bs=1 seek=40960 conv=notrunc status=none")
        try sandbox.write(
            "schemas.yaml",
            "version: 1\ndatabases: {a.db: {tables: {t: {columns: {id: INTEGER PRIMARY KEY, x: TEXT, y: INT}}}}}\n")
        let sum = try await sandbox.shell("sha256sum a.db").output
        let answer = try await sandbox.heal()
        #expect(answer.status == 1 && answer.all.contains("damaged"), "\(answer.all)")
        #expect(try await sandbox.shell("sha256sum a.db").output == sum)
    }

    @Test func oneDatabaseOverTwoFilesIsOneDatabase() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml", "version: 1\ninclude: [more.yaml]\ndatabases: {a.db: {tables: {t: {columns: {x: INT}}}}}\n")
        try sandbox.write("more.yaml", "version: 1\ndatabases: {a.db: {tables: {u: {columns: {x: INT}}}}}\n")
        let answer = try await sandbox.heal()
        #expect(answer.status == 0, "\(answer.all)")
        #expect(try await sandbox.sqlite("a.db", "SELECT group_concat(name) FROM sqlite_schema") == "t,u")
    }

    @Test func aWrongCommandLineIsSaidAsJSONToo() async throws {
        let sandbox = try Sandbox()
        for arguments in [
            ["--nosuch", "--format", "json"], ["--format=json", "--jobs", "x"], ["--format", "json", "--jobs", "0"],
        ] {
            let answer = try await sandbox.tool("validate-startup", arguments)
            #expect(answer.status == 64, "\(answer.all)")
            let json = try Sandbox.json(answer.output)
            #expect(json["format"] as? String == "selfheal-error/1" && json["exitStatus"] as? Int == 64)
            #expect((json["errors"] as? [[String: Any]])?.isEmpty == false && answer.errors.contains("[ERROR] "))
        }
        let help = try await sandbox.tool("validate-startup", ["--format", "json", "--help"])
        #expect(help.status == 0 && help.output.contains("USAGE"))
    }
}
