/// Two texts, line by line, in the form that `diff -u` prints.
public struct UnifiedDiff: Sendable {
    /// A line, and what it is compared by.
    public struct Line: Hashable, Sendable {
        public var text: String
        public var key: String

        public init(_ text: String, key: String) {
            self.text = text
            self.key = key
        }
    }

    /// A line of the output.
    enum Row: Hashable {
        case kept(Line)
        case removed(Line)
        case added(Line)
    }

    /// How many lines that are the same are shown around a difference.
    static let context = 3

    let rows: [Row]

    public init(old: [Line], new: [Line]) {
        let difference = new.map(\.key).difference(from: old.map(\.key))
        var removals: Set<Int> = []
        var insertions: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removals.insert(offset)
            case .insert(let offset, _, _): insertions.insert(offset)
            }
        }
        var rows: [Row] = []
        var (first, second) = (0, 0)
        while first < old.count || second < new.count {
            if first < old.count, removals.contains(first) {
                rows.append(.removed(old[first]))
                first += 1
            } else if second < new.count, insertions.contains(second) {
                rows.append(.added(new[second]))
                second += 1
            } else {
                // The same but for its spelling: as it is stated.
                guard second < new.count else { break }
                rows.append(.kept(new[second]))
                (first, second) = (first + 1, second + 1)
            }
        }
        self.rows = rows
    }

    public var isEmpty: Bool { changes.isEmpty }

    private var changes: [Int] {
        rows.indices.filter { index in
            if case .kept = rows[index] { false } else { true }
        }
    }

    /// The rows to show, in pieces, each with the numbers of its first lines (from 1) and how many it has of both texts.
    var hunks: [(header: String, rows: [Row])] {
        var ranges: [Range<Int>] = []
        for change in changes {
            let range = max(0, change - Self.context)..<min(rows.count, change + Self.context + 1)
            if let last = ranges.last, last.upperBound >= range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges.map { range in
            let before = Self.counts(rows[..<range.lowerBound])
            let inside = Self.counts(rows[range])
            let old = Self.place(before.old, inside.old)
            let new = Self.place(before.new, inside.new)
            return ("@@ -\(old) +\(new) @@", Array(rows[range]))
        }
    }

    private static func counts(_ rows: ArraySlice<Row>) -> (old: Int, new: Int) {
        rows.reduce((0, 0)) { counts, row in
            switch row {
            case .kept: (counts.0 + 1, counts.1 + 1)
            case .removed: (counts.0 + 1, counts.1)
            case .added: (counts.0, counts.1 + 1)
            }
        }
    }

    /// As `diff` writes it: one line has no count, and nothing begins before the first line.
    private static func place(_ before: Int, _ count: Int) -> String {
        switch count {
        case 0: "\(before),0"
        case 1: "\(before + 1)"
        default: "\(before + 1),\(count)"
        }
    }
}
