import CSelfHeal
import Glibc
import HealKit
import HealModel

/// A damaged database, as it was before anything was read of it, and the directory that holds it.
struct DamagedDatabase: ~Copyable {
    let place: DatabasePlace
    let stamp: DatabasePlace.Stamp
    let parent: Descriptor
    /// The directory's path without symbolic links, for SQLite.
    let folder: String

    var path: ResourcePath { place.path }

    init(_ path: ResourcePath, in root: RootDirectory) throws(MachineError) {
        let directory = try root.openParent(of: path)
        // A link would get the new file's name, and what it led to would stay.
        if try FileStatus.at(path.name, in: directory.number, path.text)?.kind == .symbolicLink {
            throw .refused(subject: path.text, .symbolicLink)
        }
        let place = try DatabasePlace(path, in: root)
        guard place.status.links == 1 else { throw .refused(subject: path.text, .hardLinked) }
        // Rolled back first: it may be all that is wrong.
        if try place.side("-journal") != nil, place.hasJournalHeader() {
            throw .database(subject: path.text, .hotJournal)
        }
        let stamp = try place.stamp()
        self.place = place
        self.stamp = stamp
        folder = directory.kernelPath ?? "\(root.path)/\(path.parent?.text ?? "")"
        parent = directory
    }
}

extension LiveMachine {
    /// Puts a copy of the backup in the place of a damaged database. The copy is examined before anything happens to the
    /// damaged one.
    public func restoreDatabase(
        _ path: ResourcePath, from backup: ResourcePath
    ) async throws(MachineError) -> ReplacedDatabase {
        try requireChange(path)
        return try await patiently(path) { patience throws(MachineError) in
            let damaged = try DamagedDatabase(path, in: root)
            return try replace(damaged, .restored) { file, absolute throws(MachineError) in
                try copy(backup, to: file)
                try examine(absolute, backup, patience)
                return ([], [])
            }
        }
    }

    /// Ends a replacement that was interrupted after the new database was complete.
    public func finishReplacement(of path: ResourcePath) async throws(MachineError) -> ReplacedDatabase {
        try requireChange(path)
        return try await patiently(path) { _ throws(MachineError) in
            guard let replacement = try interruptedReplacement(of: path) else {
                throw .refused(subject: path.text, .changedMeanwhile)
            }
            let parent = try root.openParent(of: path)
            guard let current = try FileStatus.at(path.name, in: parent.number, path.text) else {
                return .done(try putInPlace(replacement, path, in: parent))
            }
            return try FileUse.plainly(current, path.text) { () throws(MachineError) in
                guard let lock = try lockedFile(path, in: parent) else { return .busy }
                defer { _ = lock.number }
                return .done(try putInPlace(replacement, path, in: parent))
            }
        }
    }

    // MARK: Parts

    /// Makes the new database under a temporary name, gives it its own, and then the damaged one's.
    /// - Parameter make: fills the file, whose absolute path it gets as well, and says what was copied and what was not.
    func replace(
        _ damaged: borrowing DamagedDatabase, _ kind: DatabaseReplacement.Kind,
        _ make: (borrowing Descriptor, String) throws(MachineError) -> (tables: [SalvagedTable], lost: [String])
    ) throws(MachineError) -> Attempt<ReplacedDatabase> {
        let path = damaged.path
        let directory = damaged.parent.number
        // Not all the work for nothing.
        let isFree = try FileUse.plainly(damaged.place.status, path.text) { () throws(MachineError) in
            try lockedFile(path, in: damaged.parent) != nil
        }
        guard isFree else { return .busy }
        let temporary = TemporaryName(for: path.name).text
        let made = uninterrupted {
            openat(directory, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard made >= 0 else { throw .failed("create", path.text) }
        do throws(MachineError) {
            let file = Descriptor(owning: made)
            var (tables, lost) = try make(file, "\(damaged.folder)/\(temporary)")
            for suffix in DatabaseFiles.suffixes { removeTemporary(temporary + suffix, in: directory) }
            try giveOwnerAndMode(of: damaged, to: file)
            try file.sync(path.text)
            let status = damaged.place.status
            return try FileUse.plainly(status, path.text) { () throws(MachineError) in
                guard let lock = try lockedFile(path, in: damaged.parent) else {
                    for suffix in [""] + DatabaseFiles.suffixes { removeTemporary(temporary + suffix, in: directory) }
                    return .busy
                }
                defer { _ = lock.number }
                guard try damaged.place.stamp() == damaged.stamp else {
                    throw .refused(subject: path.text, .changedMeanwhile)
                }
                let replacement = DatabaseReplacement(kind, at: now)
                let new = path.sibling(named: replacement.replacement(of: path.name))
                try giveName(new, to: temporary, in: damaged.parent)
                do throws(MachineError) {
                    try keep(path, as: replacement.kept(of: path.name), in: damaged.parent)
                } catch {
                    removeTemporary(new.name, in: directory)
                    throw error
                }
                var replaced = try putInPlace(replacement, path, in: damaged.parent)
                swap(&replaced.tables, &tables)
                swap(&replaced.lost, &lost)
                return .done(replaced)
            }
        } catch {
            for suffix in [""] + DatabaseFiles.suffixes { removeTemporary(temporary + suffix, in: directory) }
            throw error
        }
    }

    /// The damaged file gets its second name. From now on a run that finds the two new names ends what was begun.
    private func keep(_ path: ResourcePath, as name: String, in parent: borrowing Descriptor) throws(MachineError) {
        let directory = parent.number
        if linkat(directory, path.name, directory, name, 0) != 0 {
            switch errno {
            case EEXIST: throw .refused(subject: path.sibling(named: name).text, .exists)
            case EPERM, EOPNOTSUPP, ENOSYS, EMLINK:
                // A file system without hard links: for a moment the database has no name of its own.
                guard uninterrupted({ selfheal_rename_noreplace(directory, path.name, name) }) == 0 else {
                    throw .failed("rename", path.text)
                }
            case let code: throw .failed("link", path.text, code)
            }
        }
        try parent.sync(path.text)
    }

    /// What SQLite keeps beside the damaged file follows it, then the new one gets the name. Every step may be the last one of
    /// a process that is killed, and doing all again then ends it.
    private func putInPlace(
        _ replacement: DatabaseReplacement, _ path: ResourcePath, in parent: borrowing Descriptor
    ) throws(MachineError) -> ReplacedDatabase {
        let directory = parent.number
        let kept = path.sibling(named: replacement.kept(of: path.name))
        let new = replacement.replacement(of: path.name)
        let current = try FileStatus.at(path.name, in: directory, path.text)
        let old = try FileStatus.at(kept.name, in: directory, kept.text)
        // Whatever else has the name was put there by somebody else, and is theirs.
        guard let old, current == nil || (current?.inode == old.inode && current?.device == old.device) else {
            throw .refused(subject: path.text, .changedMeanwhile)
        }
        for suffix in DatabaseFiles.suffixes.reversed() {
            guard try FileStatus.at(path.name + suffix, in: directory, path.text + suffix) != nil else { continue }
            try rename(path.name + suffix, to: kept.name + suffix, in: parent, path.sibling(named: kept.name + suffix))
        }
        try parent.sync(path.text)
        if current == nil {
            try giveName(path, to: new, in: parent)
        } else {
            guard renameat(directory, new, directory, path.name) == 0 else { throw .failed("rename", path.text) }
            try parent.sync(path.text)
        }
        return ReplacedDatabase(kept: kept)
    }

    /// The database's file, open and locked as SQLite locks it for itself alone; `nil` when somebody uses it.
    ///
    /// In WAL mode everybody who has the database open is seen, otherwise who reads or writes at this moment.
    private func lockedFile(
        _ path: ResourcePath, in parent: borrowing Descriptor
    ) throws(MachineError) -> Descriptor? {
        let directory = parent.number
        let number = uninterrupted {
            openat(directory, path.name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        }
        guard number >= 0 else { throw .failed("open", path.text) }
        let file = Descriptor(owning: number)
        var lock = flock.onDatabase(Int16(F_WRLCK))
        if fcntl(file.number, F_SETLK, &lock) == 0 { return file }
        switch errno {
        case EAGAIN, EACCES: return nil
        case let code: throw .failed("fcntl", path.text, code)
        }
    }

    private func giveOwnerAndMode(
        of damaged: borrowing DamagedDatabase, to file: borrowing Descriptor
    ) throws(MachineError) {
        let path = damaged.path
        var (old, new) = (stat(), stat())
        guard fstatat(damaged.parent.number, path.name, &old, AT_SYMLINK_NOFOLLOW) == 0, fstat(file.number, &new) == 0
        else { throw .failed("fstat", path.text) }
        if old.st_uid != new.st_uid || old.st_gid != new.st_gid {
            // The application must be able to use it: rather nothing than a database that it may not open.
            guard fchown(file.number, old.st_uid, old.st_gid) == 0 else { throw .failed("fchown", path.text) }
        }
        try file.setMode(damaged.place.status.mode, path.text)
    }

    private func copy(_ backup: ResourcePath, to file: borrowing Descriptor) throws(MachineError) {
        let place = try DatabasePlace(backup, in: root)
        if try place.hasLog() { throw .database(subject: backup.text, .damaged("a write-ahead log belongs to it")) }
        try copy(place, bytes: place.status.size, to: file.number)
    }

    /// Copies the beginning of a database file that no SQLite of this process has open.
    func copy(_ place: DatabasePlace, bytes: Int64, to target: Int32) throws(MachineError) {
        let path = place.path
        try FileUse.plainly(place.status, path.text) { () throws(MachineError) in
            guard let source = try root.open(path, O_RDONLY) else { throw .database(subject: path.text, .missing) }
            let output = Descriptor(owning: fcntl(target, F_DUPFD_CLOEXEC, 3))
            var left = Int(bytes)
            while left > 0 {
                if interruption.isRaised { throw .cancelled }
                let chunk = try source.readSome(upTo: min(left, 1 << 20), path.text)
                guard !chunk.isEmpty else { throw .refused(subject: path.text, .changedMeanwhile) }
                try output.writeAll(chunk, path.text)
                left -= chunk.count
            }
        }
    }

    /// - Throws: what is wrong with the database at the absolute path, which nobody else knows yet.
    func examine(_ absolute: String, _ subject: ResourcePath, _ patience: Patience) throws(MachineError) {
        let connection = try Connection(absolute, .readOnly, .immutable, subject: subject.text, patience: patience)
        guard try connection.begin("BEGIN", .inFile) else {
            throw .database(subject: subject.text, .busy(waited: .zero))
        }
        let report = try IntegrityReport(examining: connection, .full)
        connection.rollBack()
        if let fault = report.damage.first { throw .database(subject: subject.text, .damaged(fault)) }
    }
}
