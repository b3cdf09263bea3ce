import HealModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system call: inside the type its name means the protocol's method.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

/// Reads manifests from the disk. Whatever stands at a path, opening it neither hangs nor changes anything.
public struct DiskManifestSource: ManifestSource {
    public init() {}

    public func read(_ path: String, within folder: String?, limit: Int) throws(ManifestSourceError) -> [UInt8] {
        let path = try resolved(path, within: folder)
        let descriptor = try retrying { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) }
        defer { close(descriptor) }
        var status = stat()
        _ = try retrying { fstat(descriptor, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile }
        guard status.st_size <= limit else { throw .tooLarge }
        return try contents(of: descriptor, expected: Int(status.st_size), limit: limit)
    }

    public func list(_ path: String, within folder: String) throws(ManifestSourceError) -> [ManifestSourceItem] {
        let path = try resolved(path, within: folder)
        let descriptor = try retrying { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY) }
        guard let directory = fdopendir(descriptor) else {
            let code = errno
            close(descriptor)
            throw Self.error(code)
        }
        defer { closedir(directory) }
        var items: [ManifestSourceItem] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else { throw Self.error(errno) }
                return items
            }
            let size = MemoryLayout.size(ofValue: entry.pointee.d_name)
            let type = entry.pointee.d_type
            withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: size) { name in
                    let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
                    if let unnamable = UnnamableName(bytes) {
                        items.append(
                            ManifestSourceItem(
                                unnamable: unnamable, isDirectory: isDirectory(name, type, in: descriptor)))
                    } else if let text = String(validatingCString: name), text != ".", text != ".." {
                        items.append(
                            ManifestSourceItem(name: text, isDirectory: isDirectory(name, type, in: descriptor)))
                    }
                }
            }
        }
    }

    private func isDirectory(_ name: UnsafePointer<CChar>, _ type: UInt8, in descriptor: Int32) -> Bool {
        if Int(type) == Int(DT_DIR) { return true }
        guard Int(type) == Int(DT_LNK) || Int(type) == Int(DT_UNKNOWN) else { return false }
        var status = stat()
        return fstatat(descriptor, name, &status, 0) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private func contents(of descriptor: Int32, expected: Int, limit: Int) throws(ManifestSourceError) -> [UInt8] {
        var bytes: [UInt8] = []
        // One byte more than there should be, so that the end is seen without growing; a file in /proc says it has
        // none.
        var room = max(expected, 4096) + 1
        while true {
            let part = try chunk(of: descriptor, room: room)
            if part.isEmpty { return bytes }
            bytes = bytes.isEmpty ? part : bytes + part
            guard bytes.count <= limit else { throw .tooLarge }
            room = max(4096, expected + 1 - bytes.count)
        }
    }

    /// What one call gives: nothing at the file's end.
    private func chunk(of descriptor: Int32, room: Int) throws(ManifestSourceError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = 0
            repeat {
                let received = systemRead(descriptor, buffer.baseAddress, room)
                code = received < 0 ? errno : 0
                count = max(0, received)
            } while code == EINTR
        }
        guard code == 0 else { throw Self.error(code) }
        return bytes
    }

    // MARK: - Paths and errors

    /// The path itself, or, when it must lie within a folder, the real one behind its symbolic links.
    private func resolved(_ path: String, within folder: String?) throws(ManifestSourceError) -> String {
        // C would take only what comes before the NUL.
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .missing }
        guard let folder else { return path }
        let top = try realPath(folder)
        let real = try realPath(path)
        guard real == top || real.hasPrefix(top.hasSuffix("/") ? top : top + "/") else { throw .leavesFolder }
        return real
    }

    private func realPath(_ path: String) throws(ManifestSourceError) -> String {
        guard let real = realpath(path, nil) else { throw Self.error(errno) }
        defer { free(real) }
        guard let text = String(validatingCString: real) else {
            let shown = UnnamableName.show(Array(UnsafeRawBufferPointer(start: real, count: strlen(real))))
            throw .unreadable(code: EILSEQ, meaning: "its path is not UTF-8: \(shown)")
        }
        return text
    }

    private func retrying(_ call: () -> Int32) throws(ManifestSourceError) -> Int32 {
        while true {
            let result = call()
            if result >= 0 { return result }
            let code = errno
            if code != EINTR { throw Self.error(code) }
        }
    }

    private static func error(_ code: Int32) -> ManifestSourceError {
        switch code {
        case ENOENT: .missing
        case ENOTDIR: .notDirectory
        case EISDIR, ENXIO, ENODEV: .notRegularFile
        default: .unreadable(code: code, meaning: String(cString: strerror(code)))
        }
    }
}
