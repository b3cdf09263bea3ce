import Foundation
import Subprocess
import SystemPackage
import Testing

/// What a program said and how it ended.
struct Answer: Sendable {
    /// The exit code, or 128 + the signal's number.
    var status: Int32
    var output: String
    var errors: String
    var all: String { output + errors }
}

/// A folder of its own for one test, and the built programs to run in it.
final class Sandbox: Sendable {
    let root: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "selfheal-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // The programs print paths without symbolic links.
        root = folder.resolvingSymlinksInPath().path
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// The package's top folder.
    static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Where the programs were built: beside the test bundle.
    static let programs: String = {
        let arguments = ProcessInfo.processInfo.arguments
        let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? arguments[0]
        return URL(filePath: bundle).deletingLastPathComponent().path
    }()

    func path(_ name: String) -> String { root + "/" + name }

    func write(_ name: String, _ text: String) throws {
        let url = URL(filePath: path(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func read(_ name: String) throws -> String { try String(contentsOf: URL(filePath: path(name)), encoding: .utf8) }
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    /// The example's manifest and template, without anything that they ask for.
    func copyExample() throws {
        for name in ["schemas.yaml", ".env.example"] {
            // The contents, even where a checkout has links: a test never writes through one into the tree.
            try write(name, String(contentsOf: URL(filePath: Sandbox.package + "/" + name), encoding: .utf8))
        }
    }

    func tool(_ name: String, _ arguments: [String] = [], environment: [String: String] = [:]) async throws -> Answer {
        try await run(Sandbox.programs + "/" + name, arguments, environment: environment)
    }

    func validate(_ arguments: String...) async throws -> Answer { try await tool("validate-startup", arguments) }
    func heal(_ arguments: String...) async throws -> Answer { try await tool("auto-heal", arguments) }

    /// Runs a shell script; `$BIN` is where the programs are.
    func shell(_ script: String) async throws -> Answer {
        try await run("/bin/bash", ["-c", script], environment: ["BIN": Sandbox.programs])
    }

    func sqlite(_ database: String, _ sql: String) async throws -> String {
        let answer = try await run("/usr/bin/sqlite3", [path(database), sql])
        #expect(answer.status == 0, "\(answer.errors)")
        return answer.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> Answer {
        var variables: [Environment.Key: String?] = [
            "XDG_CACHE_HOME": path("../cache-" + (root as NSString).lastPathComponent)
        ]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), environment: .inherit.updating(variables),
            workingDirectory: FilePath(root), output: .string(limit: 4 << 20), error: .string(limit: 4 << 20))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Answer(status: status, output: result.standardOutput, errors: result.standardError)
    }

    /// Everything below the root: kind, mode, size, time of change, contents.
    func listing() throws -> [String: String] {
        var entries: [String: String] = [:]
        let names = try #require(FileManager.default.enumerator(atPath: root))
        for case let name as String in names {
            var status = stat()
            lstat(path(name), &status)
            let times = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
            let regular = status.st_mode & S_IFMT == S_IFREG
            let contents = regular ? try Data(contentsOf: URL(filePath: path(name))).base64EncodedString() : ""
            entries[name] = "\(String(status.st_mode, radix: 8)) \(status.st_size) \(times) \(contents)"
        }
        return entries
    }

    /// The JSON that a program printed.
    static func json(_ text: String) throws -> [String: any Sendable] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: any Sendable])
    }
}
