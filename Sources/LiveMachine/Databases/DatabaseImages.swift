import CSelfHeal
import HealKit
import HealModel
import Synchronization

/// Large schemas that SQLite has made in memory, as they would stand in a file.
///
/// SQLite reads all of `sqlite_schema` again after each statement that makes something, so that a schema takes time by the
/// square of its size: a new database gets a copy of what was made to understand the manifest, instead of being made anew.
final class DatabaseImages: Sendable {
    struct Image: Sendable {
        /// What makes it, in no particular order.
        var statements: [String]
        /// The file's bytes.
        var bytes: [UInt8]
    }

    private let images = Mutex<[Image]>([])

    /// Below it making a database anew takes no longer than keeping its image.
    private static let smallest = 64 << 10
    /// How many bytes are kept in all.
    private static let limit = 32 << 20

    /// Keeps what was made in a scratch database, if it is large, and if its statements alone would make the same.
    func keep(_ connection: Connection) throws(MachineError) {
        guard !connection.isInTransaction, try connection.size() >= Self.smallest,
            let image = try connection.image(limit: Self.limit)
        else { return }
        images.withLock { images in
            images.append(image)
            while images.count > 1, images.map(\.bytes.count).reduce(0, +) > Self.limit { images.removeFirst() }
        }
    }

    /// The image of what the statements make in an empty database.
    func image(of statements: [String]) -> [UInt8]? {
        let wanted = statements.sorted()
        return images.withLock { images in images.last { $0.statements == wanted }?.bytes }
    }
}

extension Connection {
    /// - Returns: `nil` where something else than statements of a schema has made the database what it is.
    fileprivate func image(limit: Int) throws(MachineError) -> DatabaseImages.Image? {
        guard try size() <= limit, sqlite3_total_changes(db) == 0 else { return nil }
        let made = try schemaRows().filter { $0.name != "sqlite_sequence" }
        // Virtual tables make tables of their own.
        let others = try rows(
            "SELECT 1 FROM main.sqlite_schema WHERE name LIKE 'sqlite\\_stat%' ESCAPE '\\' "
                + "OR type = 'table' AND rootpage = 0 LIMIT 1")
        guard others.isEmpty else { return nil }
        for (pragma, usual) in [
            ("encoding", SQLValue.text("UTF-8")), ("auto_vacuum", .integer(0)), ("page_size", .integer(4096)),
        ] {
            guard try rows("PRAGMA main.\(pragma)") == [[usual]] else { return nil }
        }
        var size: sqlite3_int64 = 0
        guard let bytes = sqlite3_serialize(db, "main", &size, 0) else { return nil }
        defer { sqlite3_free(bytes) }
        return DatabaseImages.Image(
            statements: made.map(\.sql).sorted(),
            bytes: Array(UnsafeBufferPointer(start: bytes, count: Int(size))))
    }

    /// Makes this empty database a copy of an image.
    func fill(with image: [UInt8]) throws(MachineError) {
        let source = try Connection(":memory:", .memory, subject: subject, patience: patience)
        guard let bytes = sqlite3_malloc64(UInt64(image.count))?.assumingMemoryBound(to: UInt8.self) else {
            throw failure(SQLITE_NOMEM)
        }
        bytes.initialize(from: image, count: image.count)
        // It is SQLite's from here on, whatever happens.
        let size = sqlite3_int64(image.count)
        let code = sqlite3_deserialize(
            source.db, "main", bytes, size, size,
            UInt32(SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY))
        guard code == SQLITE_OK else { throw source.failure(code) }
        let copied = selfheal_sqlite_copy(source.db, db)
        guard copied == SQLITE_OK else { throw failure(copied) }
    }
}
