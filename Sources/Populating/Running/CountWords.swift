/// Numbers of things, in words.
package enum CountWords {
    /// `1 row`, `2 rows`.
    package static func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }
    /// `1 unit`, `2 units`.
    package static func units(_ count: Int) -> String { count == 1 ? "1 unit" : "\(count) units" }
    /// `1 time`, `2 times`.
    static func times(_ count: Int) -> String { count == 1 ? "1 time" : "\(count) times" }
}
