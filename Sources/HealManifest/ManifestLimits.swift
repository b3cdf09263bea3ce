/// How much a manifest may hold, its included files counted. Far more than people write, and little enough that no
/// file, however it was made, costs noticeable time or memory.
public enum ManifestLimits {
    /// Bytes of all files together; and, counted apart, of all values once aliases and variables are expanded.
    public static let bytes = 4 * 1024 * 1024
    /// Lists and mappings inside one another.
    public static let depth = 64
    /// Keys, values, lists and mappings, once aliases are expanded.
    public static let nodes = 100_000
    /// Included files.
    public static let files = 256
    /// Files between the manifest and an included file, that one counted.
    public static let includeDepth = 8
    /// Names looked at while the patterns of `include` are matched.
    public static let listedNames = 100_000
}

/// What has been used of the limits so far.
struct ManifestBudget {
    var bytes = 0
    var textBytes = 0
    var nodes = 0
    var files = 0
    var listedNames = 0
}
