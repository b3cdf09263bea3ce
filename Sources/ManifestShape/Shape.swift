import HealModel

/// What a value in the manifest looks like. One declaration both decodes the value and describes it as JSON Schema,
/// so the two cannot drift apart.
public struct Shape<Value: Sendable>: Sendable {
    /// Made when asked for: a run that only decodes never needs it.
    private let describe: @Sendable () -> JSONSchema
    private let decoder: @Sendable (ManifestNode, inout ManifestProblems) -> Value?

    public init(
        schema: @escaping @autoclosure @Sendable () -> JSONSchema,
        decode: @escaping @Sendable (ManifestNode, inout ManifestProblems) -> Value?
    ) {
        self.describe = schema
        self.decoder = decode
    }

    public var schema: JSONSchema { describe() }

    /// The typed value, or `nil` after adding what is wrong with it to `problems`.
    public func decode(_ node: ManifestNode, _ problems: inout ManifestProblems) -> Value? {
        decoder(node, &problems)
    }

    /// The same shape with a description for people, shown by editors.
    public func described(_ text: String) -> Shape {
        Shape(schema: schema.with { $0.description = text }, decode: decoder)
    }

    /// A value made from this one. `transform` throws the sentence that is shown at the value's place.
    public func map<Other: Sendable>(
        _ transform: @escaping @Sendable (Value) throws(ShapeFailure) -> Other
    ) -> Shape<Other> {
        Shape<Other>(schema: schema) { node, problems in
            guard let value = self.decode(node, &problems) else { return nil }
            do throws(ShapeFailure) {
                return try transform(value)
            } catch {
                problems.add(node.location, error.message)
                return nil
            }
        }
    }

    /// A value made from this one, where several things may be wrong at places of their own: `transform` adds them to the problems
    /// and gives `nil`.
    public func checked<Other: Sendable>(
        _ transform: @escaping @Sendable (Value, inout ManifestProblems) -> Other?
    ) -> Shape<Other> {
        Shape<Other>(schema: schema) { node, problems in
            self.decode(node, &problems).flatMap { transform($0, &problems) }
        }
    }

    /// The value together with its place.
    public var located: Shape<Located<Value>> {
        Shape<Located<Value>>(schema: schema) { node, problems in
            self.decode(node, &problems).map { Located($0, node.location) }
        }
    }

    /// The same shape where an optional is stored.
    public var optional: Shape<Value?> {
        Shape<Value?>(schema: schema) { node, problems in
            self.decode(node, &problems).map { .some($0) }
        }
    }
}

/// Why a value that has the right form is still wrong.
public struct ShapeFailure: Error, Sendable, Hashable {
    public var message: String
    public init(_ message: String) { self.message = message }
}

/// A value and where it was written.
public struct Located<Value: Sendable>: Sendable {
    public var value: Value
    public var location: SourceLocation
    public init(_ value: Value, _ location: SourceLocation) {
        self.value = value
        self.location = location
    }
}

extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}

/// An entry of a mapping whose keys the user chooses, in the order written.
public struct Keyed<Value: Sendable>: Sendable {
    public var key: String
    public var location: SourceLocation
    public var value: Value
    public init(_ key: String, _ location: SourceLocation, _ value: Value) {
        self.key = key
        self.location = location
        self.value = value
    }
}

extension Keyed: Equatable where Value: Equatable {}
extension Keyed: Hashable where Value: Hashable {}
