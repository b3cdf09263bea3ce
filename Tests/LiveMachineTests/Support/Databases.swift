import Foundation

/// States of a database that only another process, and one that is killed, can leave behind.
enum Databases {
    /// A database with one table of some rows.
    static func plain(
        _ path: String, in folder: String? = nil, rows: Int = 10, pragmas: String = ""
    ) async throws {
        try await OtherProcess.sqlite(
            path, in: folder,
            """
            \(pragmas)
            CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
            INSERT INTO t (text) SELECT printf('%0100d', i) FROM n;
            """)
    }

    /// A writer that was killed in the middle of a transaction, when some of its pages were in the file already.
    static func killedWriter(_ path: String) async throws {
        try await OtherProcess.python(
            """
            import os, sqlite3, sys
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            connection.execute("PRAGMA cache_size=5")
            connection.execute("PRAGMA cache_spill=5")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE t SET text = 'lost' || text")
            os._exit(0)
            """, path)
    }

    /// A writer in WAL mode that was killed before its log was moved into the database.
    static func killedLogWriter(_ path: String) async throws {
        try await OtherProcess.python(
            """
            import os, sqlite3, sys
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute("CREATE TABLE late (x)")
            connection.execute("INSERT INTO late VALUES (1), (2), (3)")
            os._exit(0)
            """, path)
    }

    /// What another process does with a database while the test goes on. `%` stands for its statements.
    static func holder(_ statements: String) -> String {
        """
        import sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
        for statement in '''\(statements)'''.split(';'):
            connection.execute(statement).fetchall()
        print('ready', flush=True)
        sys.stdin.read()
        """
    }
}
