/// `docs/sqlite-cases.md`, made from the cases.
enum CasesPage {
    static let groups = [
        "add column", "drop column", "rename", "type", "NOT NULL and DEFAULT", "collation", "CHECK", "primary key",
        "UNIQUE", "foreign keys", "STRICT", "indexes", "views", "triggers", "virtual tables", "tables", "rows", "files",
        "spelling",
    ]

    static func text(_ cases: [FixtureCase]) -> String {
        var lines = [introduction(cases)]
        for group in groups {
            let members = cases.filter { $0.expectation.group == group }
            lines += [
                "", "## \(group)", "",
                "| case | what | SelfHeal | sqldef | Atlas | sqlite-utils | alembic batch | Django |",
                "| --- | --- | --- | --- | --- | --- | --- | --- |",
            ]
            for member in members {
                let peers = FixtureCase.peers.map { member.expectation.peers?[$0] ?? "?" }
                let cells = [member.name, member.expectation.about, member.expectation.outcome.words] + peers
                lines.append("| \(cells.map(escaped).joined(separator: " | ")) |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("*", with: "\\*").replacing("_", with: "\\_")
    }

    private static func introduction(_ cases: [FixtureCase]) -> String {
        """
        # Cases

        \(cases.count) changes of a SQLite schema, and what becomes of each. Every row is a folder in
        `Tests/CommandsTests/Fixtures/cases`: a database with rows, what is stated, and what is expected. `FixtureCaseTests` heals
        each through the programs and looks at the result through SQLite's pragmas, texts and rows, not through SelfHeal's own
        comparison: the schema is that of a new database, the rows are the expected ones, a dry run and a second run change
        nothing, a refusal leaves the file byte for byte, and `selfheal undo` brings back what was. This page is made from the
        folders; a test compares.

        | SelfHeal | |
        | --- | --- |
        | healed | brought to what is stated, at medium risk, which is the default |
        | healed at high risk | the same with `--max-risk high`; without it nothing is done |
        | healed in part | some of it at medium risk, the rest with `--max-risk high` |
        | refused | nothing is done at any risk, and the report says why |
        | told | a warning, and nothing to be done |
        | no difference | nothing is found and nothing is done |

        The other tools are for other ends, and are given here because people use them for this one. What is not known is a
        question mark, not a guess.

        | others | |
        | --- | --- |
        | keeps | ends as stated, with all that was there |
        | loses | ends without something that was there and is stated: a value, a rowid, a constraint, an index, a trigger |
        | breaks | ends with something that no longer holds or works: orphans, a view or trigger on what is gone |
        | fills | puts the default into rows that have no value |
        | refuses | ends in an error |
        | ignores | does nothing, and says nothing |
        | n/a | has no way to ask for it |

        sqlite-utils 4.2.1 (`transform`, `add_column`), alembic 1.20.1 (`batch_alter_table`, over SQLAlchemy 2.1.9) and Django
        5.2.19 (`alter_field`) were run on the same databases with SQLite 3.40.1; a script put the difference into their calls, and
        where it could not, a question mark stands. Columns without a type, for one, are beyond alembic. sqldef and the open-source part of Atlas were not run: theirs is
        what their sources and tests say (sqldef's SQLite generator has no rebuild; Atlas' copies the columns that it knows).
        """
    }
}

extension FixtureCase.Outcome {
    var words: String {
        switch self {
        case .healed: "healed"
        case .high: "healed at high risk"
        case .partly: "healed in part"
        case .refused: "refused"
        case .named: "told"
        case .unchanged: "no difference"
        }
    }
}
