import Foundation
import Testing

/// What becomes of databases as a whole: damaged ones, new ones, those that several files state.
@Suite struct DatabaseCareTests {
    /// A page in the middle is overwritten: the file opens, its length is right, and only a check of its pages tells.
    @Test func aDamagedDatabaseIsLeftAsItIs() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml", "version: 1\ndatabases: {a.db: {tables: {t: {columns: {x: TEXT, y: TEXT}}}}}\n")
        _ = try await sandbox.sqlite(
            "a.db", "CREATE TABLE t(x TEXT); INSERT INTO t SELECT hex(randomblob(900)) FROM generate_series(1, 100)")
        _ = try await sandbox.shell("yes x | head -c 4096 | dd of=a.db bs=4096 seek=20 conv=notrunc status=none")
        #expect(try await sandbox.sqlite("a.db", "SELECT count(*) FROM pragma_table_info('t')") == "1")
        let before = try sandbox.listing()
        let answer = try await sandbox.heal()
        #expect(answer.status == 1 && answer.all.contains("damaged"), "\(answer.all)")
        var after = try sandbox.listing()
        for name in after.keys where name == ".selfheal" || name.hasPrefix(".selfheal/") { after[name] = nil }
        #expect(after == before)
    }

    @Test func oneDatabaseOverTwoIncludedFiles() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ninclude: [a.yaml, b.yaml]\n")
        try sandbox.write("a.yaml", "databases: {a.db: {tables: {users: {columns: {id: INTEGER}}}}}\n")
        try sandbox.write("b.yaml", "databases: {a.db: {tables: {orders: {columns: {id: INTEGER}}}}}\n")
        let answer = try await sandbox.heal()
        #expect(answer.status == 0, "\(answer.all)")
        let names = "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema ORDER BY name)"
        #expect(try await sandbox.sqlite("a.db", names) == "orders,users")
        // The same table twice is not joined.
        try sandbox.write("b.yaml", "databases: {a.db: {tables: {users: {columns: {name: TEXT}}}}}\n")
        let twice = try await sandbox.heal()
        #expect(
            twice.status == 78 && twice.errors.contains("b.yaml:1:29: ") && twice.errors.contains("a.yaml:1:29"),
            "\(twice.all)")
        // Nor is a schema file with tables.
        try sandbox.write("b.yaml", "databases: {a.db: {schema: a.sql}}\n")
        try sandbox.write("a.sql", "CREATE TABLE x(y);\n")
        let mixed = try await sandbox.heal()
        #expect(mixed.status == 78 && mixed.errors.contains("cannot stand together"), "\(mixed.all)")
    }

    @Test(arguments: ["tables: {t: {columns: {id: INTEGER}}}", "schema: a.sql"], ["validate-startup", "auto-heal"])
    func aNewDatabaseIsInWALMode(schema: String, tool: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            "version: 1\ndatabases: {data/a.db: {\(schema), pragmas: {journal_mode: wal, user_version: 3}}}\n")
        try sandbox.write("a.sql", "CREATE TABLE t (id INTEGER);\n")
        let answer = try await sandbox.tool(tool)
        #expect(answer.status == 0, "\(answer.all)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.path("data")) == ["a.db"])
        let before = try sandbox.listing()
        let next = try await sandbox.validate()
        #expect(next.status == 0, "\(next.all)")
        #expect(try sandbox.listing() == before)
        #expect(try await sandbox.sqlite("data/a.db", "PRAGMA journal_mode; PRAGMA user_version") == "wal\n3")
    }

    @Test(arguments: ["", "--dry-run"]) func aDirectoryThatIsMadeForADatabaseGetsItsMode(option: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            directories: [{path: data, mode: "0750"}, {path: data/deep/er, mode: "0700"}]
            databases: {data/deep/er/a.db: {tables: {t: {columns: {id: INTEGER}}}}}

            """)
        let answer = try await sandbox.tool("auto-heal", ["--db-only", "--verbose"] + (option.isEmpty ? [] : [option]))
        if option.isEmpty {
            #expect(answer.status == 0, "\(answer.all)")
            let modes = try await sandbox.shell("stat -c %a data data/deep data/deep/er")
            #expect(modes.output == "750\n755\n700\n")
            #expect(try await sandbox.validate("--check-only").status == 0)
        } else {
            #expect(!sandbox.exists("data"))
            #expect(answer.output.contains("mkdir data (mode 0750); mkdir data/deep/er (mode 0700)"), "\(answer.all)")
        }
    }
}
