/// Finds what somebody probably meant to write.
public enum NearestName {
    /// The known name with the smallest edit distance, if that is at most a third of the longer one's length (at
    /// least 1).
    public static func suggestion(for word: String, among known: [String]) -> String? {
        // Nobody mistypes a name into something this long, and the search is quadratic.
        guard word.unicodeScalars.count <= 64 else { return nil }
        let limit = { (other: String) in max(1, max(word.count, other.count) / 3) }
        return known.map { (name: $0, distance: distance(word.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= limit($0.name) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// The sentence for a key that has no meaning where it stands.
    package static func unknownKey(_ key: String, known: [String]) -> String {
        if let near = suggestion(for: key, among: known) {
            return "unknown key '\(key.shown)'; did you mean '\(near)'?"
        }
        return "unknown key '\(key.shown)'; known here: \(known.joined(separator: ", "))"
    }

    /// Levenshtein's distance with adjacent transpositions counted as one (optimal string alignment).
    static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.unicodeScalars)
        let b = Array(second.unicodeScalars)
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var current = [i]
            for j in 1...b.count {
                let substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                var best = min(last[j] + 1, current[j - 1] + 1, substitution)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, beforeLast[j - 2] + 1) }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[b.count]
    }
}

extension String {
    /// A key as it may be shown: cut, and without control characters that could fool a terminal.
    package var shown: String {
        let safe = String(
            String.UnicodeScalarView(unicodeScalars.prefix(60).filter { $0.value >= 0x20 && $0.value != 0x7F }))
        return unicodeScalars.count > 60 ? safe + "…" : safe
    }
}
