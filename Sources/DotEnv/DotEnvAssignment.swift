/// One variable that a reader takes from a `.env` file.
public struct DotEnvAssignment: Sendable, Hashable {
    /// The variable's name, as the dialect reads it. It need not be a name that every dialect accepts.
    public let name: String

    /// The value's bytes; `nil` when the file holds the name without a value.
    ///
    /// The shell and Compose pass on bytes that are not UTF-8; the other dialects replace or refuse them.
    public let bytes: [UInt8]?

    /// The line of the file on which the name stands, counted from 1.
    public let line: Int

    /// The value as text; `nil` when the file holds the name without a value.
    ///
    /// Bytes that are not UTF-8 appear as U+FFFD. Compare ``bytes`` where that matters.
    public var value: String? {
        bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Makes an assignment from a value's bytes.
    public init(name: String, bytes: [UInt8]?, line: Int) {
        self.name = name
        self.bytes = bytes
        self.line = line
    }

    /// Makes an assignment from a value's text.
    public init(name: String, value: String?, line: Int) {
        self.init(name: name, bytes: value.map { Array($0.utf8) }, line: line)
    }
}

extension DotEnvAssignment: CustomStringConvertible, CustomDebugStringConvertible {
    /// The name and the line. Values may be secrets, so they never appear in descriptions; and a name without a value
    /// may be a stray line of one.
    public var description: String {
        bytes == nil ? "a name without a value (line \(line))" : "\(name) (line \(line))"
    }

    /// The same as ``description``, so that a collection of assignments prints no values either.
    public var debugDescription: String {
        description
    }
}

extension DotEnvAssignment: CustomReflectable {
    /// A mirror without the value, so that `dump` prints no secrets.
    public var customMirror: Mirror {
        Mirror(self, children: ["name": bytes == nil ? "" : name, "line": line])
    }
}
