import HealModel

/// A damaged database that is to be, or was, replaced by another one: the names that the files beside it have.
///
/// The replacement lies beside the database, complete and synced, before anything happens to the damaged file. Then the
/// damaged file gets its second name, its side files follow it, and the replacement gets the database's name. Whoever
/// finds both names of one stamp finds a replacement that was interrupted between the two, and ends it.
public struct DatabaseReplacement: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable { case salvaged, restored }

    public let kind: Kind
    /// UTC, as in `20260131T235959.123Z`.
    public let stamp: String

    public init(_ kind: Kind, stamp: String) {
        self.kind = kind
        self.stamp = stamp
    }

    /// - Parameter now: milliseconds since 1970-01-01 UTC.
    public init(_ kind: Kind, at now: Int64) { self.init(kind, stamp: Self.stamp(now)) }

    /// What is to get the database's name: `data.db.salvaged-20260131T235959.123Z.db`.
    public func replacement(of name: String) -> String { "\(name).\(kind.rawValue)-\(stamp).db" }
    /// What is kept of the damaged one: `data.db.damaged-20260131T235959.123Z`, and its side files with their suffixes.
    public func kept(of name: String) -> String { "\(name).damaged-\(stamp)" }

    /// The replacement of `name` that the names in its directory show to have been interrupted.
    public static func interrupted(of name: String, among names: [String]) -> DatabaseReplacement? {
        let all = Set(names)
        for kind in Kind.allCases {
            let start = "\(name).\(kind.rawValue)-"
            for candidate in names where candidate.hasPrefix(start) && candidate.hasSuffix(".db") {
                let stamp = String(candidate.dropFirst(start.count).dropLast(3))
                let replacement = DatabaseReplacement(kind, stamp: stamp)
                if all.contains(replacement.kept(of: name)) { return replacement }
            }
        }
        return nil
    }

    /// `20260131T235959.123Z`, the form in which backups carry their time as well.
    static func stamp(_ milliseconds: Int64) -> String {
        let (days, time) = milliseconds.quotientAndFloor(86_400_000)
        // Civil date from the count of days, by eras of 400 years that begin in March.
        let (era, dayOfEra) = (days + 719_468).quotientAndFloor(146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * march + 2) / 5 + 1
        let clock = [time / 3_600_000, time / 60_000 % 60, time / 1000 % 60].map { $0.digits(2) }.joined()
        return "\(year.digits(4))\(month.digits(2))\(day.digits(2))T\(clock).\((time % 1000).digits(3))Z"
    }
}

extension Machine {
    /// What replaces a damaged database and was interrupted; `nil` when there is no such thing.
    public func interruptedReplacement(of database: ResourcePath) throws(MachineError) -> DatabaseReplacement? {
        if let parent = database.parent, try target(of: parent)?.kind != .directory { return nil }
        return DatabaseReplacement.interrupted(of: database.name, among: try names(in: database.parent))
    }
}

extension Int64 {
    fileprivate func quotientAndFloor(_ divisor: Int64) -> (Int64, Int64) {
        let rest = self % divisor
        return rest < 0 ? (self / divisor - 1, rest + divisor) : (self / divisor, rest)
    }

    fileprivate func digits(_ count: Int) -> String {
        let text = String(self)
        return String(repeating: "0", count: Swift.max(0, count - text.utf8.count)) + text
    }
}
