import CSelfHeal
import HealKit
import HealModel

/// Reads the rows of a damaged table that has rowids: from both ends as far as that goes, and then, in what lies between,
/// from ever more places, so that whatever hangs on a whole page is found.
struct RangeSalvage {
    /// How often reading starts anew in one table. Every start halves a gap: with this many, gaps of some thousand rowids are
    /// looked at one by one, and larger ones in steps far smaller than a page.
    static let limit = 20_000

    let source: Connection
    /// Gives rows with the rowid first: between two rowids, ascending.
    let ascending: Statement
    /// The same, descending.
    let descending: Statement
    /// Takes one row.
    let take: (Statement) throws(MachineError) -> Void

    /// - Parameters:
    ///   - columns: as SQL, what is read beside the rowid.
    ///   - rowid: a name by which the table calls its rowid.
    init(
        _ table: String, rowid: String, columns: [String], in source: Connection,
        take: @escaping (Statement) throws(MachineError) -> Void
    ) throws(MachineError) {
        let select =
            "SELECT \(([rowid] + columns).joined(separator: ", ")) FROM main.\(table) NOT INDEXED "
            + "WHERE \(rowid) BETWEEN ?1 AND ?2 ORDER BY \(rowid)"
        ascending = try source.statement(select)
        descending = try source.statement(select + " DESC")
        self.source = source
        self.take = take
    }

    /// - Returns: between which rowids nothing could be read.
    func run() throws(MachineError) -> [ClosedRange<Int64>] {
        var open: [ClosedRange<Int64>] = [.min ... .max]
        var next = 0
        var lost: [ClosedRange<Int64>] = []
        // Wide gaps first: each round halves all that are left.
        while next < open.count {
            let range = open[next]
            next += 1
            guard next <= Self.limit, let gap = try gap(in: range) else {
                if next > Self.limit { lost.append(range) }
                continue
            }
            if gap.lowerBound == gap.upperBound {
                lost.append(gap)
            } else {
                let middle = Self.middle(of: gap)
                open += [gap.lowerBound...middle, (middle + 1)...gap.upperBound]
            }
        }
        return Self.merged(lost)
    }

    /// Reads what can be read from both ends. - Returns: what is left between; `nil` when nothing is.
    private func gap(in range: ClosedRange<Int64>) throws(MachineError) -> ClosedRange<Int64>? {
        guard case .stopped(let last) = try scan(range, ascending, forwards: true) else { return nil }
        if last == range.upperBound { return nil }
        let rest = (last.map { $0 + 1 } ?? range.lowerBound)...range.upperBound
        guard case .stopped(let first) = try scan(rest, descending, forwards: false) else { return nil }
        if first == rest.lowerBound { return nil }
        return rest.lowerBound...(first.map { $0 - 1 } ?? rest.upperBound)
    }

    private enum Progress {
        case ended
        /// After the row with this rowid; `nil` before the first.
        case stopped(after: Int64?)
    }

    private func scan(
        _ range: ClosedRange<Int64>, _ statement: Statement, forwards: Bool
    ) throws(MachineError) -> Progress {
        defer { statement.reset() }
        try statement.bind([.integer(range.lowerBound), .integer(range.upperBound)], on: source)
        var last: Int64?
        while true {
            do throws(MachineError) {
                guard try statement.step(on: source) else { return .ended }
            } catch {
                guard error.isUnreadable else { throw error }
                return .stopped(after: last)
            }
            let rowid = sqlite3_column_int64(statement.pointer, 0)
            // A page that belongs elsewhere: what comes from it is not this place's.
            guard range.contains(rowid), last.map({ forwards ? rowid > $0 : rowid < $0 }) ?? true else {
                return .stopped(after: last)
            }
            try take(statement)
            last = rowid
        }
    }

    /// Half way, or, where the ends are far apart, half way by the number of digits: rowids are mostly small.
    static func middle(of range: ClosedRange<Int64>) -> Int64 {
        let (low, high) = (range.lowerBound, range.upperBound)
        if low < 0 && high > 0 { return 0 }
        if low >= 0, high / 4 > low {
            let middle = Int64((Double(max(low, 1)) * Double(high)).squareRoot())
            return min(max(middle, low), high - 1)
        }
        if high <= 0, low / 4 < high {
            // From the largest negative number down to the other end.
            let middle = -Int64(((-Double(low)) * max(-Double(high), 1)).squareRoot())
            return min(max(middle, low), high - 1)
        }
        return low + (high - low) / 2
    }

    static func merged(_ ranges: [ClosedRange<Int64>]) -> [ClosedRange<Int64>] {
        var merged: [ClosedRange<Int64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, last.upperBound == .max || last.upperBound + 1 >= range.lowerBound {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }
}

extension MachineError {
    /// Whether it says that something in a database cannot be read, and nothing else is in the way.
    var isUnreadable: Bool {
        guard case .database(_, let fault) = self else { return false }
        switch fault {
        case .damaged, .truncated, .notADatabase, .io: return true
        // A length that was made up.
        case .sql(let code, _, _): return code & 0xFF == SQLITE_NOMEM || code & 0xFF == SQLITE_TOOBIG
        default: return false
        }
    }
}
