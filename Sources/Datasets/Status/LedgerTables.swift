/// What the work ledger keeps, in the database whose rows it speaks of: only there can one transaction hold both.
public enum LedgerTables {
    /// What the names of all of them begin with. A manifest that does not name them does not miss them.
    public static let prefix = "_selfheal_"

    /// What the names begin with under which the ledger speaks of new tables, which will take the place of datasets' own; no dataset's
    /// name begins with a point.
    public static let newTable = ".new-"

    /// One row for each dataset that was ever populated here.
    public static let datasets = "_selfheal_datasets"
    /// One row for each unit.
    public static let units = "_selfheal_units"
    /// Rows that did not fit.
    public static let quarantine = "_selfheal_quarantine"

    /// Columns of `datasets` that earlier versions did not make; the last one is there only with all others.
    public static let additions = [
        (column: "incarnation", definition: "TEXT"), (column: "proof", definition: "TEXT"),
        (column: "parent_incarnations", definition: "TEXT NOT NULL DEFAULT '{}'"),
    ]

    /// A query for how many of them there are, and 1 where `datasets` has all columns.
    public static let query = """
        SELECT count(*), coalesce(max(name = '_selfheal_datasets' AND instr(sql, 'parent_incarnations') > 0), 0)
        FROM main.sqlite_schema
        WHERE type = 'table' AND name IN ('_selfheal_datasets', '_selfheal_units', '_selfheal_quarantine')
        """

    /// What makes them, in order; harmless where they are there.
    public static let statements = [
        """
        CREATE TABLE IF NOT EXISTS _selfheal_datasets (
          dataset TEXT PRIMARY KEY,
          -- Goes up whenever rows were written; children that were made as a whole remember which one they were made from.
          generation INTEGER NOT NULL DEFAULT 0,
          -- {"parent": generation, …} as they were when the dataset was last made as a whole.
          parents TEXT NOT NULL DEFAULT '{}',
          -- Milliseconds since 1970.
          populated_at INTEGER,
          -- Counters over the units below, kept in the same transaction, so that a look needs no scan.
          done INTEGER NOT NULL DEFAULT 0,
          failed INTEGER NOT NULL DEFAULT 0,
          rows_written INTEGER NOT NULL DEFAULT 0,
          quarantined INTEGER NOT NULL DEFAULT 0,
          -- How long all units took together, in microseconds, and how many that were: for estimates.
          unit_microseconds INTEGER NOT NULL DEFAULT 0,
          unit_count INTEGER NOT NULL DEFAULT 0,
          -- Random, so that generations of a table that was lost are not taken for those of the one in its place.
          incarnation TEXT,
          -- What the rows of a dataset that is appended to as a whole were when all of them came from here, as columns and digests.
          proof TEXT,
          -- {"parent": incarnation, …}, beside 'parents'.
          parent_incarnations TEXT NOT NULL DEFAULT '{}'
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS _selfheal_units (
          dataset TEXT NOT NULL,
          -- A unit without a row here is pending. The parent's key as it is there (any type); '' for a dataset without units.
          unit ANY NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'quarantined')),
          -- How many rows it gave; 0 is done, too.
          row_count INTEGER NOT NULL DEFAULT 0,
          attempts INTEGER NOT NULL DEFAULT 0,
          class TEXT,
          -- Redacted.
          message TEXT,
          -- Milliseconds since 1970: not before this.
          next_attempt INTEGER,
          version ANY,
          changed_at INTEGER NOT NULL,
          PRIMARY KEY (dataset, unit)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS _selfheal_quarantine (
          id INTEGER PRIMARY KEY,
          dataset TEXT NOT NULL,
          unit ANY NOT NULL,
          class TEXT NOT NULL,
          message TEXT NOT NULL,
          -- The row as one JSON object; {"blob": "00ff"} in it is a blob, {"real": "Infinity"} infinity.
          content TEXT NOT NULL,
          created_at INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE INDEX IF NOT EXISTS _selfheal_quarantine_unit ON _selfheal_quarantine (dataset, unit)
        """,
    ]
}
