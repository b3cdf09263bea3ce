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
        _ path: ResourcePath, pragmas: [String],
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError) {
        try requireChange(path)
        if interruption.isRaised { throw .cancelled }
        let parent = try root.openParent(of: path)
        try requireNothing(at: path, in: parent)
        for suffix in ["-journal", "-wal"] {
            guard try FileStatus.at(path.name + suffix, in: parent.number, path.text + suffix) == nil else {
                throw .refused(subject: path.text + suffix, .exists)
            }
        }
        let temporary = TemporaryName(for: path.name).text
        let made = uninterrupted {
            openat(parent.number, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard made >= 0 else { throw .failed("create", path.text) }
        do throws(MachineError) {
            let file = Descriptor(owning: made)
            // Nobody else knows this file, so its locks do not matter, and the descriptor may be closed at any time.
            try file.setMode(.privateFile, path.text)
            let folder = parent.kernelPath ?? "\(root.path)/\(path.parent?.text ?? "")"
            try build("\(folder)/\(temporary)", path, pragmas, body)
            for suffix in TemporaryName.sideFiles {
                let left = try FileStatus.at(temporary + suffix, in: parent.number, path.text + suffix)
                if suffix == "-wal", let left, left.size > 0 {
                    throw .database(subject: path.text, .io("the write-ahead log could not be moved into the database"))
                }
                _ = unlinkat(parent.number, temporary + suffix, 0)
            }
            try file.sync(path.text)
            try giveName(path, to: temporary, in: parent)
        } catch {
            for suffix in [""] + TemporaryName.sideFiles { _ = unlinkat(parent.number, temporary + suffix, 0) }
            throw error
        }
    }

    private func build(
        _ absolute: String, _ path: ResourcePath, _ pragmas: [String],
        _ body: (any SQLConnection) throws(MachineError) -> Void
    ) throws(MachineError) {
        let patience = Patience(waitLimit: .zero, interruption: interruption)
        let connection = try Connection(absolute, .readWrite, subject: path.text, patience: patience)
        // Until it has its name nobody misses it: synced once, at the end.
        try connection.perform("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY")
        selfheal_sqlite_restrict(connection.db, 1)
        for pragma in pragmas { try connection.execute(pragma) }
        selfheal_sqlite_restrict(connection.db, 0)
        // BEGIN IMMEDIATE writes the first page, so that a database without tables is one as well.
        guard try connection.begin("BEGIN IMMEDIATE", .none) else {
            throw .database(subject: path.text, .busy(waited: .zero))
        }
        try connection.completing(body)
    }
}
