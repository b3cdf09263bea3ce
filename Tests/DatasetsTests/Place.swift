import Datasets
import Foundation
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Testing

/// A folder with databases, gone afterwards.
final class Place: Sendable {
    let root: String
    let machine: LiveMachine

    init(waitLimit: Duration = .milliseconds(50)) throws {
        root = NSTemporaryDirectory() + "datasets-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        machine = try LiveMachine(root: root, waitLimit: waitLimit, mayChange: true, environment: [:])
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// A database with these tables, rows and whatever else the SQL makes.
    func make(_ database: String = "app.db", _ sql: String) async throws {
        let path = try ResourcePath(database)
        try await machine.createDatabase(path, pragmas: [], statements: [sql]) { _ throws(MachineError) in }
    }

    func change(_ database: String = "app.db", _ sql: String) async throws {
        try await machine.changeDatabase(try ResourcePath(database)) { connection throws(MachineError) in
            try connection.execute(sql)
        }
    }

    /// Like `change`, with the work ledger there.
    func ledger(_ database: String = "app.db", _ sql: String) async throws {
        try await change(database, LedgerTables.statements.joined(separator: ";\n") + ";\n" + sql)
    }

    /// What stands under `datasets:`.
    func graph(_ text: String) throws -> DatasetGraph {
        let (found, faults) = datasets("datasets:\n" + text)
        #expect(faults == [])
        var problems = ManifestProblems()
        let graph = DatasetGraph(try #require(found), &problems)
        #expect(problems.all == [])
        return try #require(graph)
    }

    func report(_ text: String, _ options: StatusOptions = StatusOptions()) async throws -> ReadinessReport {
        try await StatusReader(try graph(text), on: machine, options).read()
    }

    /// The status of the one dataset `d`, whose table is `t`.
    func status(_ lines: String = "", _ options: StatusOptions = StatusOptions()) async throws -> DatasetStatus {
        let report = try await report("  d:\n    relation: {database: app.db, table: t}\n" + lines, options)
        return try #require(report["d"])
    }
}
