import Foundation
import HealKit
import HealModel
import LiveMachine
import Synchronization
import TestSupport
import Testing

@testable import Populating

/// Keeps the rows that a source gives.
final class RowList: RowSink {
    private let list = Mutex<[SourceRow]>([])
    var rows: [SourceRow] { list.withLock { $0 } }
    func take(_ row: SourceRow) throws(SourceFailure) { list.withLock { $0.append(row) } }
}

/// A machine that finds this computer's programs, with no proxy.
func webMachine(_ variables: [String: String] = [:]) throws -> LiveMachine {
    try LiveMachine(
        root: "/tmp", mayChange: false, environment: ["PATH": "/usr/bin:/bin"].merging(variables) { $1 })
}

/// What a source gives for units, or why it gives nothing.
func ask(
    _ source: any RowSource, _ units: [Populating.Unit] = [], timeout: Duration = .seconds(20),
    on machine: (any Machine)? = nil
) async throws -> Result<[SourceRow], SourceFailure> {
    let sink = RowList()
    let context = SourceContext(dataset: "things", machine: try machine ?? webMachine(), timeout: timeout)
    do throws(SourceFailure) {
        try await source.rows(for: UnitBatch(units: units), to: sink, in: context)
        return .success(sink.rows)
    } catch {
        return .failure(error)
    }
}

extension Result where Failure == SourceFailure {
    var failure: SourceFailure? { if case .failure(let failure) = self { failure } else { nil } }
}

/// Reads its configuration as curl does, writes it down beside itself with its arguments, and ends as it is told.
func withFakeCurl<Value>(exit code: Int, _ body: (_ folder: String) async throws -> Value) async throws -> Value {
    let folder = NSTemporaryDirectory() + "/fake-curl-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let script = """
        #!/bin/sh
        PATH=/usr/bin:/bin
        cat >"${0%/*}/input"
        printf '%s\\n' "$@" >"${0%/*}/arguments"
        env >"${0%/*}/environment"
        exit \(code)
        """
    try script.write(toFile: folder + "/curl", atomically: false, encoding: .utf8)
    chmod(folder + "/curl", 0o755)
    return try await body(folder)
}
