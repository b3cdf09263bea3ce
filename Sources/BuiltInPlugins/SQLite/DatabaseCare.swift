/// How a database's file is looked after, apart from what is in it.
struct DatabaseCare: Sendable, Hashable {
    var integrity: IntegrityPolicy = .none
    var onCorrupt: CorruptionPolicy = .report
}

/// How thoroughly a look examines the whole file. What reading the schema shows is always seen, and so is a file that is
/// too short.
enum IntegrityPolicy: String, Sendable, CaseIterable {
    case none, quick, full
}

/// What becomes of a damaged database. It is kept in every case.
enum CorruptionPolicy: String, Sendable, CaseIterable {
    case report, restore, salvage
}
