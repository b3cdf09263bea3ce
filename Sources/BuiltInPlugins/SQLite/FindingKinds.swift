import HealKit
import HealModel

extension DatabaseSchemaCheck {
    static let descriptor = CheckDescriptor(
        id: "sqlite", title: "database schemas", domain: .databases,
        kinds: fileKinds + damageKinds + schemaKinds + ownerKinds)

    private static let fileKinds = [
        FindingKind(
            "sqlite.file.missing", .critical, risk: .low,
            meaning: "The database file does not exist; the application would fail, or start with an empty one.",
            healing:
                "It is created with all its tables, indexes, views and triggers: complete under its name, or "
                + "not at all.",
            blocks: true),
        FindingKind(
            "sqlite.file.kind", .critical, risk: nil,
            meaning: "Something that is not an ordinary file stands where the database belongs.",
            healing: "Nothing is removed. Move what is there out of the way and run again.", blocks: true),
        FindingKind(
            "sqlite.file.empty", .critical, risk: .high,
            meaning:
                "The file has zero bytes. That is what a crash or a full disk can leave of a database with contents.",
            healing:
                "Nothing is done by itself: an empty database must not hide a loss. If nothing was in it, remove the "
                + "file and run again. With `on_corrupt: restore` the newest good backup is put in its place.",
            blocks: true),
        FindingKind(
            "sqlite.file.not-a-database", .critical, risk: .high,
            meaning: "The file is not a SQLite database, or it is encrypted.",
            healing:
                "Nothing is changed by itself. Restore a backup, or move the file out of the way. With `on_corrupt: restore` the "
                + "newest good backup is put in its place, and the file is kept beside it.", blocks: true),
        FindingKind(
            "sqlite.file.truncated", .critical, risk: .high,
            meaning: "The file is shorter than the database says it is: its end is lost, as after an interrupted copy.",
            healing:
                "Nothing is changed by itself. With `on_corrupt: restore` the newest good backup is put in its place, with "
                + "`on_corrupt: salvage` a new database with all that can be read of it; the file is kept beside it.",
            blocks: true),
        FindingKind(
            "sqlite.file.damaged", .critical, risk: .high,
            meaning: "Pages of the database do not fit together.",
            healing:
                "Nothing is changed by itself; never continue to write to it. With `on_corrupt: restore` the newest good backup "
                + "is put in its place, with `on_corrupt: salvage` a new database with all that can be read of it; the "
                + "file is kept beside it.", blocks: true),
        FindingKind(
            "sqlite.file.newer-format", .critical, risk: nil,
            meaning: "The file was written in a format newer than this SQLite can use.",
            healing: "Use a newer SQLite. Nothing is changed.", blocks: true),
        FindingKind(
            "sqlite.file.permission", .critical, risk: nil,
            meaning: "The user who runs this may not open the database.",
            healing: "Fix the owner or permissions of the file, or of the directory that holds it.", blocks: true),
        FindingKind(
            "sqlite.file.name", .critical, risk: nil,
            meaning:
                "A file or directory that fits a pattern has a control character in its name, or a name that is not UTF-8: "
                + "nothing can name it, so the database is never looked at.",
            healing: "Rename it, or move it away if it is no database of the application. Nothing is renamed by itself."
        ),
        FindingKind(
            "sqlite.file.read-only", .warning, risk: nil,
            meaning: "The user who runs this may read the database but not change it, so nothing in it can be healed.",
            healing: "Fix the owner or permissions, if the application writes to the database."),
        FindingKind(
            "sqlite.file.hard-linked", .warning, risk: nil,
            meaning:
                "The file has more than one name. A process that opens it under another name does not find the "
                + "journal or write-ahead log kept under this one, and damages the database.",
            healing: "Keep one name. Until then nothing in the database is changed."),
        FindingKind(
            "sqlite.file.journal", .critical, risk: .low,
            meaning:
                "A process was killed in the middle of a transaction; SQLite must roll it back before anybody "
                + "can read.",
            healing: "The database is opened for writing once, so that SQLite rolls the transaction back by itself.",
            blocks: true),
    ]

    private static let schemaKinds = [
        FindingKind(
            "sqlite.table.missing", .critical, risk: .low,
            meaning: "A table the application uses does not exist; statements that name it fail.",
            healing: "It is created, empty, together with its indexes."),
        FindingKind(
            "sqlite.column.missing", .critical, risk: .low,
            meaning: "A column the application uses does not exist; statements that name it fail.",
            healing:
                "It is added with ALTER TABLE where SQLite can add such a column to this table with these "
                + "rows. Otherwise the table is rebuilt with it (risk medium). Rows in the way (no value for a column that "
                + "needs one, for instance) are counted first; then nothing is done."),
        FindingKind(
            "sqlite.column.renamed", .critical, risk: .medium,
            meaning: "The manifest says what a column was called before, and the table still has it under that name.",
            healing: "It is renamed, with all that speaks of it: indexes, views, triggers, foreign keys."),
        FindingKind(
            "sqlite.column.differs", .critical, risk: .medium,
            meaning:
                "A column has another type, default, collation or constraint than stated. It is only a warning "
                + "where SQLite treats both the same.",
            healing:
                "The table is rebuilt with all its rows, indexes and triggers, after a backup, and compared with what it "
                + "was. Where values would lose something (the text 007 that becomes the number 7) the risk is high. Rows "
                + "that break what is stated are counted first; then nothing is done."),
        FindingKind(
            "sqlite.table.differs", .critical, risk: .medium,
            meaning: "A table has other constraints or options than stated, or something else has its name.",
            healing:
                "The table is rebuilt, as for sqlite.column.differs. A view that has its name is replaced; nothing else that "
                + "has it is touched."),
        FindingKind(
            "sqlite.index.missing", .warning, risk: .low,
            meaning: "Queries that the index serves are slow; if it is unique, rows that must differ can be equal.",
            healing: "It is created. Rows in the way of a unique index are counted first; then nothing is done."),
        FindingKind(
            "sqlite.index.differs", .warning, risk: .medium,
            meaning: "An index of that name has other columns, order, collation or condition than stated.",
            healing: "It is dropped and created as stated."),
        FindingKind(
            "sqlite.view.missing", .critical, risk: .low,
            meaning: "A view the application uses does not exist; queries that name it fail.",
            healing: "It is created."),
        FindingKind(
            "sqlite.view.differs", .critical, risk: .medium,
            meaning: "A view of that name has another query than stated.",
            healing: "It is dropped and created as stated; it holds no rows of its own."),
        FindingKind(
            "sqlite.trigger.missing", .critical, risk: .low,
            meaning: "A trigger the application relies on does not exist; what it keeps up to date goes stale.",
            healing: "It is created. What it missed meanwhile is not made up for."),
        FindingKind(
            "sqlite.trigger.differs", .critical, risk: .medium,
            meaning: "A trigger of that name does something else than stated.",
            healing: "It is dropped and created as stated."),
    ]

    private static let ownerKinds = [
        FindingKind(
            "sqlite.pragma.differs", .warning, risk: .medium,
            meaning: "A property of the file (user_version, application_id, journal_mode …) is not the stated one.",
            healing:
                "user_version is raised and application_id set when everything else is as stated. journal_mode is set outside "
                + "the transaction, unless another process uses the database: then it says so and the rest is done. "
                + "page_size, auto_vacuum and encoding are for a person, who is told the command."),
        FindingKind(
            "sqlite.newer-application", .critical, risk: nil,
            meaning:
                "user_version is above the stated one: a newer version of the application has changed the database.",
            healing:
                "Nothing in it is changed, and user_version is never lowered. Start the newer version, or "
                + "restore an older database."),
        FindingKind(
            "sqlite.other-application", .critical, risk: nil,
            meaning: "application_id is that of another application: the file is probably not the application's.",
            healing: "Nothing in it is changed. Check the path, or the number in the manifest."),
        FindingKind(
            "sqlite.extra", .warning, risk: .high,
            meaning: "The database holds something that the manifest does not name, and 'extras' asks to be told.",
            healing: "Name it, or drop it by hand. With 'extras: drop' it is dropped, at high risk, after a backup."),
        FindingKind(
            "sqlite.pattern.unmatched", .warning, risk: nil,
            meaning: "No file fits a pattern of the manifest.",
            healing: "Mend the pattern, if there should be one. Databases that fit are found by the next run."),
    ]
}
