import Foundation
import Testing

/// Paths in a manifest that would set the tool against itself, against SQLite, or one check against another.
@Suite struct ManifestPathTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        var entry: String
        var place: String
        var testDescription: String { entry }
    }

    private static let table = "{tables: {t: {columns: {id: INTEGER}}}}"

    static let reserved = [
        Mistake(entry: "databases: {.selfheal/journal.db: \(table)}", place: "2:13"),
        Mistake(entry: "databases: {\".selfheal/*.db\": \(table)}", place: "2:13"),
        Mistake(entry: "databases: {\".[s]elfheal/*.db\": \(table)}", place: "2:13"),
        Mistake(entry: "databases: {./.selfheal//deep/x.db: \(table)}", place: "2:13"),
        Mistake(entry: "directories: [.selfheal]", place: "2:15"),
        Mistake(entry: "directories: [.selfheal/cache]", place: "2:15"),
        Mistake(entry: "files: [{path: .selfheal/journal.db, template: a}]", place: "2:9"),
        Mistake(entry: "env: {file: .selfheal/.env}", place: "2:6"),
        Mistake(entry: "directories: [{path: x/../.selfheal/y, outside_root: true}]", place: "2:15"),
        Mistake(entry: "databases: {x.db-wal: \(table)}", place: "2:13"),
        Mistake(entry: "databases: {data/x-journal: \(table)}", place: "2:13"),
        Mistake(entry: "files: [x.db-shm]", place: "2:9"),
        Mistake(entry: "directories: [x.sqlite3-journal]", place: "2:15"),
        Mistake(entry: "env: {file: x.db-wal}", place: "2:6"),
        Mistake(entry: "files: [store-wal]\ndatabases: {store: \(table)}", place: "2:9"),
    ]

    @Test(arguments: reserved, ["validate-startup", "auto-heal"]) func reservedPath(mistake: Mistake, tool: String)
        async throws
    {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\n\(mistake.entry)\n")
        try sandbox.write("a", "a")
        try sandbox.write("x/y", "")
        _ = try await sandbox.shell("mkdir .selfheal; sqlite3 .selfheal/journal.db 'CREATE TABLE runs(id)'")
        let before = try sandbox.listing()
        let answer = try await sandbox.tool(tool)
        #expect(
            answer.status == 78 && answer.errors.contains("[ERROR] schemas.yaml:\(mistake.place): "), "\(answer.all)")
        #expect(try sandbox.listing() == before)
    }

    @Test func namesThatOnlyLookSimilarAreFine() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            directories: [data/trade-journal, .selfheal-notes]
            databases: {data/wal: \(Self.table)}

            """)
        let answer = try await sandbox.heal()
        #expect(answer.status == 0, "\(answer.all)")
    }

    /// SQLite would look for the journal beside the name it was opened by, and locks belong to the file.
    @Test(arguments: ["ln -s a.db b.db", "ln a.db b.db", "mkdir d; ln -s ../a.db d/x; ln -s d/x b.db"])
    func oneDatabaseUnderTwoNames(script: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml", "version: 1\ndatabases:\n  a.db: \(Self.table)\n  b.db: \(Self.table)\n")
        _ = try await sandbox.sqlite("a.db", "CREATE TABLE t(id INTEGER)")
        _ = try await sandbox.shell(script)
        let before = try sandbox.listing()
        for tool in ["validate-startup", "auto-heal"] {
            let answer = try await sandbox.tool(tool)
            #expect(answer.status == 78, "\(answer.all)")
            #expect(
                answer.errors.contains("schemas.yaml:4:3: 'b.db' and 'a.db' are one file; first at schemas.yaml:3:3"),
                "\(answer.all)")
            #expect(!answer.all.contains("another process"))
        }
        #expect(try sandbox.listing() == before)
    }

    @Test func aDatabaseThatIsTheEnvironmentFileToo() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\nenv: {file: settings}\ndatabases: {a.db: \(Self.table)}\n")
        _ = try await sandbox.sqlite("a.db", "CREATE TABLE t(id INTEGER)")
        _ = try await sandbox.shell("ln a.db settings")
        let answer = try await sandbox.validate()
        #expect(answer.status == 78 && answer.errors.contains("'a.db' and 'settings' are one file"), "\(answer.all)")
    }

    @Test func filesWithTwoNamesThatAreNoDatabasesAreFine() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\nfiles: [a, b]\n")
        try sandbox.write("a", "text")
        _ = try await sandbox.shell("ln -s a b")
        #expect(try await sandbox.validate().status == 0)
    }

    /// A pattern meets what is there: another name for a database that is looked at anyway is none of its own.
    @Test func aPatternThatMeetsALinkToADatabaseItFitsToo() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndatabases: {\"tenants/*.db\": \(Self.table)}\n")
        try sandbox.write("tenants/.keep", "")
        _ = try await sandbox.sqlite("tenants/m.db", "CREATE TABLE t(id INTEGER)")
        _ = try await sandbox.shell("ln -s m.db tenants/a.db; ln -s m.db tenants/z.db")
        let answer = try await sandbox.validate("--check-only", "--format", "json")
        #expect(answer.status == 0, "\(answer.all)")
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        #expect(checks.map { $0["subject"] as? String } == ["tenants/m.db"])
    }

    /// What a pattern meets and cannot follow is a matter of that one file.
    @Test func aPatternThatMeetsALinkOutOfTheRoot() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("app/schemas.yaml", "version: 1\ndatabases: {\"tenants/*.db\": \(Self.table)}\n")
        try sandbox.write("app/tenants/.keep", "")
        _ = try await sandbox.sqlite("outside.db", "CREATE TABLE t(id INTEGER)")
        _ = try await sandbox.sqlite("app/tenants/good.db", "CREATE TABLE t(id INTEGER)")
        _ = try await sandbox.sqlite("app/tenants/old.db", "CREATE TABLE other(id INTEGER)")
        _ = try await sandbox.shell("ln -s ../../outside.db app/tenants/link.db; ln -s loop.db app/tenants/loop.db")
        let answer = try await sandbox.heal("--root", "app", "--format", "json")
        #expect(answer.status == 1, "\(answer.all)")
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        let states = checks.map { "\($0["subject"] ?? "") \($0["status"] ?? "")" }
        #expect(
            states.sorted() == [
                "tenants/good.db ok", "tenants/link.db unknown", "tenants/loop.db unknown", "tenants/old.db healed",
            ])
        let text = try await sandbox.validate("--root", "app", "--check-only")
        #expect(text.status == 1 && text.output.contains("tenants/link.db"), "\(text.all)")
        #expect(text.output.contains("leaves the application's root"), "\(text.all)")
        #expect(try await sandbox.sqlite("outside.db", "SELECT group_concat(name) FROM sqlite_schema") == "t")
    }

    @Test func aPatternThatMeetsADirectoryLinkedOutOfTheRoot() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("app/schemas.yaml", "version: 1\ndatabases: {\"tenants/*/a.db\": \(Self.table)}\n")
        try sandbox.write("app/tenants/good/.keep", "")
        try sandbox.write("outside/.keep", "")
        _ = try await sandbox.sqlite("app/tenants/good/a.db", "CREATE TABLE t(id INTEGER)")
        _ = try await sandbox.sqlite("outside/a.db", "CREATE TABLE t(id INTEGER)")
        _ = try await sandbox.shell("ln -s ../../outside app/tenants/link")
        let answer = try await sandbox.validate("--root", "app", "--format", "json")
        #expect(answer.status == 1, "\(answer.all)")
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        let states = checks.map { "\($0["subject"] ?? "") \($0["status"] ?? "")" }
        #expect(states.sorted() == ["tenants/good/a.db ok", "tenants/link/a.db unknown"])
    }
}
