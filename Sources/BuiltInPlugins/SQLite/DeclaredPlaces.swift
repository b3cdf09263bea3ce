import HealModel
import SQLiteSchema
import Synchronization

/// Where the manifest states the things that findings are about.
struct DeclaredPlaces: Sendable {
    private var places: [[SQLName]: SourceLocation] = [:]
    /// Where nothing more exact is known: the database's name, or the schema file.
    private let otherwise: SourceLocation
    private let declaration: SchemaDeclaration
    private let inScript = Remembered()

    init(_ declaration: SchemaDeclaration) {
        self.declaration = declaration
        otherwise = declaration.script?.location ?? declaration.location
        for table in declaration.tables {
            let name = SQLName(table.name.text)
            places[[name]] = table.name.location
            for column in table.columns { places[[name, SQLName(column.name.text)]] = column.name.location }
            for index in table.indexes { places[[name, SQLName(index.name.text)]] = index.name.location }
        }
        for code in declaration.views + declaration.triggers {
            places[[SQLName(code.name.text)]] = code.name.location
        }
    }

    /// The place of a table, view or trigger, or of a column or index of a table.
    func place(of names: SQLName...) -> SourceLocation {
        places[names] ?? names.first.flatMap { places[[$0]] } ?? inScript.place(of: names, in: declaration) ?? otherwise
    }

    /// What was looked for in the schema file: a thousand databases lack the same column.
    private final class Remembered: Sendable {
        private let places = Mutex<[[SQLName]: SourceLocation]>([:])

        func place(of names: [SQLName], in declaration: SchemaDeclaration) -> SourceLocation? {
            guard declaration.script != nil else { return nil }
            if let known = places.withLock({ $0[names] }) { return known }
            let place = declaration.scriptLocation(of: names)
            // Only what is stated, of which there is an end, has a place.
            if place != nil { places.withLock { $0[names] = place } }
            return place
        }
    }
}
