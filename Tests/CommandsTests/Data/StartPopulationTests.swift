import Foundation
import Testing

/// `auto-heal` populates what may be populated at start.
@Suite struct StartPopulationTests {
    private static let schema = """
        CREATE TABLE articles(id INTEGER PRIMARY KEY, title TEXT NOT NULL);
        CREATE TABLE words(article INTEGER, word TEXT);
        CREATE TABLE totals(n INTEGER);
        """

    /// Children stand before parents, and nothing is there.
    private func sandbox(_ more: String = "", articles: String = "command: [/bin/sh, articles.sh]") throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("db/app.sql", Self.schema)
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            databases:
              app.db: {schema: db/app.sql}
            datasets:
              totals:
                relation: {database: app.db, table: totals}
                depends_on: [words]
                populate: {sql: SELECT count(*) AS n FROM words}
              words:
                relation: {database: app.db, table: words}
                depends_on: [articles]
                unit: {parent: articles, key: id, column: article}
                populate: {sql: "SELECT :key AS article, 'w' || :key AS word"}
              articles:
                relation: {database: app.db, table: articles}
                volume: {min_rows: 3}
                retry: {max_attempts: 1}
                populate: {\(articles)}
            \(more)

            """)
        try sandbox.write(
            "articles.sh",
            "echo x >> asked.txt; for n in 1 2 3; do echo \"{\\\"id\\\": $n, \\\"title\\\": \\\"t$n\\\"}\"; done"
        )
        return sandbox
    }

    private func counts(_ sandbox: Sandbox) async throws -> String {
        try await sandbox.sqlite(
            "app.db",
            "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM words), (SELECT max(n) FROM totals), (SELECT count(*) FROM totals)"
        )
    }

    @Test func fromNothingToReady() async throws {
        let sandbox = try sandbox()
        let plan = try await sandbox.heal("--dry-run")
        let lines = plan.output.split(separator: "\n").filter { $0.contains("[DRY-RUN] Would heal by populating") }
        #expect(
            lines.map { line in ["articles", "words", "totals"].filter { line.contains("ing \($0) ") } } == [
                ["articles"], ["words"], ["totals"],
            ], "\(plan.all)")
        #expect(
            plan.status == 1 && !sandbox.exists("app.db") && !sandbox.exists("asked.txt")
                && !sandbox.exists(".selfheal"))

        let low = try await sandbox.heal("--max-risk", "low")
        #expect(low.status == 1 && low.all.contains("its risk is medium"), "\(low.all)")
        #expect(try await counts(sandbox) == "0|0||0")

        let first = try await sandbox.validate()
        #expect(first.status == 1 && first.output.contains("auto-heal populates it"), "\(first.all)")
        #expect(try await counts(sandbox) == "0|0||0")

        let heal = try await sandbox.heal()
        #expect(heal.status == 0, "\(heal.all)")
        #expect(try await counts(sandbox) == "3|3|3|1")
        let last = try await sandbox.validate()
        #expect(last.status == 0, "\(last.all)")
        let again = try await sandbox.heal()
        #expect(again.status == 0 && !again.output.contains("opulat"), "\(again.all)")
        #expect(try sandbox.read("asked.txt") == "x\n")
        let history = try await sandbox.tool("selfheal", ["history", "2"])
        #expect(
            history.output.contains("opulated articles") && history.output.contains("opulated totals"), "\(history.all)"
        )
    }

    @Test func inOneRun() async throws {
        let sandbox = try sandbox()
        let heal = try await sandbox.heal("--db-only")
        #expect(heal.status == 0, "\(heal.all)")
        #expect(try await counts(sandbox) == "3|3|3|1")
        // One run: the plan was complete before the first change.
        #expect(try await sandbox.sqlite(".selfheal/journal.db", "SELECT count(*) FROM run") == "1")
        // What depends on rows that are lost is made again, and nothing else.
        _ = try await sandbox.sqlite("app.db", "DELETE FROM words")
        let second = try await sandbox.heal()
        #expect(second.status == 0, "\(second.all)")
        #expect(try await counts(sandbox) == "3|3|3|1")
        #expect(try sandbox.read("asked.txt") == "x\n")
    }

    @Test func onlyFiles() async throws {
        let sandbox = try sandbox()
        _ = try await sandbox.heal("--fs-only")
        #expect(!sandbox.exists("asked.txt") && !sandbox.exists("app.db"))
    }

    @Test("What is left to people is named, and what is made of it waits")
    func notAtStart() async throws {
        let sandbox = try sandbox(articles: "command: [/bin/sh, articles.sh], at_start: false")
        let heal = try await sandbox.heal()
        #expect(heal.status == 1 && heal.all.contains("selfheal data heal +articles"), "\(heal.all)")
        #expect(!heal.all.contains("auto-heal populates it"), "\(heal.all)")
        #expect(!sandbox.exists("asked.txt"))
        #expect(try await counts(sandbox) == "0|0||0")
        _ = try await sandbox.tool("selfheal", ["data", "heal", "articles"])
        let rest = try await sandbox.heal()
        #expect(rest.status == 0, "\(rest.all)")
        #expect(try await counts(sandbox) == "3|3|3|1")
    }

    @Test("What a source says is told, and asked once")
    func failing() async throws {
        let sandbox = try sandbox()
        try sandbox.write("articles.sh", "echo x >> asked.txt; echo 'no such bucket' >&2; exit 69")
        let heal = try await sandbox.heal()
        #expect(heal.status == 1 && heal.all.contains("no such bucket"), "\(heal.all)")
        #expect(heal.all.contains("'articles' has 0 of the 3 rows"), "\(heal.all)")
        #expect(try sandbox.read("asked.txt") == "x\n")
        #expect(try await counts(sandbox) == "0|0||0")
    }

    @Test("Units that failed are left alone until their time has come, unless somebody asks for them")
    func waiting() async throws {
        let sandbox = try sandbox()
        let manifest = try sandbox.read("schemas.yaml")
        try sandbox.write(
            "schemas.yaml",
            manifest.replacing(
                "populate: {sql: \"SELECT :key AS article, 'w' || :key AS word\"}",
                with:
                    "populate: {command: [/bin/sh, words.sh]}\n    batch: 1\n    retry: {max_attempts: 1, delay: 100s, max_delay: 200s}"
            ))
        try sandbox.write(
            "words.sh",
            "read -r line; echo x >> words.txt; case $line in *'\"id\":2,'*) exit 75;; esac; echo '{\"word\": \"w\"}'")
        let first = try await sandbox.heal()
        #expect(first.status == 1 && first.all.contains("exit code 75"), "\(first.all)")
        #expect(try await counts(sandbox).hasPrefix("3|2|"))
        let second = try await sandbox.heal()
        #expect(second.status == 1 && second.all.contains("1 unit that failed before waits until 20"), "\(second.all)")
        #expect(second.all.contains("'selfheal data heal words' tries it at once"), "\(second.all)")
        #expect(try sandbox.read("words.txt") == "x\nx\nx\n")
        try sandbox.write("words.sh", "read -r line; echo '{\"word\": \"w\"}'")
        let asked = try await sandbox.tool("selfheal", ["data", "heal", "words"])
        #expect(asked.all.contains("[OK] words: 1 row of 1 unit"), "\(asked.all)")
        #expect(try await counts(sandbox).hasPrefix("3|3|"))
    }

    @Test("Killed at any moment, the next run ends it", arguments: ["KILL", "INT", "TERM"])
    func stopped(_ signal: String) async throws {
        let sandbox = try sandbox()
        try sandbox.write(
            "articles.sh",
            "echo x >> asked.txt; for n in 1 2 3; do echo \"{\\\"id\\\": $n, \\\"title\\\": \\\"t$n\\\"}\"; [ ! -e slow ] || sleep 1; done"
        )
        try sandbox.write("slow", "")
        let killed = try await sandbox.shell(
            "export LLVM_PROFILE_FILE=/dev/null; timeout --foreground --preserve-status -s \(signal) 1.5 $BIN/auto-heal"
        )
        #expect(killed.status != 0, "\(killed.all)")
        #expect(try sandbox.read("asked.txt") == "x\n")
        #expect(try await counts(sandbox).hasPrefix("0|0|"))
        try sandbox.remove("slow")
        if signal != "KILL" {
            #expect(killed.status == 1 && killed.all.contains("stopped"), "\(killed.status) \(killed.all)")
        }
        let heal = try await sandbox.heal()
        #expect(heal.status == 0, "\(heal.all)")
        #expect(try await counts(sandbox) == "3|3|3|1")
    }

    @Test("Whoever else works on the data is waited for, or named")
    func busy() async throws {
        let sandbox = try sandbox()
        try sandbox.write("db.sh", "sleep 4; exec /bin/sh articles.sh")
        let manifest = try sandbox.read("schemas.yaml")
        try sandbox.write("schemas.yaml", manifest.replacing("/bin/sh, articles.sh", with: "/bin/sh, db.sh"))
        _ = try await sandbox.heal("--skip", "dataset")
        async let other = sandbox.tool("selfheal", ["data", "heal", "articles"])
        try await Task.sleep(for: .seconds(1.5))
        let short = try await sandbox.heal("--timeout", "0.2")
        #expect(short.status == 1 && short.all.contains("selfheal data heal, process"), "\(short.all)")
        let long = try await sandbox.heal()
        #expect(long.status == 0, "\(long.all)")
        _ = try await other
        #expect(try sandbox.read("asked.txt") == "x\n", "what the other has done is not done again")
    }

    @Test("Rows are not taken back")
    func undo() async throws {
        let sandbox = try sandbox()
        _ = try await sandbox.heal("--skip", "dataset")
        _ = try await sandbox.heal()
        let refused = try await sandbox.tool("selfheal", ["undo", "2"])
        #expect(refused.status == 64 && refused.all.contains("rows are not taken back"), "\(refused.all)")
        #expect(refused.all.contains("articles, words, totals"), "\(refused.all)")
        // What made the database is not taken back either: there are rows in it now.
        let made = try await sandbox.tool("selfheal", ["undo", "1"])
        #expect(made.status == 1, "\(made.all)")
        #expect(try await counts(sandbox) == "3|3|3|1")
        _ = try await sandbox.tool("selfheal", ["data", "heal", "--force", "--yes"])
        let data = try await sandbox.tool("selfheal", ["undo", "3"])
        #expect(data.status == 64 || data.status == 1)
        #expect(data.all.contains("rows are not taken back"), "\(data.all)")
        #expect(try await counts(sandbox) == "3|3|3|1")
    }

    @Test("An undo of a run that did both says that rows stay")
    func undoOfBoth() async throws {
        let sandbox = try sandbox()
        _ = try await sandbox.sqlite("app.db", Self.schema.replacing("CREATE TABLE totals(n INTEGER);", with: ""))
        let heal = try await sandbox.heal()
        #expect(heal.status == 0, "\(heal.all)")
        let undo = try await sandbox.tool("selfheal", ["undo"])
        #expect(undo.status == 1 && undo.all.contains("Rows are not taken back"), "\(undo.all)")
        #expect(try await counts(sandbox) == "3|3|3|1")
    }

    @Test("What is made of it as a whole follows in the same run, however far down")
    func chain() async throws {
        let sandbox = try Sandbox()
        let count = 9
        let datasets = (1...count).reversed().map { n in
            """
              d\(n):
                relation: {database: app.db, table: d\(n)}
                depends_on: [\(n == 1 ? "" : "d\(n - 1)")]
                write: replace
                populate: {sql: "SELECT \(n == 1 ? "1 AS n" : "n + 1 AS n FROM d\(n - 1)")"}
            """
        }
        try sandbox.write("schemas.yaml", "version: 1\ndatasets:\n" + datasets.joined(separator: "\n") + "\n")
        let tables = (1...count).map { "CREATE TABLE d\($0)(n INTEGER);" }.joined()
        _ = try await sandbox.sqlite("app.db", tables)
        #expect(try await sandbox.heal().status == 0)
        #expect(try await sandbox.sqlite("app.db", "SELECT n FROM d9") == "9")
        _ = try await sandbox.sqlite("app.db", "DELETE FROM d1; UPDATE d9 SET n = 0")
        let heal = try await sandbox.heal()
        #expect(heal.status == 0, "\(heal.all)")
        #expect(try await sandbox.sqlite("app.db", "SELECT n FROM d9") == "9")
        #expect(try await sandbox.sqlite(".selfheal/journal.db", "SELECT count(*) FROM run") == "2", "one plan for all")
    }

    @Test("A table that nothing makes is nobody's to populate")
    func noTable() async throws {
        let sandbox = try sandbox()
        let manifest = try sandbox.read("schemas.yaml")
        try sandbox.write("schemas.yaml", manifest.replacing("databases:\n  app.db: {schema: db/app.sql}\n", with: ""))
        let heal = try await sandbox.heal()
        #expect(heal.status == 1 && !heal.all.contains("Populating"), "\(heal.all)")
        #expect(!sandbox.exists("app.db") && !sandbox.exists("asked.txt"))
    }

    @Test("What does not depend on each other is populated at the same time, and each has its own outcome")
    func together() async throws {
        let sandbox = try Sandbox()
        func dataset(_ name: String, after parents: String = "", _ populate: String) -> String {
            """
              \(name):
                relation: {database: app.db, table: \(name)}
                depends_on: [\(parents)]
                retry: {max_attempts: 1}
                populate: {\(populate)}

            """
        }
        let datasets = [
            dataset("a", "command: [/bin/sh, meet.sh, a, b]"), dataset("b", "command: [/bin/sh, meet.sh, b, a]"),
            dataset("wrong", "sql: SELECT 1 AS n WHERE 0"), dataset("below", after: "wrong", "sql: SELECT 2 AS n"),
            dataset("last", after: "a, b", "sql: SELECT count(*) AS n FROM a JOIN b"),
        ]
        try sandbox.write("schemas.yaml", "version: 1\ndatasets:\n" + datasets.joined())
        // Each waits for the other one.
        try sandbox.write(
            "meet.sh",
            """
            echo x > "$1.here"
            for n in $(seq 100); do [ ! -e "$2.here" ] || { echo '{"n": 1}'; exit 0; }; sleep 0.1; done
            exit 69
            """)
        let tables = ["a", "b", "wrong", "below", "last"].map { "CREATE TABLE \($0)(n INTEGER);" }.joined()
        _ = try await sandbox.sqlite("app.db", tables)
        let heal = try await sandbox.heal()
        #expect(heal.status == 1, "\(heal.all)")
        #expect(try await sandbox.sqlite("app.db", "SELECT n FROM last") == "1", "\(heal.all)")
        #expect(heal.all.contains("its SQL gave no rows"), "\(heal.all)")
        #expect(heal.all.contains("'wrong' has 0 of the 1 rows"), "\(heal.all)")
        let repairs = try await sandbox.sqlite(
            ".selfheal/journal.db", "SELECT subject, outcome FROM repair WHERE run = 1 ORDER BY subject")
        #expect(repairs == "a|applied\nb|applied\nbelow|failed\nlast|applied\nwrong|failed")
    }

    @Test("What is left to people is not populated because its parent is", arguments: [true, false])
    func leftWaiting(_ isStale: Bool) async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            datasets:
              parent:
                relation: {database: app.db, table: parent}
                populate: {sql: SELECT 1 AS n}
              child:
                relation: {database: app.db, table: child}
                depends_on: [parent]
                populate: {command: [/bin/sh, child.sh], at_start: false}

            """)
        try sandbox.write("child.sh", "echo x >> asked.txt; echo '{\"n\": 1}'")
        _ = try await sandbox.sqlite("app.db", "CREATE TABLE parent(n); CREATE TABLE child(n)")
        if isStale {
            #expect(try await sandbox.tool("selfheal", ["data", "heal"]).status == 0)
        } else {
            // Rows that nobody here has made are taken as they are.
            _ = try await sandbox.sqlite("app.db", "INSERT INTO child VALUES (1)")
        }
        let asked = isStale ? "x\n" : nil
        _ = try await sandbox.sqlite("app.db", "DELETE FROM parent")
        let heal = try await sandbox.heal()
        #expect(heal.status == (isStale ? 1 : 0), "\(heal.all)")
        #expect(try await sandbox.sqlite("app.db", "SELECT n FROM parent") == "1")
        #expect(heal.all.contains("selfheal data heal +child") == isStale, "\(heal.all)")
        #expect(sandbox.exists("asked.txt") ? try sandbox.read("asked.txt") == asked : asked == nil)
    }
}
