import CSelfHeal

/// The first 100 bytes of a database file, and how long the file is.
struct DatabaseHeader {
    static let length = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    private let bytes: [UInt8]
    let fileSize: Int64

    init(bytes: [UInt8], fileSize: Int64) {
        self.bytes = bytes
        self.fileSize = fileSize
    }

    /// Reads through SQLite's own descriptor: closing another one would drop the locks of this process.
    init?(of db: OpaquePointer) {
        var size: Int64 = 0
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.length) { buffer, filled in
            code = selfheal_sqlite_peek(db, buffer.baseAddress, Int32(Self.length), 0, &size)
            filled = code == SQLITE_OK ? Self.length : 0
        }
        guard code == SQLITE_OK else { return nil }
        self.init(bytes: bytes, fileSize: size)
    }

    var isDatabase: Bool { bytes.starts(with: Self.magic) }

    /// Whether readers must look into a write-ahead log.
    var usesWAL: Bool { isDatabase && bytes[19] == 2 }

    /// Written by a SQLite that this one does not understand: the file format for reading or writing, or the schema format.
    var isNewer: Bool { isDatabase && (bytes[18] > 2 || bytes[19] > 2 || number(at: 44) > 4) }

    /// Bytes.
    var pageSize: Int64 {
        let size = Int64(bytes[16]) << 8 | Int64(bytes[17])
        return size == 1 ? 65536 : size
    }

    /// How long the file must be by its own account. `nil` when the header does not say: the page count holds only when the
    /// last writer was one that keeps it, which is when both change counters agree.
    private var expectedSize: Int64? {
        guard isDatabase, number(at: 28) > 0, number(at: 24) == number(at: 92) else { return nil }
        return number(at: 28) * pageSize
    }

    /// What is missing at the end of the file: whole pages or a part of the last one, which SQLite takes for zeros.
    var truncation: (expected: Int64, actual: Int64)? {
        guard let expectedSize, fileSize < expectedSize else { return nil }
        return (expectedSize, fileSize)
    }

    private func number(at offset: Int) -> Int64 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int64($1) }
    }
}
