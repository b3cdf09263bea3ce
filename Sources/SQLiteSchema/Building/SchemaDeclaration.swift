import HealModel

/// A piece of the manifest or of a schema file, and where it stands.
public struct SourcedText: Hashable, Sendable {
    public var text: String
    public var location: SourceLocation

    public init(_ text: String, _ location: SourceLocation) {
        self.text = text
        self.location = location
    }
}

/// What a manifest states of one database, before SQLite has looked at it.
public struct SchemaDeclaration: Hashable, Sendable {
    /// The database's name in the manifest.
    public var location: SourceLocation
    public var tables: [TableDeclaration] = []
    /// A file with plain SQL; its location is the file's own beginning.
    public var script: SourcedText?
    public var views: [NamedDeclaration] = []
    public var triggers: [NamedDeclaration] = []
    public var pragmas: [StatedPragma] = []

    public init(location: SourceLocation) { self.location = location }
}

/// A name with a text: a column with its definition, a view with its query.
public struct NamedDeclaration: Hashable, Sendable {
    public var name: SourcedText
    public var body: SourcedText

    public init(name: SourcedText, body: SourcedText) {
        self.name = name
        self.body = body
    }
}

public struct TableDeclaration: Hashable, Sendable {
    public var name: SourcedText
    public var columns: [NamedDeclaration] = []
    public var constraints: [SourcedText] = []
    public var isStrict = false
    public var isWithoutRowid = false
    public var indexes: [IndexDeclaration] = []
    /// From the old name of a column (`name`) to the new one (`body`).
    public var formerNames: [NamedDeclaration] = []
    /// From a column to an SQL expression.
    public var backfills: [NamedDeclaration] = []

    public init(name: SourcedText) { self.name = name }
}

public struct IndexDeclaration: Hashable, Sendable {
    public var name: SourcedText
    public var terms: [SourcedText]
    public var isUnique: Bool
    public var predicate: SourcedText?

    public init(name: SourcedText, terms: [SourcedText], isUnique: Bool = false, predicate: SourcedText? = nil) {
        self.name = name
        self.terms = terms
        self.isUnique = isUnique
        self.predicate = predicate
    }
}

/// Something wrong with a declaration.
public struct SchemaFault: Error, Hashable, Sendable {
    public var location: SourceLocation
    /// A sentence without a full stop.
    public var message: String

    public init(_ location: SourceLocation, _ message: String) {
        self.location = location
        self.message = message
    }
}
