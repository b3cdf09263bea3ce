import HealKit
import HealModel

extension DatabaseSchemaCheck {
    /// What the examination of a whole file, and the replacement of a damaged one, can find.
    static let damageKinds = [
        FindingKind(
            "sqlite.file.replacement", .critical, risk: .low,
            meaning:
                "A damaged database was being replaced by a restored or salvaged one, and the run that did so was killed "
                + "after the new one was complete.",
            healing:
                "It is ended: what SQLite kept beside the damaged file follows it to its new name, and the new database gets "
                + "its own.",
            blocks: true),
        FindingKind(
            "sqlite.file.log", .information, risk: nil,
            meaning:
                "A process in WAL mode was killed, and left a write-ahead log. Its transactions count: they are read, and "
                + "nothing is lost.",
            healing: "SQLite moves it into the database when it is next opened for writing. Never remove it by hand."),
        FindingKind(
            "sqlite.index.broken", .critical, risk: .low,
            meaning:
                "An index does not hold what its table holds: queries that use it give wrong answers. Looked for with "
                + "`integrity: full`.",
            healing:
                "It is built anew from its table (REINDEX), and the whole file is examined again before that counts. Not "
                + "while pages of the file are damaged, nor while rows share values that must differ: those are counted."
        ),
        FindingKind(
            "sqlite.table.invalid-rows", .warning, risk: nil,
            meaning:
                "Rows break a constraint of their own table (NOT NULL, or a type in a STRICT one): they were written before it, "
                + "or past it. Looked for with `integrity: quick` or `full`; CHECK constraints are not looked at, because "
                + "SQLite does so only while it may write.",
            healing: "Change the rows, or the constraint. Nothing is changed by itself."),
    ]
}
