/// What the value of an environment variable must look like. Values are judged as texts: that is what an application gets.
public enum VariableType: String, Sendable, CaseIterable {
    case string, int, float, bool, port, url, email, path
    case oneOf = "enum"

    /// What a person has to write: `a port (1 to 65535)`.
    var expectation: String {
        switch self {
        case .string: "a text"
        case .int: "a whole number"
        case .float: "a number"
        case .bool: "true or false (or 1/0, yes/no, on/off)"
        case .port: "a port (1 to 65535)"
        case .url: "a URL (scheme:// and a host, or scheme:path)"
        case .email: "an e-mail address"
        case .path: "a path"
        case .oneOf: "one of the listed values"
        }
    }

    package func accepts(_ value: String, choices: [String]) -> Bool {
        switch self {
        case .string: true
        case .int: Int(value) != nil && value.utf8.first != UInt8(ascii: "+")
        case .float: Double(value)?.isFinite ?? false
        case .bool: ["true", "false", "1", "0", "yes", "no", "on", "off"].contains(value.lowercased())
        case .port: value.utf8.allSatisfy { (0x30...0x39).contains($0) } && (1...65535).contains(Int(value) ?? 0)
        case .url: Self.isURL(value)
        case .email: Self.isEmail(value)
        case .path: !value.utf8.contains(0)
        case .oneOf: choices.contains(value)
        }
    }

    /// RFC 3986: a scheme, a colon, something behind it, and no white space; `//` needs an authority or a path after it.
    private static func isURL(_ value: String) -> Bool {
        guard let colon = value.firstIndex(of: ":"), !value.contains(where: \.isWhitespace) else { return false }
        let scheme = value[..<colon].utf8
        guard let first = scheme.first, isLetter(first),
            scheme.allSatisfy({ isLetter($0) || isDigit($0) || isMark($0) })
        else { return false }
        var rest = value[value.index(after: colon)...]
        if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
        return !rest.isEmpty && !rest.hasPrefix("?") && !rest.hasPrefix("#")
    }

    /// One `@`, something before it, and a domain whose labels are not empty. Whether mail arrives only mail can tell.
    private static func isEmail(_ value: String) -> Bool {
        let parts = value.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !value.contains(where: \.isWhitespace) else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && labels.allSatisfy { !$0.isEmpty }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isMark(_ byte: UInt8) -> Bool { [0x2B, 0x2D, 0x2E].contains(byte) }
}
