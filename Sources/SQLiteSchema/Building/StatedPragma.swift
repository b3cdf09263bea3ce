import HealKit
import HealModel

/// A property of a database file that SQLite keeps in it and shows through a PRAGMA.
public enum PersistentPragma: String, Sendable, CaseIterable {
    // In the order in which a new database takes them.
    case pageSize = "page_size"
    case encoding
    case autoVacuum = "auto_vacuum"
    case journalMode = "journal_mode"
    case applicationID = "application_id"
    case userVersion = "user_version"

    /// The value in the form that SQLite answers with.
    /// - Returns: `nil` when the pragma has no such value.
    func canonical(_ text: String) -> String? {
        let word = text.asciiLowercased
        switch self {
        case .userVersion, .applicationID: return number(word).map(String.init)
        case .pageSize:
            guard let size = Int32(word), (512...65536).contains(size), size.nonzeroBitCount == 1 else { return nil }
            return String(size)
        case .journalMode:
            // Only whether it is WAL is kept in the file; the others are chosen anew by every connection.
            return ["wal", "delete"].contains(word) ? word : nil
        case .autoVacuum:
            return ["none": "0", "full": "1", "incremental": "2"][word]
                ?? (["0", "1", "2"].contains(word) ? word : nil)
        case .encoding:
            return ["utf-8": "UTF-8", "utf8": "UTF-8", "utf-16le": "UTF-16le", "utf-16be": "UTF-16be"][word]
        }
    }

    var allowed: String {
        switch self {
        case .userVersion, .applicationID: "a whole number of 32 bits"
        case .pageSize: "a power of two from 512 to 65536"
        case .journalMode: "wal or delete"
        case .autoVacuum: "none, full or incremental"
        case .encoding: "UTF-8, UTF-16le or UTF-16be"
        }
    }

    private func number(_ word: String) -> Int32? {
        if word.hasPrefix("0x") { return UInt32(word.dropFirst(2), radix: 16).map(Int32.init(bitPattern:)) }
        return Int32(word)
    }
}

/// A property of the file with the value that is expected.
public struct StatedPragma: Hashable, Sendable {
    public let pragma: PersistentPragma
    /// In the form that SQLite answers with.
    public let value: String

    public var name: String { pragma.rawValue }

    /// What is wrong with a pragma of the manifest, as a sentence.
    public struct Fault: Error, Hashable, Sendable {
        public let message: String
    }

    public init(name: String, value: String) throws(Fault) {
        guard let pragma = PersistentPragma(rawValue: name.asciiLowercased) else {
            let known = PersistentPragma.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(
                message:
                    "'\(name)' is not kept in the database file, so nothing can be expected of it here; known: \(known)"
            )
        }
        guard let value = pragma.canonical(value) else {
            throw Fault(message: "\(pragma.rawValue) must be \(pragma.allowed)")
        }
        self.pragma = pragma
        self.value = value
    }

    init(_ pragma: PersistentPragma, _ value: String) {
        self.pragma = pragma
        self.value = value
    }

    /// The statement that sets it.
    public var statement: String {
        pragma == .encoding ? "PRAGMA \(name) = '\(value)'" : "PRAGMA \(name) = \(value)"
    }

    /// What the database answers.
    func found(in connection: any SQLConnection) throws(MachineError) -> String {
        switch try connection.rows("PRAGMA main.\(name)").first?.first {
        case .integer(let value): String(value)
        case .text(let value): pragma.canonical(value) ?? value
        default: ""
        }
    }
}
