import Foundation
import Testing

/// `selfheal data status`, `plan` and `graph`, and what `validate-startup` says of datasets.
@Suite struct DataTests {
    static let manifest = """
        version: 1
        datasets:
          documents:
            relation: {database: rag.db, table: documents}
            volume: {min_rows: 3}
            checks: [{unique: [id]}]
          chunks:
            relation: {database: rag.db, table: chunks}
            depends_on: [documents]
            populate: {command: [bin/chunk]}
            unit: {parent: documents, key: id}
            tags: [text]
          notes:
            relation: {database: rag.db, table: notes}
            depends_on: [documents]
            required: false
        """

    private func sandbox(_ more: String = "") async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.manifest)
        _ = try await sandbox.sqlite(
            "rag.db",
            "CREATE TABLE documents (id INTEGER PRIMARY KEY); INSERT INTO documents VALUES (1), (2), (3);"
                + "CREATE TABLE chunks (document); CREATE TABLE notes (x);" + more)
        return sandbox
    }

    @Test func status() async throws {
        let sandbox = try await sandbox()
        let before = try sandbox.listing()
        let answer = try await sandbox.tool("selfheal", ["data", "status"])
        #expect(answer.status == 1)
        #expect(answer.errors.isEmpty)
        #expect(answer.output.hasPrefix("Readiness: 50 % (1/2 required datasets are ready)\n"))
        #expect(answer.output.contains("✗ chunks: it has no rows\n"))
        #expect(answer.output.contains("✗ notes: it has no rows, and nothing is stated that populates it\n"))
        #expect(answer.output.hasSuffix("[ERROR] chunks is required and not ready\n"))
        #expect(try sandbox.listing() == before)
    }

    @Test(arguments: [
        ("", 1), ("INSERT INTO chunks VALUES (1);", 2),
        ("INSERT INTO chunks VALUES (1); INSERT INTO notes VALUES (1);", 0), ("DROP TABLE documents;", 1),
    ])
    func exitStatus(_ sql: String, _ expected: Int32) async throws {
        let sandbox = try await sandbox(sql)
        for command in ["status", "plan", "graph"] {
            #expect(try await sandbox.tool("selfheal", ["data", command]).status == expected, "\(command)")
        }
    }

    /// Only what is chosen decides.
    @Test(
        arguments: [("documents", 0), ("notes", 2), ("+chunks", 1), ("tag:text", 1), ("status:ready", 0)]
            as [(String, Int32)])
    func chosen(_ selector: String, _ expected: Int32) async throws {
        let answer = try await sandbox().tool("selfheal", ["data", "status", selector])
        #expect(answer.status == expected, "\(answer.all)")
    }

    @Test(arguments: [
        (["status", "chunk"], "there is no dataset 'chunk'; did you mean 'chunks'?"),
        (["plan", "status:lost"], "there is no status 'lost'"),
        (["graph", "$(id)"], "there is no dataset '$(id)'"),
        (["plan", "--target", "1.5"], "The value '1.5' is invalid for '--target <share>'"),
        (["plan", "--target=-1"], "The value '-1' is invalid for '--target <share>'"),
        (["plan", "--target", "abc"], "The value 'abc' is invalid for '--target <share>'"),
        (["plan", "--target", "$(id)"], "The value '$(id)' is invalid for '--target <share>'"),
        (["plan", "--target", "nan"], "The value 'nan' is invalid for '--target <share>'"),
        (["plan", "--target", ""], "is invalid for '--target <share>'"),
        (["graph", "--format", "png"], "The value 'png' is invalid"),
        (["graph", "--output", "rag.db"], "--output rag.db: the manifest names this file"),
        (["graph", "--output", "rag.db-wal"], "--output rag.db-wal: the manifest names this file"),
        (["graph", "--output", "schemas.yaml"], "--output schemas.yaml: the manifest names this file"),
        (["status", "--jobs", "0"], "--jobs takes a whole number from 1 to 256"),
        (["status", "--root", "nowhere"], "nowhere: no such directory"),
    ])
    func refusals(_ arguments: [String], _ message: String) async throws {
        let sandbox = try await sandbox()
        let before = try sandbox.listing()
        let answer = try await sandbox.tool("selfheal", ["data"] + arguments)
        #expect(answer.status == 64)
        #expect(answer.errors.contains(message), "\(answer.all)")
        #expect(try sandbox.listing() == before)
    }

    @Test(arguments: [
        (
            "depends_on: [documents]\n    required", "depends_on: [document]\n    required",
            "there is no dataset 'document'; did you mean 'documents'?"
        ),
        (
            "checks: [{unique: [id]}]", "depends_on: [notes]",
            "the datasets depend on each other in a circle: 'documents' → 'notes' → 'documents'"
        ),
        (
            "relation: {database: rag.db, table: notes}", "relation: {database: ./rag.db, table: Chunks}",
            "'notes' and 'chunks' are of one table, rag.db.Chunks; first at schemas.yaml:7:3"
        ),
        (
            "relation: {database: rag.db, table: notes}", "relation: {database: link.db, table: notes}",
            "'link.db' and 'rag.db' are one file; first at schemas.yaml:3:3"
        ),
        (
            "relation: {database: rag.db, table: notes}", "relation: {database: hard.db, table: chunks}",
            "'hard.db' and 'rag.db' are one file; first at schemas.yaml:3:3"
        ),
        ("checks: [{unique: [id]}]", "checks: [{sql: SELEC 1}]", "this is no query: near \"SELEC\": syntax error"),
        (
            "checks: [{unique: [id]}]", "checks: [{sql: DELETE FROM documents}]",
            "this is no query: near \"DELETE\": syntax error"
        ),
    ])
    func faultsOfTheManifest(_ text: String, _ other: String, _ message: String) async throws {
        let sandbox = try await sandbox()
        try FileManager.default.createSymbolicLink(atPath: sandbox.path("link.db"), withDestinationPath: "rag.db")
        try FileManager.default.linkItem(atPath: sandbox.path("rag.db"), toPath: sandbox.path("hard.db"))
        let manifest = Self.manifest
        let range = try #require(manifest.range(of: text))
        try sandbox.write("schemas.yaml", manifest.replacingCharacters(in: range, with: other))
        for arguments in [["data", "status"], ["validate-startup"]] {
            let answer = try await sandbox.tool("selfheal", arguments)
            #expect(answer.status == 78)
            #expect(answer.errors.contains(message), "\(answer.all)")
            #expect(answer.errors.contains("schemas.yaml:"))
        }
    }

    /// What is not there yet is no fault of the manifest.
    @Test func queriesOfTablesToCome() async throws {
        let sandbox = try await sandbox()
        let manifest = Self.manifest.replacingOccurrences(
            of: "checks: [{unique: [id]}]", with: "checks: [{sql: SELECT later(x) FROM to_come, name: c}]")
        try sandbox.write("schemas.yaml", manifest)
        let answer = try await sandbox.tool("selfheal", ["data", "status", "documents"])
        #expect(answer.status == 1)
        #expect(answer.output.contains("the check 'c' cannot be looked at: no such table: to_come"), "\(answer.all)")
    }

    /// Zero datasets are not 100 %.
    @Test func nothingDeclared() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\n")
        let answer = try await sandbox.tool("selfheal", ["data", "status"])
        #expect(answer.status == 2)
        #expect(answer.output == "Readiness: none (no dataset is declared)\n[WARNING] No dataset is declared\n")
    }

    @Test func plan() async throws {
        let sandbox = try await sandbox()
        let answer = try await sandbox.tool("selfheal", ["data", "plan", "--target", "1"])
        #expect(answer.output.contains("→ chunks: it has no rows; 3 units; duration unknown\n"), "\(answer.all)")
        #expect(answer.output.contains("Readiness afterwards: 100 %; no cheaper part of the plan reaches the target\n"))
        let json = try Sandbox.json(
            try await sandbox.tool("selfheal", ["data", "plan", "--format", "json", "--target", "0.5"]).output)
        #expect(json["target"] as? String == "cheapest")
        #expect((json["groups"] as? [any Sendable])?.isEmpty == true)
    }

    @Test(arguments: ["text", "dot", "mermaid", "svg", "html"]) func graphFiles(_ format: String) async throws {
        let sandbox = try await sandbox()
        let here = try await sandbox.tool("selfheal", ["data", "graph", "--format", format])
        let answer = try await sandbox.tool("selfheal", ["data", "graph", "--format", format, "--output", "graph"])
        #expect(answer.status == 1 && answer.all.isEmpty)
        let file = try sandbox.read("graph")
        // Only the moment differs.
        func timeless(_ text: String) -> String {
            text.replacing(#/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/#, with: "")
        }
        #expect(timeless(file) == timeless(here.output))
        #expect(file.contains("chunks"))
    }

    @Test func findings() async throws {
        let sandbox = try await sandbox()
        let answer = try await sandbox.validate("--check-only", "--format", "json")
        #expect(answer.status == 1)
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        let states = checks.map { "\($0["subject"] as? String ?? "") \($0["status"] as? String ?? "")" }
        #expect(states.sorted() == ["chunks critical", "documents ok", "notes warning"])
        _ = try await sandbox.sqlite("rag.db", "INSERT INTO chunks VALUES (1); INSERT INTO notes VALUES (1)")
        #expect(try await sandbox.validate("--check-only").status == 0)
        #expect(try await sandbox.validate("--check-only", "--only", "dataset.stale").status == 0)
    }

    /// A database that cannot be looked at says so of each of its datasets.
    @Test func damage() async throws {
        let sandbox = try await sandbox()
        try sandbox.write("rag.db", String(repeating: "no database ", count: 1000))
        let answer = try await sandbox.tool("selfheal", ["data", "status"])
        #expect(answer.status == 1)
        #expect(answer.output.contains("documents: rag.db: is not a SQLite database (or is encrypted)"))
        #expect(try await sandbox.validate("--check-only").output.contains("is not a SQLite database"))
    }

    /// The ledger is no extra table.
    @Test func ledgerIsNoExtra() async throws {
        let sandbox = try await sandbox("CREATE TABLE _selfheal_units (dataset, unit); CREATE TABLE other (x);")
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            databases:
              rag.db:
                extras: drop
                tables:
                  documents: {columns: {id: INTEGER PRIMARY KEY}}
                  chunks: {columns: {document: ""}}
                  notes: {columns: {x: ""}}
            """)
        let answer = try await sandbox.heal("--dry-run", "--max-risk", "high")
        #expect(answer.output.contains("other"), "\(answer.all)")
        #expect(!answer.all.contains("_selfheal_"))
    }
}
