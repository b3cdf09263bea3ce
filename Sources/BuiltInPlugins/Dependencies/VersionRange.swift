/// A version as programs print it: numbers between dots. What follows (`-rc1`, `+build`) is not compared.
public struct VersionNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var parts: [Int]

    /// `3.11.7`, `18`, `v20.20.2`.
    public init?(_ text: some StringProtocol) {
        var parts: [Int] = []
        for part in (text.hasPrefix("v") ? text.dropFirst() : text[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        {
            guard let number = Int(part), number >= 0, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            parts.append(number)
        }
        guard !parts.isEmpty else { return nil }
        self.parts = parts
    }

    /// The first version in a program's answer: the first digits with a dot after them, else the first digits that stand alone.
    public init?(inAnswer answer: String) {
        var whole: VersionNumber?
        for word in answer.prefix(4096).split(whereSeparator: { !($0.isNumber || $0 == ".") }) {
            let trimmed = word.drop { $0 == "." }
            let end = trimmed.lastIndex { $0 != "." }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
            guard let version = VersionNumber(trimmed[..<end]) else { continue }
            if version.parts.count > 1 {
                self = version
                return
            }
            whole = whole ?? version
        }
        guard let whole else { return nil }
        self = whole
    }

    public var description: String { parts.map(String.init).joined(separator: ".") }

    /// `3.8` is `3.8.0`.
    public static func < (lhs: VersionNumber, rhs: VersionNumber) -> Bool { compare(lhs, rhs) < 0 }
    public static func == (lhs: VersionNumber, rhs: VersionNumber) -> Bool { compare(lhs, rhs) == 0 }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(parts.reversed().drop { $0 == 0 }.reversed())
    }

    private static func compare(_ lhs: VersionNumber, _ rhs: VersionNumber) -> Int {
        for index in 0..<max(lhs.parts.count, rhs.parts.count) {
            let left = index < lhs.parts.count ? lhs.parts[index] : 0
            let right = index < rhs.parts.count ? rhs.parts[index] : 0
            if left != right { return left < right ? -1 : 1 }
        }
        return 0
    }
}

/// Conditions on a version, all of which must hold: `>=3.8`, `>=3.8, <4`, `^18.2`, `~1.4`, `==2.7.1`, `!=3.9`.
public struct VersionRange: Sendable, Hashable, CustomStringConvertible {
    enum Relation: String, Sendable, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case equal = "=="
        case unequal = "!="
        case compatible = "~="
        case above = ">"
        case below = "<"
        case caret = "^"
        case tilde = "~"
        case exactly = "="
    }

    struct Condition: Sendable, Hashable {
        var relation: Relation
        var version: VersionNumber
    }

    let conditions: [Condition]
    public let description: String

    public init?(_ text: String) {
        var conditions: [Condition] = []
        // A blank may stand after the relation, and separates conditions like a comma.
        var rest = text[...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "," }
            if rest.isEmpty { break }
            guard let relation = Relation.allCases.first(where: { rest.hasPrefix($0.rawValue) }) else { return nil }
            rest = rest.dropFirst(relation.rawValue.count).drop { $0 == " " }
            let number = rest.prefix { $0 != " " && $0 != "," }
            guard let version = VersionNumber(number) else { return nil }
            if relation == .compatible && version.parts.count < 2 { return nil }
            conditions.append(Condition(relation: relation, version: version))
            rest = rest.dropFirst(number.count)
        }
        guard !conditions.isEmpty else { return nil }
        self.conditions = conditions
        self.description = text
    }

    public func contains(_ version: VersionNumber) -> Bool {
        conditions.allSatisfy { condition in
            let bound = condition.version
            return switch condition.relation {
            case .atLeast: version >= bound
            case .atMost: version <= bound
            case .equal, .exactly: version == bound
            case .unequal: version != bound
            case .above: version > bound
            case .below: version < bound
            // PEP 440: ~=1.4.2 is >=1.4.2, ==1.4.*
            case .compatible: version >= bound && version < bound.next(at: bound.parts.count - 2)
            // npm: ^1.2 is below 2, ^0.2.3 below 0.3
            case .caret:
                version >= bound
                    && version < bound.next(at: bound.parts.firstIndex { $0 != 0 } ?? bound.parts.count - 1)
            // npm: ~1.2.3 and ~1.2 are below 1.3, ~1 below 2
            case .tilde: version >= bound && version < bound.next(at: min(1, bound.parts.count - 1))
            }
        }
    }
}

extension VersionNumber {
    /// The lowest version whose part at `index` is one higher.
    fileprivate func next(at index: Int) -> VersionNumber {
        var next = self
        next.parts = Array(parts.prefix(index + 1))
        let (sum, overflow) = next.parts[index].addingReportingOverflow(1)
        next.parts[index] = overflow ? .max : sum
        return next
    }
}
