/// The path of a file or directory that the manifest speaks of.
///
/// A value of this type has been looked at: it holds no NUL or other control character, no `..`, and is relative to the
/// application's root unless the manifest allowed it to lie outside. Whether a symbolic link on the way leaves the root is
/// for the machine to find out, at the moment of use.
public struct ResourcePath: Hashable, Sendable, CustomStringConvertible, Comparable {
    /// Normalised: no empty or `.` components and no slash at the end. Absolute only when `outsideRoot`.
    public let text: String
    /// The manifest said `outside_root: true` for this path.
    public let outsideRoot: Bool

    /// - Throws: `PathProblem` when the text cannot name something below the root.
    public init(_ text: String, outsideRoot: Bool = false) throws(PathProblem) {
        guard !text.isEmpty else { throw .empty }
        for byte in text.utf8 where byte < 0x20 || byte == 0x7F {
            throw byte == 0 ? .nul : .controlCharacter
        }
        guard text.utf8.count < 4096 else { throw .tooLong }
        let absolute = text.utf8.first == UInt8(ascii: "/")
        if absolute && !outsideRoot { throw .absolute }
        if Self.isNormal(text) {
            self.init(trusted: text, outsideRoot: outsideRoot)
            return
        }
        var kept: [Substring] = []
        for component in text.split(separator: "/") where component != "." {
            if component == ".." && !outsideRoot { throw .leavesRoot }
            kept.append(component)
        }
        guard !kept.isEmpty else { throw .empty }
        self.init(trusted: (absolute ? "/" : "") + kept.joined(separator: "/"), outsideRoot: outsideRoot)
    }

    /// Whether no component is empty, `.` or `..`. Told from the bytes, because runs make hundreds of paths.
    private static func isNormal(_ text: String) -> Bool {
        let (slash, point) = (UInt8(ascii: "/"), UInt8(ascii: "."))
        var text = text
        return text.withUTF8 { bytes in
            var start = bytes.first == slash ? 1 : 0
            for index in start...bytes.count where index == bytes.count || bytes[index] == slash {
                let isPoints = index - start <= 2 && bytes[start..<index].allSatisfy { $0 == point }
                if isPoints { return false }
                start = index + 1
            }
            return true
        }
    }

    private init(trusted text: String, outsideRoot: Bool) {
        self.text = text
        self.outsideRoot = outsideRoot
    }

    public var isAbsolute: Bool { text.utf8.first == UInt8(ascii: "/") }

    /// The last component: `data.db` of `app/data.db`.
    public var name: String { text.split(separator: "/").last.map(String.init) ?? text }

    /// The directory that holds it; `nil` when that is the root (of the application, or `/`).
    public var parent: ResourcePath? {
        guard let slash = text.lastIndex(of: "/"), slash != text.startIndex else { return nil }
        return ResourcePath(trusted: String(text[..<slash]), outsideRoot: outsideRoot)
    }

    /// Itself and every directory above it, nearest first, without the root.
    public var lineage: [ResourcePath] {
        var all = [self]
        while let next = all[all.count - 1].parent { all.append(next) }
        return all
    }

    /// A sibling: the same directory with another last component. The name must be a single, ordinary component.
    public func sibling(named name: String) -> ResourcePath {
        guard let slash = text.lastIndex(of: "/") else { return ResourcePath(trusted: name, outsideRoot: outsideRoot) }
        return ResourcePath(trusted: text[...slash] + name, outsideRoot: outsideRoot)
    }

    public var description: String { text }

    public static func < (lhs: ResourcePath, rhs: ResourcePath) -> Bool { lhs.text < rhs.text }
}

/// Why a text is not the path of something the tool may touch.
public enum PathProblem: String, Error, Sendable, Codable {
    case empty, nul, controlCharacter, tooLong, absolute, leavesRoot

    /// A sentence for the person who wrote the path.
    public var explanation: String {
        switch self {
        case .empty: "the path is empty or names the root itself"
        case .nul: "the path holds a NUL character"
        case .controlCharacter: "the path holds a control character"
        case .tooLong: "the path is longer than 4095 bytes"
        case .absolute: "the path is absolute; say 'outside_root: true' if it is meant to lie outside the root"
        case .leavesRoot: "the path leaves the root through '..'; say 'outside_root: true' if that is meant"
        }
    }
}

extension ResourcePath: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        let outside = text.hasPrefix("/") || text.split(separator: "/").contains("..")
        self = try ResourcePath(text, outsideRoot: outside)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Permission bits of a file or directory (the low twelve bits of `st_mode`).
public struct FileMode: Hashable, Sendable, Codable, CustomStringConvertible, RawRepresentable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue & 0o7777 }

    public static let privateFile = FileMode(rawValue: 0o600)
    public static let directory = FileMode(rawValue: 0o755)

    /// Reads `0750` or `750`: three or four octal digits.
    public init?(octal text: String) {
        guard (3...4).contains(text.utf8.count), let value = UInt32(text, radix: 8),
            text.utf8.first != UInt8(ascii: "+")
        else { return nil }
        self.init(rawValue: value)
    }

    /// Four octal digits: `0750`.
    public var description: String {
        let digits = String(rawValue, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let mode = FileMode(octal: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an octal mode")
        }
        self = mode
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
