import Foundation

/// What a broken disk, an interrupted copy or a bug leaves of a database.
enum Damage {
    /// Overwrites whole pages, counted from 1 as SQLite does.
    static func overwrite(_ path: String, pages: [Int], with byte: UInt8 = 0xAA) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? file.close() }
        let size = try pageSize(path)
        for page in pages {
            try file.seek(toOffset: UInt64((page - 1) * size))
            try file.write(contentsOf: Data(repeating: byte, count: size))
        }
    }

    static func truncate(_ path: String, by bytes: Int64) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? file.close() }
        try file.truncate(atOffset: try file.seekToEnd() - UInt64(bytes))
    }

    static func pageSize(_ path: String) throws -> Int {
        let header = try Data(contentsOf: URL(filePath: path)).prefix(18)
        let size = Int(header[16]) << 8 | Int(header[17])
        return size == 1 ? 65536 : size
    }

    /// The pages of a table or index, without its root, in the order of their contents; needs SQLite's dbstat.
    static func leaves(of name: String, _ path: String) async throws -> [Int] {
        let text = try await OtherProcess.sqlite(
            path, "SELECT pageno FROM dbstat WHERE name = '\(name)' AND pagetype = 'leaf' ORDER BY path")
        return text.split(separator: "\n").compactMap { Int($0) }
    }

    /// An index that does not hold what its table holds: rows are changed while SQLite does not know of the index.
    static func breakIndex(_ name: String, in path: String, meanwhile sql: String) async throws {
        try await OtherProcess.python(
            """
            import sqlite3, sys
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            connection.execute("PRAGMA writable_schema=ON")
            row = connection.execute("SELECT * FROM sqlite_schema WHERE name = ?", [sys.argv[2]]).fetchone()
            connection.execute("DELETE FROM sqlite_schema WHERE name = ?", [sys.argv[2]])
            connection.execute("PRAGMA writable_schema=RESET")
            connection.executescript(sys.argv[3])
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)
            connection.execute("PRAGMA writable_schema=RESET")
            """, path, name, sql)
    }
}
