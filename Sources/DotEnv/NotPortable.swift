/// A variable cannot be written so that all dialects read it alike.
public struct NotPortable: Error, Sendable, Hashable {
    /// Why not.
    public enum Reason: Sendable, Hashable {
        /// The name is not made of ASCII letters, digits and `_`, or starts with a digit.
        case name

        /// The shell keeps the variable for itself, such as `UID`; or a language does, such as `__proto__`.
        case reservedName

        /// No form of the value is read alike: it holds what quotes would not protect in every dialect.
        case value

        /// The file as it stands gets in the way, such as a quote that an earlier line leaves open or a backslash at
        /// its end: these dialects would read the new lines, or lines that were there before, differently.
        case file([EnvDialect])
    }

    /// The variable's name.
    public let variable: String

    /// Why it cannot be written.
    public let reason: Reason

    /// Makes an error.
    public init(variable: String, reason: Reason) {
        self.variable = variable
        self.reason = reason
    }
}

extension NotPortable: CustomStringConvertible {
    /// The variable and the reason, without the value.
    public var description: String {
        switch reason {
        case .name:
            "\(variable): not a name that all readers of .env files accept"
        case .reservedName:
            "\(variable): a name that some readers of .env files keep for themselves"
        case .value:
            "\(variable): no way of writing the value is read alike by node, python, compose and shell"
        case .file(let dialects):
            "\(variable): what stands in the file would make \(dialects.map(\.rawValue).joined(separator: ", ")) "
                + "misread it once the variable is added"
        }
    }
}
