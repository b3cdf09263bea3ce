import HealModel

/// What SQLite's own examination of a whole database said, told apart by what it means.
///
/// SQLite answers in sentences and has no codes for them; their beginnings have been the same since 2004. What is not
/// recognised counts as damage.
public struct IntegrityReport: Sendable, Hashable {
    /// How thorough the examination is.
    public enum Depth: String, Sendable, CaseIterable {
        /// Every page of every table and index.
        case quick
        /// Also every entry of every index.
        case full
    }

    /// Indexes that do not hold what their tables hold, by name, with how many entries are wrong.
    public var indexes: [String: Int] = [:]
    /// Rows that break a constraint of their own table: old data, not a damaged file. SQLite looks at CHECK constraints only
    /// where it may write.
    public var rows: [String] = []
    /// Everything else: pages that do not fit together.
    public var damage: [String] = []

    /// How many complaints SQLite is asked for. It looks at the pages of all tables first, so that what makes a database
    /// damaged is never cut off by complaints about an index.
    public static let limit = 10_000

    public init(_ lines: [String]) {
        for line in lines where line != "ok" {
            // Complaints about pages come as one text with a heading.
            for complaint in line.split(separator: "\n").map(String.init) where !complaint.hasPrefix("*** in database ")
            {
                add(complaint)
            }
        }
    }

    /// - Throws: what reading throws: a page can be so damaged that not even this comes to an end.
    public init(examining connection: any SQLConnection, _ depth: Depth) throws(MachineError) {
        let pragma = depth == .quick ? "quick_check" : "integrity_check"
        self.init(try connection.rows("PRAGMA \(pragma)(\(Self.limit))").compactMap { $0.first?.text })
    }

    public var isSound: Bool { indexes.isEmpty && rows.isEmpty && damage.isEmpty }
    /// Whether every page can be relied on: what is wrong, if anything, is an index or a constraint.
    public var isReadable: Bool { damage.isEmpty }

    private mutating func add(_ complaint: String) {
        if let index = Self.index(in: complaint) {
            indexes[index, default: 0] += 1
        } else if Self.isAboutRow(complaint) {
            rows.append(complaint)
        } else {
            damage.append(complaint)
        }
    }

    /// The index that a complaint is about, when it is one that building the index anew mends.
    private static func index(in complaint: String) -> String? {
        for start in ["wrong # of entries in index ", "non-unique entry in index "] where complaint.hasPrefix(start) {
            return String(complaint.dropFirst(start.count))
        }
        let rowStart =
            complaint.hasPrefix("rowid not at end-of-record for row ") ? "rowid not at end-of-record for row " : "row "
        guard complaint.hasPrefix(rowStart) else { return nil }
        let rest = complaint.dropFirst(rowStart.count)
        let number = rest.prefix { $0.isNumber || $0 == "-" }
        guard !number.isEmpty else { return nil }
        let words = rest.dropFirst(number.count)
        for middle in [" missing from index ", " values differ from index ", " of index "] where words.hasPrefix(middle)
        {
            return String(words.dropFirst(middle.count))
        }
        return nil
    }

    private static func isAboutRow(_ complaint: String) -> Bool {
        for start in ["NULL value in ", "NUMERIC value in ", "TEXT value in ", "CHECK constraint failed in "]
        where complaint.hasPrefix(start) { return true }
        return complaint.hasPrefix("non-") && complaint.contains(" value in ")
    }
}
