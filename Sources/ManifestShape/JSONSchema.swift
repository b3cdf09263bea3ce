/// The part of JSON Schema (draft 2020-12) that our shapes need.
///
/// Nested schemas are arrays of one where a value type cannot hold itself.
public struct JSONSchema: Sendable, Hashable {
    public enum Kind: String, Sendable { case string, integer, number, boolean, array, object, null }

    public struct Property: Sendable, Hashable {
        public var name: String
        public var schema: JSONSchema
        public init(name: String, schema: JSONSchema) {
            self.name = name
            self.schema = schema
        }
    }

    public var kind: Kind?
    public var description: String?
    public var anyOf: [JSONSchema] = []
    public var enumeration: [String] = []
    public var pattern: String?
    public var minLength: Int?
    public var minimum: Int?
    public var maximum: Int?
    public var items: [JSONSchema] = []
    public var properties: [Property] = []
    public var required: [String] = []
    /// Schemas of values under keys that the user chooses.
    public var additionalProperties: [JSONSchema] = []
    /// No keys but `properties`.
    public var closed = false
    /// The value under a key that the user chooses may be spread over several files, which are then joined. Concerns
    /// includes only; JSON Schema has no word for it.
    public var spreadsEntries = false

    public init(_ kind: Kind) { self.kind = kind }
    /// Anything at all.
    public init() {}
    public init(anyOf: [JSONSchema]) { self.anyOf = anyOf }

    /// A changed copy.
    func with(_ change: (inout JSONSchema) -> Void) -> JSONSchema {
        var copy = self
        change(&copy)
        return copy
    }
}
