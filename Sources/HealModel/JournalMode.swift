/// How a database keeps what a transaction may have to take back, as far as its file says so.
public enum JournalMode: String, Hashable, Sendable, Codable, CaseIterable {
    /// A write-ahead log.
    case wal
    /// A rollback journal; when it is removed, overwritten or shortened is for each connection to choose.
    case delete
}
