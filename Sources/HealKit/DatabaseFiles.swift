/// What SQLite keeps beside a database, and never anybody else may touch.
public enum DatabaseFiles {
    /// What follows the database's name.
    public static let suffixes = ["-journal", "-wal", "-shm"]
}
