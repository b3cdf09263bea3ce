/// What SQLite keeps beside a database, and never anybody else may touch.
public enum DatabaseFiles {
    /// What follows the database's name.
    public static let suffixes = ["-journal", "-wal", "-shm"]

    /// Whether a path's ending is one that databases have.
    public static func isLikely(_ path: String) -> Bool {
        [".db", ".sqlite", ".sqlite3", ".db3", ".s3db", ".sl3"].contains(where: path.lowercased().hasSuffix)
    }
}
