import Foundation
import Subprocess
import SystemPackage

/// What another process does to a file. It says `ready` on its standard output when it holds what it is to hold, and ends
/// when its standard input ends.
enum OtherProcess {
    struct Failed: Error { var text: String }

    static func python<Value: Sendable>(
        _ script: String, _ arguments: String..., while body: () async throws -> Value
    ) async throws -> Value {
        let result = try await Subprocess.run(
            .name("python3"), arguments: Arguments(["-c", script] + arguments), input: .inputWriter, output: .sequence,
            error: .currentStandardError
        ) { execution in
            var text = ""
            for try await buffer in execution.standardOutput {
                text += buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                if text.contains("ready\n") { break }
            }
            guard text.contains("ready\n") else { throw Failed(text: "python: \(text)") }
            let value = try await body()
            try await execution.standardInputWriter.finish()
            return value
        }
        return result.closureResult
    }

    /// Runs a script to its end.
    @discardableResult
    static func python(_ script: String, _ arguments: String...) async throws -> String {
        let result = try await Subprocess.run(
            .name("python3"), arguments: Arguments(["-c", script] + arguments), output: .string(limit: 1 << 20),
            error: .currentStandardError)
        guard result.terminationStatus.isSuccess else { throw Failed(text: "python: \(result.standardOutput)") }
        return result.standardOutput
    }

    /// Runs SQL in the shell of SQLite.
    @discardableResult
    static func sqlite(_ path: String, in folder: String? = nil, _ sql: String) async throws -> String {
        let result = try await Subprocess.run(
            .name("sqlite3"), arguments: ["-bail", path, sql], workingDirectory: folder.map { FilePath($0) },
            output: .string(limit: 1 << 20), error: .currentStandardError)
        guard result.terminationStatus.isSuccess else { throw Failed(text: "sqlite3: \(result.standardOutput)") }
        return result.standardOutput
    }
}
