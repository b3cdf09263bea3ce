/// The name of a table, column, index, view or trigger: as it was written, compared as SQLite does, without regard to
/// the case of ASCII letters.
public struct SQLName: Hashable, Sendable, CustomStringConvertible, Comparable {
    /// As it was written, without quotes.
    public let text: String
    /// What two spellings of one name share.
    let key: String

    public init(_ text: String) {
        self.text = text
        key = text.asciiLowercased
    }

    public static func == (lhs: SQLName, rhs: SQLName) -> Bool { lhs.key.hasSameBytes(as: rhs.key) }
    public static func < (lhs: SQLName, rhs: SQLName) -> Bool { lhs.key < rhs.key }
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }

    public var description: String { text }

    /// The name as SQL: in double quotes only where it would not be a name without them.
    public var quoted: String {
        Self.isPlain(text) && !SQLKeywords.all.contains(key) ? text : alwaysQuoted
    }

    /// The name as SQL, in double quotes.
    public var alwaysQuoted: String { text.quoted(with: "\"") }

    /// The form that all its spellings in SQL text share. Quotes stay where the word without them would mean something
    /// else.
    var folded: String {
        guard let first = key.utf8.first, !first.isDigit, first != UInt8(ascii: "$"),
            key.utf8.allSatisfy(\.isNamePart), !SQLKeywords.reserved.contains(key), !SQLKeywords.values.contains(key)
        else { return key.quoted(with: "\"") }
        return key
    }

    /// Names that SQLite keeps for itself.
    public var isReserved: Bool { key.hasPrefix("sqlite_") }

    /// ASCII letters, digits and underscores only, and no digit first.
    static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, !first.isDigit else { return false }
        return text.utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "$") && $0.isNamePart }
    }
}

extension String {
    /// Equal as SQLite sees it: Swift's `==` also takes different spellings of one accented letter for the same.
    func hasSameBytes(as other: String) -> Bool {
        let same = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { theirs in
                UnsafeRawBufferPointer(mine).hasSameBytes(as: UnsafeRawBufferPointer(theirs))
            }
        }
        return (same ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    /// Case as SQLite folds it: ASCII letters only.
    var asciiLowercased: String {
        guard utf8.contains(where: { $0 >= 0x41 && $0 <= 0x5A }) else { return self }
        return String(decoding: utf8.map(\.asciiLowercased), as: UTF8.self)
    }

    /// The text between two quotes, with every quote in it doubled.
    func quoted(with quote: Character) -> String {
        var result = String(quote)
        for character in unicodeScalars {
            if Character(character) == quote { result.append(quote) }
            result.unicodeScalars.append(character)
        }
        result.append(quote)
        return result
    }

    /// The text as an SQL string.
    var sqlLiteral: String { quoted(with: "'") }
}

extension UnsafeRawBufferPointer {
    /// Eight bytes at a time: whole schemas are compared with it.
    fileprivate func hasSameBytes(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        var position = 0
        while position + 8 <= count {
            let mine = loadUnaligned(fromByteOffset: position, as: UInt64.self)
            guard mine == other.loadUnaligned(fromByteOffset: position, as: UInt64.self) else { return false }
            position += 8
        }
        return self[position...].elementsEqual(other[position...])
    }
}
