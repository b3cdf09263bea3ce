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

    private struct State {
        var loaded = false
        /// Oldest first.
        var keys: [String] = []
        var values: [String: String] = [:]
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
            load(&state)
            return state.values[key]
        }
    }

    func remember(_ key: String, _ value: String) {
        guard mayWrite, folder != nil else { return }
        state.withLock { state in
            load(&state)
            guard state.values[key] != value else { return }
            // Another run may have remembered something since.
            state = State()
            load(&state)
            state.keys.removeAll { $0 == key }
            state.keys.append(key)
            state.values[key] = value
            while state.keys.count > Self.entryLimit { state.values[state.keys.removeFirst()] = nil }
            save(state)
        }
    }

    private func load(_ state: inout State) {
        guard !state.loaded else { return }
        state.loaded = true
        guard let folder else { return }
        let path = folder + "/answers"
        let number = uninterrupted { open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
        guard number >= 0 else { return }
        let file = Descriptor(owning: number)
        var raw = stat()
        // What others may write could make a wrong version pass.
        guard fstat(number, &raw) == 0, raw.st_mode & S_IFMT == S_IFREG, raw.st_uid == geteuid(),
            raw.st_mode & 0o022 == 0,
            let bytes = try? file.readAll(limit: Self.sizeLimit, expected: Int(raw.st_size), path),
            bytes.last == UInt8(ascii: "\n")
        else { return }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard let first = lines.first, first.elementsEqual(Self.header.utf8) else { return }
        var found = State(loaded: true)
        for line in lines.dropFirst() {
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            guard fields.count == 2, let key = Self.unescape(fields[0]), let value = Self.unescape(fields[1]) else {
                return
            }
            if found.values.updateValue(value, forKey: key) == nil { found.keys.append(key) }
        }
        state = found
    }

    /// Complete under its name or not at all; not synced, because it may be lost.
    private func save(_ state: State) {
        guard let folder else { return }
        var text = Self.header + "\n"
        for key in state.keys {
            text += Self.escape(key) + "\t" + Self.escape(state.values[key] ?? "") + "\n"
        }
        Self.makeFolders(folder)
        let path = folder + "/answers"
        let temporary = folder + "/" + TemporaryName(for: "answers").text
        let number = uninterrupted {
            open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard number >= 0 else { return }
        let file = Descriptor(owning: number)
        do throws(MachineError) {
            try file.writeAll(Array(text.utf8), path)
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
