import Foundation
import HealKit
import HealModel
import LiveMachine

/// A root of its own for one test, removed afterwards. Foundation is used freely here: it is what is looked at with, not what is
/// looked at.
final class Sandbox: Sendable {
    let folder: URL
    /// Lies beside the root, for what leads out of it.
    var outside: URL { folder.appending(path: "outside") }
    var root: URL { folder.appending(path: "root") }
    var cache: URL { folder.appending(path: "cache") }

    init() throws {
        let name = "selfheal-test-\(UInt64.random(in: .min ... .max))"
        folder = URL(filePath: NSTemporaryDirectory()).resolvingSymlinksInPath().appending(path: name)
        for url in [root, outside] {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func machine(
        mayChange: Bool = true, wait: Duration = .milliseconds(200),
        environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        interruption: Interruption = Interruption()
    ) throws -> LiveMachine {
        try LiveMachine(
            root: root.path, waitLimit: wait, mayChange: mayChange, environment: environment, cacheFolder: cache.path,
            interruption: interruption)
    }

    func path(_ name: String) -> String { root.appending(path: name).path }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: root.appending(path: name))
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: root.appending(path: name)), as: UTF8.self)
    }

    func makeDirectory(_ name: String) throws {
        try FileManager.default.createDirectory(
            at: root.appending(path: name), withIntermediateDirectories: true)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    }

    func names(_ name: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
    }

    /// Everything below the root: name, kind, mode, size, modification time in nanoseconds, inode and contents.
    func listing() throws -> [String] {
        var lines: [String] = []
        guard let names = FileManager.default.enumerator(atPath: root.path) else { return [] }
        for case let name as String in names {
            var raw = stat()
            guard lstat(path(name), &raw) == 0 else { continue }
            var line =
                "\(name) \(raw.st_mode) \(raw.st_size) \(raw.st_mtim.tv_sec).\(raw.st_mtim.tv_nsec) \(raw.st_ino)"
            if raw.st_mode & S_IFMT == S_IFREG, let bytes = FileManager.default.contents(atPath: path(name)) {
                line += " \(bytes.base64EncodedString().hashValue)"
            }
            lines.append(line)
        }
        return lines.sorted()
    }

    func mode(_ name: String) -> UInt32? {
        var raw = stat()
        return lstat(path(name), &raw) == 0 ? raw.st_mode & 0o7777 : nil
    }
}

/// A path that a manifest may hold.
func path(_ text: String, outsideRoot: Bool = false) throws -> ResourcePath {
    try ResourcePath(text, outsideRoot: outsideRoot)
}

/// The machine's error that the closure throws, to be compared; `nil` when it throws none.
func failure<Value>(_ body: () throws -> Value) -> MachineError? {
    do {
        _ = try body()
        return nil
    } catch { return error as? MachineError }
}

func asyncFailure<Value>(_ body: () async throws -> Value) async -> MachineError? {
    do {
        _ = try await body()
        return nil
    } catch { return error as? MachineError }
}

extension MachineError {
    /// The errno, when a system call failed.
    var number: Int32? {
        if case .system(_, _, let number, _) = self { number } else { nil }
    }
}
