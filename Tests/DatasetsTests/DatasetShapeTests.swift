import Datasets
import HealManifest
import HealModel
import ManifestShape
import Testing

@Suite struct DatasetShapeTests {
    @Test func leastThatIsNeeded() throws {
        let one = try dataset("")
        #expect(one.name == "d")
        #expect(one.relation.description == "app.db.d")
        #expect(one.parents.isEmpty)
        #expect(one.isRequired)
        #expect(one.weight == 1)
        #expect(one.volume == VolumeExpectation(minimumRows: 1, expectedRows: nil, mode: .bounded))
        #expect(one.freshness == nil && one.populate == nil && one.checks.isEmpty && one.tags.isEmpty)
        #expect(one.location.description == "schemas.yaml:2:3")
    }

    @Test func everyKey() throws {
        let (found, problems) = datasets(
            """
            datasets:
              documents:
                relation: {database: ../other.db, table: Source Documents, outside_root: true}
              entities:
                relation: {database: data/app.db, table: entities}
                depends_on: [documents]
                required: false
                weight: 2.5
                volume: {min_rows: 10, expected_rows: 1006, mode: estimate}
                freshness: {loaded_at_field: loaded_at, warn_after: 1h, error_after: 1d}
                checks:
                  - {sql: "SELECT 1", name: always, severity: warning}
                  - unique: [id, kind]
                  - not_null: [id]
                populate:
                  command: {run: [bin/extract, --fast], environment: [EXTRACT_MODEL]}
                  at_start: false
                unit: {parent: documents, key: id, column: document, version: changed, columns: [id, text]}
                batch: 7
                write: merge
                merge_key: [id]
                retry: {max_attempts: 5, delay: 2s, backoff: 3, max_delay: 9s, jitter: none, on: [timeout, rate_limit]}
                timeout: 90s
                on_bad_row: fail
                concurrency: {pool: model, limit: 4}
                tags: [nightly, graph]
            """)
        #expect(problems == [])
        let all = try #require(found)
        #expect(all.map(\.name) == ["documents", "entities"])
        #expect(all[0].relation.database.outsideRoot)
        #expect(all[0].relation.table == "Source Documents")
        let entities = all[1]
        #expect(entities.parents == ["documents"])
        #expect(entities.dependsOn.first?.location.description == "schemas.yaml:6:18")
        #expect(!entities.isRequired)
        #expect(entities.weight == 2.5)
        #expect(entities.volume == VolumeExpectation(minimumRows: 10, expectedRows: 1006, mode: .estimate))
        #expect(
            entities.freshness
                == FreshnessExpectation(
                    source: .field("loaded_at"), warnAfter: .seconds(3600), errorAfter: .seconds(86400)))
        #expect(entities.checks.map(\.name) == ["always", "unique id, kind", "not null id"])
        #expect(entities.checks.map(\.rule) == [.sql("SELECT 1"), .unique(["id", "kind"]), .notNull(["id"])])
        #expect(entities.checks.map(\.severity) == [.warning, .critical, .critical])
        #expect(entities.tags == ["nightly", "graph"])
        let populate = try #require(entities.populate)
        #expect(
            populate.source
                == .command(CommandSource(arguments: ["bin/extract", "--fast"], environment: ["EXTRACT_MODEL"])))
        #expect(!populate.isAtStart)
        #expect(
            populate.unit
                == WorkUnit(
                    parent: "documents", key: "id", column: "document", version: "changed", columns: ["id", "text"]))
        #expect(populate.batch == 7)
        #expect(populate.write == .merge)
        #expect(populate.mergeKey == ["id"])
        #expect(
            populate.retry
                == RetryPolicy(
                    maxAttempts: 5, delay: .seconds(2), backoff: 3, maxDelay: .seconds(9), jitter: .none,
                    classes: [.timeout, .rateLimit]))
        #expect(populate.timeout == .seconds(90))
        #expect(populate.onBadRow == .fail)
        #expect(populate.concurrency == Concurrency(pool: "model", limit: 4))
    }

    @Test(arguments: [
        ("    populate: {sql: SELECT 1}\n", PopulationSource.sql("SELECT 1"), 100, true),
        ("    populate: {command: [bin/x]}\n", .command(CommandSource(arguments: ["bin/x"])), 100, true),
        ("    populate: {plugin: scraper}\n", .plugin("scraper"), 100, true),
        ("    populate: {http: {url: 'https://x/y'}}\n", .http(HTTPSource(url: "https://x/y")), 1, false),
        (
            """
                depends_on: [t]
                unit: {parent: t, key: id}
                populate: {llm: {model: m, text: [body]}}

            """, .llm(LLMSource(model: "m", textColumns: ["body"])), 1, false
        ),
    ])
    func sources(_ lines: String, _ source: PopulationSource, _ batch: Int, _ atStart: Bool) throws {
        let populate = try #require(try dataset(lines).populate)
        #expect(populate.source == source)
        #expect(populate.batch == batch)
        #expect(populate.isAtStart == atStart)
        #expect(populate.write == .append && populate.onBadRow == .quarantine && populate.timeout == .seconds(600))
        #expect(populate.retry == RetryPolicy() && populate.concurrency == Concurrency())
    }

    /// Each with the place that it speaks of; the dataset's keys begin on line 4.
    @Test(arguments: [
        ("    depends_on: a\n", "schemas.yaml:4:17: expected a list, found a text"),
        ("    depend_on: [a]\n", "schemas.yaml:4:5: unknown key 'depend_on'; did you mean 'depends_on'?"),
        ("    required: maybe\n", "schemas.yaml:4:15: expected true or false, found a text"),
        ("    weight: -1\n", "schemas.yaml:4:13: expected a number from 0.0 to 1000000.0"),
        ("    volume: {min_rows: 0}\n", "schemas.yaml:4:24: expected a whole number from 1"),
        ("    volume: {min_rows: 5, expected_rows: 4}\n", "schemas.yaml:4:13: 'expected_rows' is less than 'min_rows'"),
        ("    volume: {mode: exactly}\n", "schemas.yaml:4:20: "),
        (
            "    freshness: {warn_after: 1h}\n",
            "schemas.yaml:4:16: give either 'loaded_at_field' or 'loaded_at_query'"
        ),
        (
            "    freshness: {loaded_at_field: a, loaded_at_query: b, warn_after: 1h}\n",
            "schemas.yaml:4:16: give either 'loaded_at_field' or 'loaded_at_query'"
        ),
        (
            "    freshness: {loaded_at_field: a}\n",
            "schemas.yaml:4:16: give 'warn_after' or 'error_after', or both"
        ),
        (
            "    freshness: {loaded_at_field: a, warn_after: 2h, error_after: 1h}\n",
            "schemas.yaml:4:16: 'warn_after' is longer than 'error_after'"
        ),
        (
            "    freshness: {loaded_at_field: a, warn_after: 5}\n",
            "schemas.yaml:4:49: expected a length of time with its unit"
        ),
        ("    checks: [{name: x}]\n", "schemas.yaml:4:14: give one of 'sql', 'unique' and 'not_null'"),
        (
            "    checks: [{sql: SELECT 1, unique: [a]}]\n",
            "schemas.yaml:4:14: give one of 'sql', 'unique' and 'not_null'"
        ),
        ("    checks: [{unique: []}]\n", "schemas.yaml:4:14: no column is named"),
        ("    checks: [{sql: x, severity: information}]\n", "schemas.yaml:4:33: "),
        ("    populate: {}\n", "schemas.yaml:4:15: give one of 'sql', 'command', 'plugin', 'http' and 'llm'"),
        (
            "    populate: {sql: x, plugin: p}\n",
            "schemas.yaml:4:15: give one of 'sql', 'command', 'plugin', 'http' and 'llm'"
        ),
        ("    populate: {command: []}\n", "schemas.yaml:4:25: no program is named"),
        ("    populate: {command: {run: ['']}}\n", "schemas.yaml:4:25: no program is named"),
        ("    populate: {command: {environment: [A]}}\n", "schemas.yaml:4:25: the key 'run' is missing"),
        ("    populate: {http: {url: 'file:///x'}}\n", "schemas.yaml:4:22: 'url' begins with http:// or https://"),
        ("    populate: {http: {url: 'http://x', body: b}}\n", "schemas.yaml:4:22: 'body' needs 'method: POST'"),
        ("    populate: {llm: {model: m, text: []}}\n", "schemas.yaml:4:21: 'text' names no column"),
        (
            "    populate: {llm: {model: m, text: [a], base_url: x}}\n",
            "schemas.yaml:4:21: 'base_url' begins with http:// or https://"
        ),
        (
            "    populate: {llm: {model: m, text: [a]}}\n",
            "schemas.yaml:4:15: 'llm' needs 'unit': a text comes from another dataset's row"
        ),
        ("    unit: {parent: p, key: k}\n    depends_on: [p]\n", "schemas.yaml:4:11: 'unit' needs 'populate'"),
        (
            "    unit: {parent: p, key: k}\n    populate: {sql: x}\n",
            "schemas.yaml:4:11: the unit's parent 'p' must be among 'depends_on'"
        ),
        (
            "    unit: {parent: d, key: k}\n    populate: {sql: x}\n",
            "schemas.yaml:4:11: 'd' cannot be made from its own rows"
        ),
        ("    unit: {key: k}\n    populate: {sql: x}\n", "schemas.yaml:4:11: the key 'parent' is missing"),
        ("    merge_key: [id]\n    populate: {sql: x}\n", "schemas.yaml:2:3: 'merge_key' needs 'write: merge'"),
        ("    write: append\n", "schemas.yaml:2:3: 'write' needs 'populate'"),
        ("    batch: 5\n    timeout: 1s\n", "schemas.yaml:2:3: 'batch' and 'timeout' need 'populate'"),
        (
            "    retry: {}\n    on_bad_row: skip\n    concurrency: {}\n",
            "schemas.yaml:2:3: 'retry', 'on_bad_row' and 'concurrency' need 'populate'"
        ),
        ("    batch: 0\n    populate: {sql: x}\n", "schemas.yaml:4:12: expected a whole number from 1 to 100000"),
        ("    write: overwrite\n    populate: {sql: x}\n", "schemas.yaml:4:12: "),
        (
            "    retry: {on: [authentication]}\n    populate: {sql: x}\n",
            "schemas.yaml:4:18: 'authentication' is never tried again"
        ),
        ("    retry: {on: [text]}\n    populate: {sql: x}\n", "schemas.yaml:4:18: "),
        ("    retry: {max_attempts: 0}\n    populate: {sql: x}\n", "schemas.yaml:4:27: expected a whole number from 1"),
        ("    retry: {backoff: 0.5}\n    populate: {sql: x}\n", "schemas.yaml:4:22: expected a number from 1.0"),
        ("    concurrency: {limit: 0}\n    populate: {sql: x}\n", "schemas.yaml:4:26: expected a whole number from 1"),
        ("    tags: ['']\n", "schemas.yaml:4:12: must not be empty"),
    ])
    func refusals(_ lines: String, _ expected: String) {
        let (found, problems) = datasets("datasets:\n  d:\n    relation: {database: app.db, table: d}\n" + lines)
        #expect(found == nil)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test(arguments: [
        ("    weight: 1\n", "the key 'relation' is missing"),
        ("    relation: {table: t}\n", "the key 'database' is missing"),
        ("    relation: {database: d}\n", "the key 'table' is missing"),
        ("    relation: {database: /abs.db, table: t}\n", "the path is absolute"),
        ("    relation: {database: ../up.db, table: t}\n", "the path leaves the root"),
        ("    relation: {database: \"a\\tb\", table: t}\n", "the path holds a control character"),
        ("    relation: {database: a, table: ''}\n", "must not be empty"),
        ("    relation: {database: a, table: _selfheal_units}\n", "'_selfheal_units' is a table of these tools"),
        ("    relation: {database: a, table: sqlite_schema}\n", "'sqlite_schema' is a table of SQLite itself"),
    ])
    func relations(_ lines: String, _ expected: String) {
        let (found, problems) = datasets("datasets:\n  d:\n" + lines)
        #expect(found == nil)
        #expect(problems.count == 1)
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }

    @Test(arguments: [
        ("a", true), ("A-b_c.9", true), ("9a", false), ("a b", false), ("a/b", false), ("ä", false), ("aä", false),
        ("$(id)", false), ("-a", false), ("+a", false),
        (String(repeating: "a", count: 100), true), (String(repeating: "a", count: 101), false),
    ])
    func names(_ name: String, _ isGood: Bool) {
        let (found, problems) = datasets("datasets:\n  '\(name)':\n    relation: {database: a.db, table: t}\n")
        #expect((found != nil) == isGood)
        #expect(problems.isEmpty == isGood)
        if !isGood { #expect(problems.first?.hasPrefix("schemas.yaml:2:3: a dataset's name begins") == true) }
    }

    /// Everything that is wrong is said at once.
    @Test func allFaults() {
        let (_, problems) = datasets(
            """
            datasets:
              a:
                relation: {database: /x, table: t}
              b:
                relation: {database: x.db, table: t}
                batch: 0
              c:
                relation: {database: x.db}
            """)
        #expect(problems.map { String($0.prefix(15)) } == ["schemas.yaml:3:", "schemas.yaml:6:", "schemas.yaml:8:"])
    }
}
