/// Why a difference cannot be healed by adding something.
public enum Obstacle: Hashable, Sendable {
    // A column that ALTER TABLE cannot add, whatever the rows are.
    case primaryKey
    case unique
    /// A constraint over several columns needs the column.
    case tableConstraint(String)
    /// Columns whose definitions speak of each other.
    case circular
    /// The table is STRICT and knows no such type.
    case typeInStrictTable(String)

    // A column that ALTER TABLE cannot add to a table with rows.
    case notNullWithoutDefault
    case defaultNotConstant
    case storedGenerated
    case checkFails(rows: Int64)
    /// A generated column that is NOT NULL would be NULL.
    case notNullFails(rows: Int64)
    case referencesWithDefault
    case defaultOfWrongType(String)
    /// SQLite would give rows that exist another value than new ones get.
    case defaultStoredOtherwise
    case backfillFiresTriggers([SQLName])
    /// What fills it would reference rows that do not exist.
    case orphans(rows: Int64)

    /// Rows that would break what is stated: how many, the rowids of a few, and what of them is in the way, as a verb's
    /// phrase: `have no customer`.
    case rows(Int64, rowids: [Int64], phrase: String)
    /// SQLite does not rename the column.
    case renameRefused(String)
    /// What exists is defined differently.
    case definedDifferently
    /// A virtual table whose contents cannot be carried over.
    case contentsOfModule
    /// Columns of a virtual table that the manifest does not name.
    case columnsWouldGo([SQLName])
    /// Rows are in the way of a unique index: in how many groups, and the rowids of a few.
    case duplicates(groups: Int64, rowids: [Int64])
    /// Something that it needs is not there and cannot be made.
    case waits(for: String)
    /// Something else has its name.
    case nameTaken
    /// What has its name is on a table that the manifest does not name.
    case belongs(to: SQLName)
    /// Tables that stay reference it.
    case referenced(by: [SQLName])
    /// It can only be changed when nobody uses the database.
    case inUse(String)
    /// A newer or another application owns the database.
    case foreignOwner
    case notAutomatic

    /// Whether building the table anew, with its rows, would heal it.
    public var needsRebuild: Bool {
        switch self {
        case .primaryKey, .unique, .tableConstraint, .circular, .typeInStrictTable, .notNullWithoutDefault,
            .defaultNotConstant, .storedGenerated, .referencesWithDefault, .defaultOfWrongType, .defaultStoredOtherwise,
            .backfillFiresTriggers,
            .definedDifferently:
            true
        default: false
        }
    }

    /// Why, as the second half of a sentence that begins with "because".
    public var explanation: String {
        switch self {
        case .primaryKey: "ALTER TABLE cannot add a column of the primary key"
        case .unique: "ALTER TABLE cannot add a UNIQUE column"
        case .tableConstraint(let text): "ALTER TABLE cannot add the constraint \(text)"
        case .circular: "the definitions of the missing columns speak of each other"
        case .typeInStrictTable(let type):
            type.isEmpty ? "a STRICT table needs a type" : "the table that is there is STRICT and knows no type \(type)"
        case .notNullWithoutDefault: "it is NOT NULL without a default, and the table has rows"
        case .defaultNotConstant: "its default is not constant, and the table has rows"
        case .storedGenerated: "it is a stored generated column, and the table has rows"
        case .checkFails(let rows): "\(rows) \(rows == 1 ? "row" : "rows") would break its CHECK"
        case .notNullFails(let rows): "it is NOT NULL and would be NULL in \(rows) \(rows == 1 ? "row" : "rows")"
        case .referencesWithDefault:
            "it references another table with a default that is not NULL, and the table has rows"
        case .defaultOfWrongType(let type): "its default is no \(type) value, and the STRICT table has rows"
        case .defaultStoredOtherwise: "SQLite would store its default otherwise in rows that exist than in new ones"
        case .backfillFiresTriggers(let names):
            "filling it would fire \(names.map(\.text).joined(separator: ", "))"
        case .orphans(let rows):
            "\(rows) \(rows == 1 ? "row" : "rows") would reference a row of another table that does not exist"
        case .rows(let rows, let rowids, let phrase):
            "\(rows) \(rows == 1 ? "row" : "rows")\(Self.shown(rowids, isComplete: rows <= rowids.count)) \(phrase)"
        case .renameRefused(let message): "SQLite does not rename it: \(message)"
        case .definedDifferently: "what is there is defined differently"
        case .contentsOfModule: "its contents cannot be carried over to another definition"
        case .columnsWouldGo(let names):
            "\(names.map(\.text.shown).joined(separator: ", ")) would go, which the manifest does not name"
        case .duplicates(let groups, let rowids):
            "\(groups) \(groups == 1 ? "group" : "groups") of rows share the same values"
                + Self.shown(rowids, isComplete: groups * 2 <= rowids.count)
        case .waits(let what): "\(what) must be there first"
        case .nameTaken: "something else has that name"
        case .belongs(let table): "it belongs to \(table.text.shown), which the manifest does not name"
        case .referenced(let names):
            "\(names.map(\.text.shown).joined(separator: ", ")) \(names.count == 1 ? "references" : "reference") it"
        case .inUse(let what): what
        case .foreignOwner: "the database belongs to another application, or to a newer version of this one"
        case .notAutomatic: "it is never done automatically"
        }
    }

    private static func shown(_ rowids: [Int64], isComplete: Bool) -> String {
        guard !rowids.isEmpty else { return "" }
        return " (rowids \(rowids.map(String.init).joined(separator: ", "))\(isComplete ? "" : ", …"))"
    }
}
