import GRDB

/// The tables of the journal, and how they came about. A migration that was released is never changed.
enum JournalSchema {
    /// `SHLj`: tells a journal from other databases.
    static let applicationID: Int64 = 0x5348_4C6A

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("runs and repairs") { db in
            try db.execute(
                sql: """
                    CREATE TABLE run (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        tool TEXT NOT NULL,
                        tool_version TEXT NOT NULL,
                        app TEXT,
                        mode TEXT NOT NULL,
                        manifest TEXT NOT NULL,
                        plan_hash TEXT NOT NULL,
                        started_at INTEGER NOT NULL,
                        pid INTEGER NOT NULL,
                        state TEXT NOT NULL CHECK (state IN ('begun', 'finished', 'interrupted')),
                        exit_status INTEGER,
                        duration_us INTEGER,
                        note TEXT
                    );
                    CREATE TABLE repair (
                        run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
                        position INTEGER NOT NULL,
                        finding TEXT NOT NULL,
                        subject TEXT NOT NULL,
                        doing TEXT NOT NULL,
                        done TEXT NOT NULL,
                        detail TEXT NOT NULL,
                        risk TEXT NOT NULL,
                        steps TEXT NOT NULL,
                        outcome TEXT,
                        reason TEXT,
                        "before" TEXT NOT NULL DEFAULT '',
                        "after" TEXT NOT NULL DEFAULT '',
                        duration_us INTEGER NOT NULL DEFAULT 0,
                        PRIMARY KEY (run, position),
                        UNIQUE (run, finding, subject)
                    ) WITHOUT ROWID;
                    PRAGMA application_id = \(applicationID);
                    """)
        }
        migrator.registerMigration("what takes a run back") { db in
            try db.execute(
                sql: """
                    ALTER TABLE repair ADD COLUMN "also" TEXT NOT NULL DEFAULT '[]';
                    ALTER TABLE repair ADD COLUMN awaits TEXT NOT NULL DEFAULT '[]';
                    ALTER TABLE repair ADD COLUMN proofs TEXT NOT NULL DEFAULT '[]';
                    CREATE TABLE database_change (
                        run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
                        position INTEGER NOT NULL,
                        database TEXT NOT NULL,
                        backup TEXT,
                        change TEXT NOT NULL,
                        PRIMARY KEY (run, position)
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("which run is taken back") { db in
            try db.execute(sql: "ALTER TABLE run ADD COLUMN undoes INTEGER")
        }
        migrator.registerMigration("runs beside others") { db in
            try db.execute(sql: "ALTER TABLE run ADD COLUMN is_beside INTEGER NOT NULL DEFAULT 0")
        }
        return migrator
    }

    enum State {
        case new, older, current
    }

    /// Makes the tables in a new journal, and brings an older one to this version.
    static func prepare(_ queue: DatabaseQueue) throws {
        while try check(queue) != .current {
            let done = try applied(queue)
            do {
                try migrator.migrate(queue)
            } catch {
                // Another process came to the same step first. Each step of its is one that is left to neither.
                guard try applied(queue) != done else { throw error }
            }
        }
    }

    private static func applied(_ queue: DatabaseQueue) throws -> Set<String> {
        try queue.read { db in
            try db.tableExists("grdb_migrations") ? migrator.appliedIdentifiers(db) : []
        }
    }

    static func check(_ queue: DatabaseQueue) throws -> State {
        try queue.read { db in
            if try Int64.fetchOne(db, sql: "PRAGMA application_id") != applicationID {
                // The migrator makes its own table before it begins the first migration, and may be killed between.
                let others = try Int64.fetchOne(
                    db, sql: "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'")
                guard others == 0 else { throw JournalError.foreign }
                return .new
            }
            if try migrator.hasBeenSuperseded(db) { throw JournalError.newer }
            return try migrator.hasCompletedMigrations(db) ? .current : .older
        }
    }
}
