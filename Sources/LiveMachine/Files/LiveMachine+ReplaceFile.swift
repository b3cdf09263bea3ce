import CSelfHeal
import Glibc
import HealKit
import HealModel

extension LiveMachine {
    /// Writes the new contents beside the file, with its mode and owner, and synced. Then the two change names, so that what
    /// somebody wrote at the last moment is still there to be seen: in that case they change back.
    public func replaceFile(
        _ path: ResourcePath, contents: [UInt8], expecting previous: [UInt8]
    ) throws(MachineError) {
        try requireChange(path)
        let parent = try root.openParent(of: path)
        let directory = parent.number
        var raw = stat()
        guard fstatat(directory, path.name, &raw, AT_SYMLINK_NOFOLLOW) == 0 else { throw .failed("stat", path.text) }
        let status = FileStatus(raw)
        switch status.kind {
        case .regular: break
        case .symbolicLink: throw .refused(subject: path.text, .symbolicLink)
        default: throw .refused(subject: path.text, .kind(status.kind, wanted: .regular))
        }
        guard status.links == 1 else { throw .refused(subject: path.text, .hardLinked) }
        guard try holds(previous, path.name, in: parent, path) else {
            throw .refused(subject: path.text, .changedMeanwhile)
        }
        let temporary = TemporaryName(for: path.name).text
        let made = uninterrupted {
            openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard made >= 0 else { throw .failed("create", path.text) }
        do throws(MachineError) {
            let file = Descriptor(owning: made)
            try file.writeAll(contents, path.text)
            if raw.st_uid != geteuid() || raw.st_gid != getegid(), fchown(made, raw.st_uid, raw.st_gid) != 0 {
                throw .failed("chown", path.text)
            }
            // After the owner: changing that takes set-user-ID bits away.
            try file.setMode(status.mode, path.text)
            try file.sync(path.text)
        } catch {
            removeTemporary(temporary, in: directory)
            throw error
        }
        // From here on only what was looked at is removed: under the temporary name may be what somebody else wrote.
        try swap(temporary, path, expecting: previous, in: parent)
        try parent.sync(path.text)
    }

    private func swap(
        _ temporary: String, _ path: ResourcePath, expecting previous: [UInt8], in parent: borrowing Descriptor
    ) throws(MachineError) {
        let directory = parent.number
        guard selfheal_rename_exchange(directory, temporary, path.name) == 0 else {
            var code = errno
            // A file system that cannot exchange: the moment between the last look and this is the one that is left.
            if code == EINVAL || code == ENOSYS {
                if renameat(directory, temporary, directory, path.name) == 0 { return }
                code = errno
            }
            // Nothing has changed its name: this is our own.
            removeTemporary(temporary, in: directory)
            throw .failed("rename", path.text, code)
        }
        let isAsExpected: Bool
        do throws(MachineError) {
            isAsExpected = try holds(previous, temporary, in: parent, path)
        } catch {
            _ = selfheal_rename_exchange(directory, temporary, path.name)
            throw error
        }
        if isAsExpected {
            if removeTemporary(temporary, in: directory) { return }
            // What stays beside the file must not be the user's: ours goes back there, which the end of the run removes.
            let code = errno
            _ = selfheal_rename_exchange(directory, temporary, path.name)
            throw .failed("unlink", path.text, code)
        }
        // Back again. Ours is left under the temporary name, which the next run removes: it might by now be somebody else's.
        guard selfheal_rename_exchange(directory, temporary, path.name) == 0 else { throw .failed("rename", path.text) }
        throw .refused(subject: path.text, .changedMeanwhile)
    }
}
