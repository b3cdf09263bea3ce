import Glibc
import HealKit
import Synchronization

/// Answers of earlier runs that are slow to get, such as a command's version: a file outside the application's root.
///
/// One line an answer, key and value parted by a tab, the newest last. It is a cache: a file that is not readable, not ours or
/// not in this form counts as empty, and what cannot be written is not remembered.
final class AnswerCache: Sendable {
    static let entryLimit = 500
    private static let sizeLimit = 1 << 20
    private static let header = "selfheal-answers/1"

    /// The lines of the file, without the header: looked through, not taken apart, because a run wants a few of hundreds.
    private struct State {
        var bytes: [UInt8]?
    }

    private let folder: String?
    private let mayWrite: Bool
    private let state = Mutex(State())

    /// - Parameter folder: an absolute path; `nil` remembers nothing.
    init(folder: String?, mayWrite: Bool) {
        self.folder = folder.flatMap { $0.hasPrefix("/") ? $0 : nil }
        self.mayWrite = mayWrite
    }

    /// `$XDG_CACHE_HOME/selfheal`, else `$HOME/.cache/selfheal`; relative ones are invalid by the XDG specification.
    static func folder(in environment: [String: String]) -> String? {
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return cache + "/selfheal" }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.cache/selfheal" }
        return nil
    }

    subscript(key: String) -> String? {
        state.withLock { state in
            if state.bytes == nil { state.bytes = read() }
            return Self.value(of: key, in: state.bytes ?? [])
        }
    }

    func remember(_ key: String, _ value: String) {
        // One that is very large would push all others out.
        guard mayWrite, folder != nil, value.utf8.count < Self.sizeLimit / 8 else { return }
        state.withLock { state in
            if state.bytes == nil { state.bytes = read() }
            if Self.value(of: key, in: state.bytes ?? []) == value { return }
            // Another run may have remembered something since.
            let own = Self.beginning(of: key)
            var lines = read().split(separator: Self.newline).filter { !$0.starts(with: own) }
            lines.append((own + Self.escape(value).utf8)[...])
            var size = lines.reduce(0) { $0 + $1.count + 1 }
            var old = 0
            while lines.count - old > Self.entryLimit || size > Self.sizeLimit / 2, old < lines.count {
                size -= lines[old].count + 1
                old += 1
            }
            let bytes = Array(lines.dropFirst(old).map { $0 + [Self.newline] }.joined())
            state.bytes = bytes
            save(bytes)
        }
    }

    private static let newline = UInt8(ascii: "\n")
    private static let tab = UInt8(ascii: "\t")

    private static func beginning(of key: String) -> [UInt8] { Array(escape(key).utf8) + [tab] }

    /// The value on the last line that begins with the key.
    private static func value(of key: String, in bytes: [UInt8]) -> String? {
        let beginning = beginning(of: key)
        var found: Range<Int>?
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            var start = 0
            while start < buffer.count,
                let end = memchr(base + start, Int32(newline), buffer.count - start).map({ UnsafeRawPointer($0) - base }
                )
            {
                if end - start >= beginning.count, memcmp(base + start, beginning, beginning.count) == 0 {
                    found = start + beginning.count..<end
                }
                start = end + 1
            }
        }
        guard let found, !bytes[found].contains(tab) else { return nil }
        return unescape(bytes[found])
    }

    /// The lines of the file; none when there is no file, or not one of ours.
    private func read() -> [UInt8] {
        guard let folder else { return [] }
        let path = folder + "/answers"
        let number = uninterrupted { open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
        guard number >= 0 else { return [] }
        let file = Descriptor(owning: number)
        var raw = stat()
        let header = Self.header + "\n"
        // What others may write could make a wrong version pass.
        guard fstat(number, &raw) == 0, raw.st_mode & S_IFMT == S_IFREG, raw.st_uid == geteuid(),
            raw.st_mode & 0o022 == 0,
            let bytes = try? file.readAll(limit: Self.sizeLimit, expected: Int(raw.st_size), path),
            bytes.last == Self.newline, bytes.starts(with: header.utf8)
        else { return [] }
        return Array(bytes.dropFirst(header.utf8.count))
    }

    /// Complete under its name or not at all; not synced, because it may be lost.
    private func save(_ lines: [UInt8]) {
        guard let folder else { return }
        Self.makeFolders(folder)
        let path = folder + "/answers"
        let temporary = folder + "/" + TemporaryName(for: "answers").text
        let number = uninterrupted {
            open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard number >= 0 else { return }
        let file = Descriptor(owning: number)
        do throws(MachineError) {
            try file.writeAll(Array((Self.header + "\n").utf8) + lines, path)
            guard rename(temporary, path) == 0 else { throw .failed("rename", path) }
        } catch {
            _ = unlink(temporary)
        }
    }

    /// Makes the folder and those above it that are missing, private as the XDG specification wants them.
    private static func makeFolders(_ folder: String) {
        var path = ""
        for component in folder.split(separator: "/") {
            path += "/" + component
            _ = mkdir(path, 0o700)
        }
    }

    private static func escape(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x09 || $0 == 0x0A || $0 == 0x5C }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t": escaped += "\\t"
            case "\n": escaped += "\\n"
            case "\\": escaped += "\\\\"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func unescape(_ field: ArraySlice<UInt8>) -> String? {
        guard field.contains(0x5C) else { return String(validating: field, as: UTF8.self) }
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            guard byte == 0x5C else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case 0x5C: bytes.append(0x5C)
            default: return nil
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
