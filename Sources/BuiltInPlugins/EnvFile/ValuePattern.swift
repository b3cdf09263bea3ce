/// A regular expression that a value must match somewhere, compiled once.
///
/// Unchecked because `Regex` does not say that it is `Sendable`: this one has no captures or transforms of ours, and nothing
/// changes it after it was made.
public struct ValuePattern: @unchecked Sendable, Hashable {
    /// As the manifest gives it.
    public let text: String
    private let regex: Regex<AnyRegexOutput>

    /// - Returns: `nil` when the text is not a regular expression.
    public init?(_ text: String) {
        guard let regex = try? Regex(text) else { return nil }
        self.text = text
        self.regex = regex
    }

    func matches(_ value: String) -> Bool { value.firstMatch(of: regex) != nil }

    public static func == (lhs: ValuePattern, rhs: ValuePattern) -> Bool { lhs.text == rhs.text }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
