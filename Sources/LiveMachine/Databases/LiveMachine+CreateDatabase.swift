import CSelfHeal
import Glibc
import HealKit
import HealModel

extension LiveMachine {
    /// Builds a database under a temporary name in the same directory, mode 0600; when it is complete, closed and synced, it
    /// gets its name, unless something has got there meanwhile.
    ///
    /// A journal beside the name, left by a database that is gone, is refused: SQLite would roll it into the new one.
    public func createDatabase(
        _ path: ResourcePath, pragmas: [String], statements: [String],
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError) {
        try requireChange(path)
        if interruption.isRaised { throw .cancelled }
        let parent = try root.openParent(of: path)
        for suffix in ["-journal", "-wal"] {
            guard try FileStatus.at(path.name + suffix, in: parent.number, path.text + suffix) == nil else {
                throw .refused(subject: path.text + suffix, .exists)
            }
        }
        try makeFile(path) { folder, temporary throws(MachineError) in
            let directory = folder.kernelPath ?? "\(root.path)/\(path.parent?.text ?? "")"
            try build("\(directory)/\(temporary)", path, pragmas, statements, body)
        }
    }

    private func build(
        _ absolute: String, _ path: ResourcePath, _ pragmas: [String], _ statements: [String],
        _ body: (any SQLConnection) throws(MachineError) -> Void
    ) throws(MachineError) {
        let patience = Patience(waitLimit: .zero, interruption: interruption)
        let connection = try Connection(absolute, .readWrite, subject: path.text, patience: patience)
        // Until it has its name nobody misses it: synced once, at the end.
        try connection.perform("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY")
        // An image has the pages that a new database has unless something else is stated.
        let image = pragmas.allSatisfy(Self.isOfFullDatabase) ? images.image(of: statements) : nil
        if let image { try connection.fill(with: image) }
        selfheal_sqlite_restrict(connection.db, 1)
        for pragma in pragmas { try connection.execute(pragma) }
        selfheal_sqlite_restrict(connection.db, 0)
        // BEGIN IMMEDIATE writes the first page, so that a database without tables is one as well.
        guard try connection.begin("BEGIN IMMEDIATE", .none) else {
            throw .database(subject: path.text, .busy(waited: .zero))
        }
        try connection.completing { connection throws(MachineError) in
            if image == nil {
                for statement in statements { try connection.execute(statement) }
            }
            try body(connection)
        }
    }

    /// Whether a pragma can be set in a database that has tables.
    private static func isOfFullDatabase(_ pragma: String) -> Bool {
        ["user_version", "application_id", "journal_mode"].contains { pragma.hasPrefix("PRAGMA \($0)") }
    }
}
