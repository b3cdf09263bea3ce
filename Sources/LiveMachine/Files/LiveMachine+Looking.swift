import CSelfHeal
import Glibc
import HealKit
import HealModel

extension LiveMachine {
    public func status(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        try root.open(path, selfheal_o_path | O_NOFOLLOW)?.status(path.text)
    }

    public func target(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        if let status = root.targetOutside(path) { return status }
        return try root.open(path, selfheal_o_path)?.status(path.text)
    }

    /// What this process may do with what the path leads to, by its effective user and groups.
    public func permits(_ access: FileAccess, to path: ResourcePath) throws(MachineError) -> Bool {
        guard let file = try root.open(path, selfheal_o_path) else { throw .failed("access", path.text, ENOENT) }
        let wanted =
            switch access {
            case .read: R_OK
            case .write: W_OK
            case .execute: X_OK
            }
        if faccessat(file.number, "", wanted, selfheal_at_empty_path | AT_EACCESS) == 0 { return true }
        if errno == EINVAL || errno == ENOSYS {
            // A kernel without faccessat2.
            if faccessat(AT_FDCWD, "/proc/self/fd/\(file.number)", wanted, AT_EACCESS) == 0 { return true }
        }
        switch errno {
        case EACCES, EPERM, EROFS, ETXTBSY: return false
        case let code: throw .failed("access", path.text, code)
        }
    }

    public func access(to path: ResourcePath) throws(MachineError) -> (target: FileStatus, isFull: Bool)? {
        guard let file = try root.open(path, selfheal_o_path) else { return nil }
        let status = try file.status(path.text)
        guard file.permits(R_OK | W_OK) else { return (status, false) }
        guard let parent = path.parent else { return (status, true) }
        guard let directory = try root.open(parent, selfheal_o_path) else { return (status, false) }
        return (status, directory.permits(W_OK))
    }

    public func contents(of path: ResourcePath, limit: Int) throws(MachineError) -> [UInt8] {
        try reading(path, limit: limit) { file, size throws(MachineError) in
            try file.readAll(limit: limit, expected: size, path.text)
        }
    }

    public func beginning(of path: ResourcePath, count: Int) throws(MachineError) -> [UInt8] {
        try reading(path, limit: .max) { file, _ throws(MachineError) in try file.readSome(upTo: count, path.text) }
    }

    private func reading(
        _ path: ResourcePath, limit: Int, _ body: (borrowing Descriptor, Int) throws(MachineError) -> [UInt8]
    ) throws(MachineError) -> [UInt8] {
        // Looked at before it is opened: to open some devices is to do something with them, and to close a database that
        // this process has open would drop its locks.
        guard let place = try root.open(path, selfheal_o_path) else { throw .failed("open", path.text, ENOENT) }
        let status = try place.status(path.text)
        guard status.kind == .regular else {
            throw .refused(subject: path.text, .kind(status.kind, wanted: .regular))
        }
        guard status.size <= Int64(limit) else { throw .refused(subject: path.text, .tooLarge(limit: limit)) }
        return try FileUse.plainly(status, path.text) { () throws(MachineError) in
            guard let file = try root.open(path, O_RDONLY) else { throw .failed("open", path.text, ENOENT) }
            let opened = try file.status(path.text)
            guard opened.inode == status.inode, opened.device == status.device else {
                throw .refused(subject: path.text, .changedMeanwhile)
            }
            return try body(file, Int(status.size))
        }
    }

    public func listing(of path: ResourcePath?) throws(MachineError) -> DirectoryListing {
        let subject = path?.text ?? root.path
        let number: Int32
        if let path {
            guard let directory = try root.open(path, O_RDONLY | O_DIRECTORY) else {
                throw .failed("open", subject, ENOENT)
            }
            number = fcntl(directory.number, F_DUPFD_CLOEXEC, 3)
        } else {
            number = uninterrupted { openat(root.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        }
        guard number >= 0 else { throw .failed("open", subject) }
        return try DirectoryListing(takingOver: number, subject)
    }
}

extension DirectoryListing {
    /// What is in an open directory, without `.` and `..`; closes the descriptor.
    fileprivate init(takingOver number: Int32, _ subject: String) throws(MachineError) {
        guard let stream = fdopendir(number) else {
            let code = errno
            _ = close(number)
            throw .failed("opendir", subject, code)
        }
        defer { closedir(stream) }
        self.init()
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .failed("readdir", subject) }
                break
            }
            withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
                    add($0, in: number)
                }
            }
        }
        names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        unnamable.sort { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
    }

    private mutating func add(_ name: UnsafePointer<CChar>, in directory: Int32) {
        if let text = String(validatingCString: name), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            if text != ".", text != ".." { names.append(text) }
            return
        }
        var raw = stat()
        // What was removed meanwhile is not there.
        guard fstatat(directory, name, &raw, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT,
            let unnamable = UnnamableName(UnsafeRawBufferPointer(start: name, count: strlen(name)))
        else { return }
        self.unnamable.append(Unnamable(name: unnamable, kind: FileStatus.Kind(mode: raw.st_mode)))
    }
}
