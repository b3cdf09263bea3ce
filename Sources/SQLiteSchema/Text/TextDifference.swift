/// Where two pieces of SQL differ: from the first token that is not the same to the last.
public struct TextDifference: Sendable, Hashable {
    /// As it is stated; empty where nothing stands there.
    public let expected: String
    /// As it was found.
    public let found: String

    public init(expected: String, found: String) {
        let (wanted, other) = (SQLText(expected), SQLText(found))
        let (first, second) = (
            wanted.tokens.indices.map { wanted.folded($0) }, other.tokens.indices.map { other.folded($0) }
        )
        var start = 0
        while start < min(first.count, second.count), first[start].hasSameBytes(as: second[start]) { start += 1 }
        var end = 0
        while end < min(first.count, second.count) - start,
            first[first.count - 1 - end].hasSameBytes(as: second[second.count - 1 - end])
        {
            end += 1
        }
        self.expected = wanted.oneLine(start..<first.count - end)
        self.found = other.oneLine(start..<second.count - end)
    }

    /// `is 'b DESC', expected 'b'`, cut to what fits into a sentence.
    public var explanation: String {
        switch (expected.isEmpty, found.isEmpty) {
        case (true, true): "only in its spelling"
        case (true, false): "'\(found.shown)' is not expected"
        case (false, true): "'\(expected.shown)' is not there"
        case (false, false): "is '\(found.shown)', expected '\(expected.shown)'"
        }
    }
}
