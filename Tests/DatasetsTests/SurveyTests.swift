import Datasets
import Foundation
import HealKit
import HealModel
import ManifestShape
import Testing

/// The checks of datasets, which share what was seen of their databases.
@Suite struct SurveyTests {
    private static let manifest = """
          a:
            relation: {database: app.db, table: a}
          b:
            relation: {database: other.db, table: b}
            depends_on: [a]
            populate: {sql: SELECT 1}
          c:
            relation: {database: other.db, table: c}
            depends_on: [b]
            required: false
        """

    private func place() async throws -> Place {
        let place = try Place()
        try await place.make("app.db", "CREATE TABLE a (x); INSERT INTO a VALUES (1)")
        try await place.make(
            "other.db", "CREATE TABLE b (x); CREATE TABLE c (x); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1)")
        return place
    }

    private func checks(_ place: Place) async throws -> [String: any Check] {
        let (found, faults) = datasets("datasets:\n" + Self.manifest)
        #expect(faults == [])
        var problems = ManifestProblems()
        let checks = await DatasetsPlugin.makeChecks(
            try #require(found), context: PluginContext(machine: place.machine), problems: &problems)
        #expect(problems.all == [])
        return Dictionary(uniqueKeysWithValues: checks.map { ($0.subject, $0) })
    }

    private func findings(_ name: String, _ checks: [String: any Check], _ place: Place) async throws -> [String] {
        try await #require(checks[name]).look(on: place.machine).findings.map { "\($0.id) \($0.severity)" }
    }

    /// What is changed between two looks is seen by the second, in what was changed and in what depends on it.
    @Test func changesAreSeen() async throws {
        let place = try await place()
        let checks = try await checks(place)
        for _ in 0..<2 { for name in ["a", "b", "c"] { #expect(try await findings(name, checks, place) == []) } }
        try await place.change("app.db", "DELETE FROM a")
        #expect(try await findings("c", checks, place) == ["dataset.waiting warning"])
        #expect(try await findings("b", checks, place) == ["dataset.waiting critical"])
        #expect(try await findings("a", checks, place) == ["dataset.empty critical"])
        try await place.change("app.db", "INSERT INTO a VALUES (1)")
        try await place.change("other.db", "DELETE FROM b")
        #expect(try await findings("a", checks, place) == [])
        #expect(try await findings("b", checks, place) == ["dataset.empty critical"])
        #expect(try await findings("c", checks, place) == ["dataset.waiting warning"])
        try await place.change("other.db", "INSERT INTO b VALUES (1)")
        // All at once, as the engine asks.
        try await withThrowingTaskGroup(of: [String].self) { group in
            for name in ["a", "b", "c", "c", "b", "a"] {
                group.addTask { try await findings(name, checks, place) }
            }
            for try await found in group { #expect(found == []) }
        }
    }

    /// Each finding is described, so that `explain` and the documentation know it.
    @Test(arguments: [
        ("DROP TABLE b", "dataset.missing"), ("DELETE FROM b", "dataset.empty"),
    ])
    func described(_ sql: String, _ id: String) async throws {
        let place = try await place()
        try await place.change("other.db", sql)
        let check = try #require(try await checks(place)["b"])
        let found = try await check.look(on: place.machine).findings
        #expect(found.map(\.id.rawValue) == [id])
        for finding in found { #expect(check.descriptor.kind(finding.id) != nil) }
        #expect(
            Set(RequiredDataset.descriptor.kinds.map(\.id.rawValue)).count == RequiredDataset.descriptor.kinds.count)
    }

    @Test func whatHealersAreGiven() async throws {
        let place = try await place()
        let check = try #require(try await checks(place)["c"] as? RequiredDataset)
        #expect(check.graph.names == ["a", "b", "c"])
        #expect(check.requires.map(\.text) == ["other.db"])
    }

    /// What cannot be looked at is neither well nor at fault.
    @Test func unknown() async throws {
        let place = try await place()
        let checks = try await checks(place)
        let blocker = try Process.holding(place.root + "/app.db")
        defer { blocker.terminate() }
        await #expect(throws: MachineError.self) { try await checks["a"]?.look(on: place.machine) }
    }
}
