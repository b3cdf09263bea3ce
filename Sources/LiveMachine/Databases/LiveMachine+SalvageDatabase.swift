import CSelfHeal
import Glibc
import HealKit
import HealModel

extension LiveMachine {
    /// Copies what can be read of a damaged database into a new one, row by row, and puts that in its place. The damaged file
    /// is only read.
    public func salvageDatabase(_ path: ResourcePath) async throws(MachineError) -> ReplacedDatabase {
        try requireChange(path)
        return try await patiently(path) { patience throws(MachineError) in
            let damaged = try DamagedDatabase(path, in: root)
            try damaged.place.requireContent()
            let whole = try wholePages(of: damaged)
            let parent = damaged.parent.number
            defer { if let whole { removeTemporary(whole, in: parent) } }
            let place = damaged.place
            let source = whole.map { "\(damaged.folder)/\($0)" } ?? place.absolute
            return try replace(damaged, .salvaged) { _, absolute throws(MachineError) in
                let copied = try FileUse.asDatabase(place.status, path.text) { () throws(MachineError) in
                    try salvage(place, readBy: source, into: absolute, patience)
                }
                try examine(absolute, path, patience)
                return copied
            }
        }
    }

    /// SQLite takes what is missing of a page for zeros, and would give rows with zeros in them: of a file that was cut off
    /// inside a page, a copy without that page is read.
    /// - Returns: the copy's name in the database's directory; `nil` when none is needed.
    private func wholePages(of damaged: borrowing DamagedDatabase) throws(MachineError) -> String? {
        let place = damaged.place
        guard try !place.hasLog() else { return nil }
        let pageSize = try FileUse.asDatabase(place.status, place.path.text) { () throws(MachineError) in
            let patience = Patience(waitLimit: .zero, interruption: interruption)
            let plain = try Connection(
                place.absolute, .readOnly, .immutable, subject: place.path.text, patience: patience)
            guard let header = DatabaseHeader(of: plain.db), header.isDatabase else { return Int64(0) }
            return header.pageSize
        }
        guard pageSize >= 512, place.status.size % pageSize != 0 else { return nil }
        let name = TemporaryName(for: place.path.name).text
        let made = uninterrupted {
            openat(damaged.parent.number, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard made >= 0 else { throw .failed("create", place.path.text) }
        let file = Descriptor(owning: made)
        do throws(MachineError) {
            try copy(place, bytes: place.status.size / pageSize * pageSize, to: file.number)
        } catch {
            removeTemporary(name, in: damaged.parent.number)
            throw error
        }
        return name
    }

    private func salvage(
        _ place: DatabasePlace, readBy path: String, into absolute: String, _ patience: Patience
    ) throws(MachineError) -> (tables: [SalvagedTable], lost: [String]) {
        let source = try damagedSource(place, path, patience)
        let target = try Connection(absolute, .readWrite, subject: place.path.text, patience: patience)
        // Until it has its name nobody misses it: synced once, at the end.
        try target.perform("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY; PRAGMA ignore_check_constraints=ON")
        var salvage = DatabaseSalvage(source: source, target: target)
        let usesWAL = DatabaseHeader(of: source.db)?.usesWAL == true
        let objects = try salvage.objects()
        try salvage.prepareTarget()
        guard try target.begin("BEGIN IMMEDIATE", .none) else {
            throw .database(subject: place.path.text, .busy(waited: .zero))
        }
        try target.completing { _ throws(MachineError) in try salvage.copy(objects) }
        // Nobody would thank for a database without a row in place of one whose rows somebody may still get at.
        guard
            salvage.tables.contains(where: { $0.rows > 0 })
                || (!salvage.tables.isEmpty && salvage.lost.isEmpty && salvage.tables.allSatisfy(\.isComplete))
        else { throw .refused(subject: place.path.text, .nothingReadable) }
        if usesWAL { try target.perform("PRAGMA journal_mode=WAL") }
        return (salvage.tables, salvage.lost)
    }

    /// A connection that reads a damaged database as far as possible, and writes nothing.
    private func damagedSource(
        _ place: DatabasePlace, _ path: String, _ patience: Patience
    ) throws(MachineError) -> Connection {
        let hasLog = try place.hasLog()
        // With the exclusive lock the log's index is kept in memory; see `readDatabase`.
        let source =
            hasLog
            ? try Connection(path, .readWrite, subject: place.path.text, patience: patience)
            : try Connection(path, .readOnly, .immutable, subject: place.path.text, patience: patience)
        if hasLog { selfheal_sqlite_keep_wal(source.db) }
        selfheal_sqlite_tolerate(source.db, 1)
        try source.perform("PRAGMA query_only=ON; PRAGMA cell_size_check=ON")
        if hasLog { try source.perform("PRAGMA locking_mode=EXCLUSIVE") }
        return source
    }
}
