import HealKit
import HealModel
import ManifestShape
import SQLiteSchema

/// What the manifest says of one database, or of all whose paths fit a pattern.
public struct DatabaseSettings: Sendable {
    var outsideRoot = false
    var schemaFile: Located<ResourcePath>?
    var tables: [Keyed<TableSettings>]?
    var views: [Keyed<Located<String>>] = []
    var triggers: [Keyed<Located<String>>] = []
    var pragmas: [Keyed<Located<String>>] = []
    var extras: ExtrasPolicy = .ignore
    var care = DatabaseCare()
}

/// What becomes of things in a database that the manifest does not name.
enum ExtrasPolicy: String, Sendable, CaseIterable {
    case ignore, warn, drop
}

struct TableSettings: Sendable {
    var columns: [Keyed<Located<String>>] = []
    var constraints: [Located<String>] = []
    var options: [TableOption] = []
    var renamedFrom: [Keyed<Located<String>>] = []
    var backfill: [Keyed<Located<String>>] = []
    var indexes: [Keyed<IndexSettings>] = []
}

enum TableOption: String, Sendable, CaseIterable {
    case strict
    case withoutRowid = "without_rowid"
}

struct IndexSettings: Sendable {
    var terms: [Located<String>] = []
    var isUnique = false
    var predicate: Located<String>?
}

extension DatabaseSettings {
    static let shape = Shape.object(
        "A SQLite database: where it is, is its key.", DatabaseSettings(),
        [
            Field("tables", { $0.tables = $1 }, tables.optional, "Its tables, by name."),
            Field(
                "schema", { $0.schemaFile = $1 }, Shape.path.located.optional,
                "A file with plain SQL that makes the schema, instead of 'tables'."),
            Field("views", { $0.views = $1 }, named(.text), "Views, by name: the query."),
            Field(
                "triggers", { $0.triggers = $1 }, named(.text),
                "Triggers, by name: what follows the name in CREATE TRIGGER, up to END."),
            Field(
                "pragmas", { $0.pragmas = $1 }, named(.scalarText),
                "Properties kept in the file: user_version, application_id, journal_mode, page_size, "
                    + "auto_vacuum, encoding."
            ),
            Field(
                "extras", { $0.extras = $1 }, .choice,
                "What the manifest does not name is ignored, warned of, or (when a person says so) dropped."),
            Field(
                "integrity", { $0.care.integrity = $1 }, .choice,
                "How thoroughly every look examines the whole file: not at all, its pages, or also the entries of its "
                    + "indexes."),
            Field(
                "on_corrupt", { $0.care.onCorrupt = $1 }, .choice,
                "A damaged database is reported, replaced by its newest backup, or by what can still be read of it. The "
                    + "damaged file is kept."),
            Field(
                "outside_root", { $0.outsideRoot = $1 }, .boolean,
                "The path may lie outside the root, and symbolic links may lead there."),
        ])

    private static let tables = Shape.dictionary(of: TableSettings.shape)
        .described("Tables by name; what is not stated is left alone.")
}

/// Texts by names that the user chooses, each with its place.
private func named(_ shape: Shape<String>) -> Shape<[Keyed<Located<String>>]> { .dictionary(of: shape.located) }

extension TableSettings {
    static let shape = Shape.object(
        "A table.", TableSettings(),
        [
            Field(
                "columns", { $0.columns = $1 }, named(.text), required: true,
                "Columns by name: anything that SQLite accepts behind a column's name."),
            Field(
                "constraints", { $0.constraints = $1 }, .list(of: Shape<String>.text.located),
                "Constraints of the table: PRIMARY KEY, UNIQUE, CHECK, FOREIGN KEY."),
            Field("options", { $0.options = $1 }, .list(of: .choice), "Options of the table."),
            Field(
                "renamed_from", { $0.renamedFrom = $1 }, named(.name),
                "Old names of columns with their new ones. A rename is never guessed."),
            Field(
                "backfill", { $0.backfill = $1 }, named(.scalarText),
                "SQL expressions that fill new columns in rows that exist, by column."),
            Field("indexes", { $0.indexes = $1 }, .dictionary(of: IndexSettings.shape), "Indexes by name."),
        ])
}

extension IndexSettings {
    static let shape: Shape<IndexSettings> = {
        let terms = Shape.list(of: Shape<String>.name.located)
        let long = Shape.object(
            "An index.", IndexSettings(),
            [
                Field(
                    "on", { $0.terms = $1 }, terms, required: true,
                    "Columns or expressions, each with COLLATE, ASC or DESC behind it if need be."),
                Field("unique", { $0.isUnique = $1 }, .boolean, "No two rows may be equal in it."),
                Field(
                    "where", { $0.predicate = $1 }, Shape<String>.name.located.optional,
                    "Only rows for which this is true."),
            ])
        let short = terms.map { (terms: [Located<String>]) throws(ShapeFailure) in IndexSettings(terms: terms) }
        return .either(short: short, long: long)
    }()
}

// MARK: As the schema builder takes it

extension DatabaseSettings {
    /// - Parameter script: the text of the schema file, if one is named.
    func declaration(at location: SourceLocation, script: SourcedText?, pragmas: [StatedPragma]) -> SchemaDeclaration {
        var declaration = SchemaDeclaration(location: location)
        declaration.script = script
        declaration.tables = (tables ?? []).map { $0.value.declaration($0.sourced) }
        declaration.views = views.map(\.declaration)
        declaration.triggers = triggers.map(\.declaration)
        declaration.pragmas = pragmas
        return declaration
    }
}

extension TableSettings {
    fileprivate func declaration(_ name: SourcedText) -> TableDeclaration {
        var table = TableDeclaration(name: name)
        table.columns = columns.map(\.declaration)
        table.constraints = constraints.map(\.sourced)
        table.isStrict = options.contains(.strict)
        table.isWithoutRowid = options.contains(.withoutRowid)
        table.indexes = indexes.map { index in
            IndexDeclaration(
                name: index.sourced, terms: index.value.terms.map(\.sourced), isUnique: index.value.isUnique,
                predicate: index.value.predicate?.sourced)
        }
        table.formerNames = renamedFrom.map(\.declaration)
        table.backfills = backfill.map(\.declaration)
        return table
    }
}

extension Located<String> {
    fileprivate var sourced: SourcedText { SourcedText(value, location) }
}

extension Keyed {
    fileprivate var sourced: SourcedText { SourcedText(key, location) }
}

extension Keyed<Located<String>> {
    fileprivate var declaration: NamedDeclaration { NamedDeclaration(name: sourced, body: value.sourced) }
}
