import CSelfHeal
import Glibc
import HealKit
import HealModel

extension LiveMachine {
    /// Makes one directory; the one that holds it must be there. Synced, and with exactly this mode whatever the umask.
    public func createDirectory(_ path: ResourcePath, mode: FileMode) throws(MachineError) -> Bool {
        try requireChange(path)
        let parent = try root.openParent(of: path)
        guard mkdirat(parent.number, path.name, 0o700) == 0 else {
            guard errno == EEXIST else { throw .failed("mkdir", path.text) }
            if let there = try target(of: path) {
                if there.kind == .directory { return false }
                throw .refused(subject: path.text, .kind(there.kind, wanted: .directory))
            }
            throw .refused(subject: path.text, .symbolicLink)
        }
        do throws(MachineError) {
            let made = uninterrupted {
                openat(parent.number, path.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            guard made >= 0 else { throw .failed("open", path.text) }
            let directory = Descriptor(owning: made)
            try directory.setMode(mode, path.text)
            try directory.sync(path.text)
            try parent.sync(path.text)
        } catch {
            _ = unlinkat(parent.number, path.name, AT_REMOVEDIR)
            throw error
        }
        return true
    }

    /// Makes a file: under a temporary name in the same directory, complete, with its mode, synced; then under its own name,
    /// unless something has got there meanwhile; then the directory is synced. Whatever fails, the temporary file is removed.
    public func createFile(_ path: ResourcePath, contents: [UInt8], mode: FileMode) throws(MachineError) {
        try requireChange(path)
        let parent = try root.openParent(of: path)
        try requireNothing(at: path, in: parent)
        let temporary = TemporaryName(for: path.name).text
        let made = uninterrupted {
            openat(parent.number, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard made >= 0 else { throw .failed("create", path.text) }
        do throws(MachineError) {
            let file = Descriptor(owning: made)
            try file.writeAll(contents, path.text)
            try file.setMode(mode, path.text)
            try file.sync(path.text)
            try giveName(path, to: temporary, in: parent)
        } catch {
            removeTemporary(temporary, in: parent.number)
            throw error
        }
    }

    /// Changes the mode of a regular file or directory that still has the mode it had when the plan was made. The file is not
    /// opened: it may be a database.
    public func setMode(
        _ path: ResourcePath, _ mode: FileMode, expecting previous: FileMode
    ) throws(MachineError) {
        try requireChange(path)
        guard let place = try root.open(path, selfheal_o_path | O_NOFOLLOW) else {
            throw .failed("chmod", path.text, ENOENT)
        }
        let status = try place.status(path.text)
        switch status.kind {
        case .regular, .directory: break
        case .symbolicLink: throw .refused(subject: path.text, .symbolicLink)
        default: throw .refused(subject: path.text, .kind(status.kind, wanted: .regular))
        }
        guard status.mode == previous else { throw .refused(subject: path.text, .changedMeanwhile) }
        // What is open cannot be swapped for a link, and fchmod does not take a descriptor that is only a place.
        guard chmod("/proc/self/fd/\(place.number)", mode.rawValue) == 0 else { throw .failed("chmod", path.text) }
    }

    public func removeDirectory(_ path: ResourcePath) throws(MachineError) {
        try requireChange(path)
        let parent = try root.openParent(of: path)
        guard unlinkat(parent.number, path.name, AT_REMOVEDIR) == 0 else {
            switch errno {
            case ENOTEMPTY, EEXIST: throw .refused(subject: path.text, .notEmpty)
            case ENOTDIR:
                let kind = try FileStatus.at(path.name, in: parent.number, path.text)?.kind ?? .other
                throw .refused(subject: path.text, .kind(kind, wanted: .directory))
            case let code: throw .failed("rmdir", path.text, code)
            }
        }
        try parent.sync(path.text)
    }

    /// Removes a file that holds exactly these bytes. It is moved aside before the last look, so that what somebody writes
    /// under its name at that moment is not what is removed; if it turns out to be another file, it is moved back.
    public func removeFile(_ path: ResourcePath, ifStill contents: [UInt8]) throws(MachineError) -> Bool {
        try requireChange(path)
        let parent = try root.openParent(of: path)
        guard try holds(contents, path.name, in: parent, path) else { return false }
        let aside = TemporaryName(for: path.name).text
        guard renameat(parent.number, path.name, parent.number, aside) == 0 else {
            if errno == ENOENT { return false }
            throw .failed("rename", path.text)
        }
        guard try holds(contents, aside, in: parent, path) else {
            do throws(MachineError) {
                try rename(aside, to: path.name, in: parent, path)
            } catch {
                // Somebody put yet another file there. What was moved aside is theirs too: it gets a name that nobody tidies up.
                _ = renameat(parent.number, aside, parent.number, "\(path.name).\(UInt32.random(in: 1...(.max)))")
                throw error
            }
            return false
        }
        guard removeTemporary(aside, in: parent.number) else { throw .failed("unlink", path.text) }
        try parent.sync(path.text)
        return true
    }

    public func removeOwnFile(_ path: ResourcePath) throws(MachineError) {
        try requireChange(path)
        guard !path.outsideRoot, path.text.hasPrefix(".selfheal/") else {
            throw .refused(subject: path.text, .leavesRoot)
        }
        let parent = try root.openParent(of: path)
        guard let status = try FileStatus.at(path.name, in: parent.number, path.text) else { return }
        guard status.kind == .regular else {
            throw .refused(subject: path.text, .kind(status.kind, wanted: .regular))
        }
        guard unlinkat(parent.number, path.name, 0) == 0 else { throw .failed("unlink", path.text) }
        try parent.sync(path.text)
    }

    // MARK: Parts

    func requireChange(_ path: ResourcePath) throws(MachineError) {
        guard mayChange else { throw .refused(subject: path.text, .readOnlyRun) }
    }

    /// Nothing may be under the name, not even a symbolic link that leads nowhere.
    func requireNothing(at path: ResourcePath, in parent: borrowing Descriptor) throws(MachineError) {
        guard let there = try FileStatus.at(path.name, in: parent.number, path.text) else { return }
        throw .refused(subject: path.text, there.kind == .symbolicLink ? .symbolicLink : .exists)
    }

    /// The last step of making a file: its name, unless something has it, and the directory to the disk.
    func giveName(_ path: ResourcePath, to temporary: String, in parent: borrowing Descriptor) throws(MachineError) {
        try rename(temporary, to: path.name, in: parent, path)
        try parent.sync(path.text)
    }

    func rename(
        _ from: String, to name: String, in parent: borrowing Descriptor, _ path: ResourcePath
    ) throws(MachineError) {
        let directory = parent.number
        if uninterrupted({ selfheal_rename_noreplace(directory, from, name) }) == 0 { return }
        switch errno {
        case EEXIST: throw .refused(subject: path.text, .exists)
        case EINVAL, ENOSYS: try Self.link(from, to: name, in: directory, path.text)
        case let code: throw .failed("rename", path.text, code)
        }
    }

    /// For a file system that cannot rename without replacing: a second link, too, fails where the name is taken.
    static func link(
        _ from: String, to name: String, in directory: Int32, _ subject: String
    ) throws(MachineError) {
        guard linkat(directory, from, directory, name, 0) == 0 else {
            if errno == EEXIST { throw .refused(subject: subject, .exists) }
            throw .failed("link", subject)
        }
        guard removeTemporary(from, in: directory) else { throw .failed("unlink", subject) }
    }

    /// Whether a regular file of this name has exactly these bytes.
    func holds(
        _ contents: [UInt8], _ name: String, in parent: borrowing Descriptor, _ path: ResourcePath
    ) throws(MachineError) -> Bool {
        let directory = parent.number
        guard let status = try FileStatus.at(name, in: directory, path.text), status.kind == .regular,
            status.size == Int64(contents.count)
        else { return false }
        return try FileUse.plainly(status, path.text) { () throws(MachineError) in
            let number = uninterrupted {
                openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            }
            guard number >= 0 else { throw .failed("open", path.text) }
            let file = Descriptor(owning: number)
            return try file.readAll(limit: contents.count + 1, expected: contents.count, path.text) == contents
        }
    }
}
