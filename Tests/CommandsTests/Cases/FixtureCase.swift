import Foundation
import Testing
import Yams

/// A folder of `Fixtures/cases`: a database as it is, what it is to become, and what happens then.
struct FixtureCase: Sendable, CustomTestStringConvertible {
    enum Outcome: String, Decodable, Sendable {
        /// Brought to what is stated.
        case healed
        /// The same, but only where high risk is allowed.
        case high
        /// Some of it only where high risk is allowed.
        case partly
        /// Left alone whatever the risk, with a reason.
        case refused
        /// Told, and nothing is to be done.
        case named
        /// As stated already, though it may be spelt otherwise.
        case unchanged
    }

    /// A query and the rows it gives afterwards, each value as SQL writes it, with bars between.
    struct Rows: Decodable, Sendable {
        var sql: String
        var gives: [String]
    }

    /// `expect.yaml`.
    struct Expectation: Decodable, Sendable {
        var about: String
        var group: String
        var outcome: Outcome
        /// What the report has to say: words of it, or a finding's identifier.
        var says: String?
        var rows: [Rows]?
        /// Why `selfheal undo` refuses afterwards; without it, it brings back what was.
        var undo: String?
        /// What other tools do, in a word; what is not known is not there.
        var peers: [String: String]?

        enum CodingKeys: String, CodingKey {
            case about
            case group = "class"
            case outcome, says, rows, undo, peers
        }
    }

    static let folder = Sandbox.package + "/Tests/CommandsTests/Fixtures/cases"
    static let peers = ["sqldef", "atlas", "sqlite-utils", "alembic", "django"]

    var name: String
    var expectation: Expectation
    /// Statements that make the database as it is; `nil` when there is none.
    var before: String?
    /// What is stated.
    var after: String?
    /// What the database then is, where that is not what is stated.
    var result: String?
    var manifest: String

    var testDescription: String { name }

    init(name: String) throws {
        self.name = name
        func text(_ file: String) throws -> String? {
            let path = "\(FixtureCase.folder)/\(name)/\(file)"
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return try String(contentsOf: URL(filePath: path), encoding: .utf8)
        }
        expectation = try YAMLDecoder().decode(Expectation.self, from: text("expect.yaml") ?? "")
        before = try text("before.sql")
        after = try text("after.sql")
        result = try text("result.sql")
        manifest = try text("manifest.yaml") ?? "version: 1\ndatabases:\n  case.db: {schema: after.sql}\n"
    }

    /// In the order of their names. A folder that cannot be read is a failure of `FixtureCaseTests.allAreRead`.
    static let all: [FixtureCase] = names.compactMap { try? FixtureCase(name: $0) }

    static var names: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }
}

extension RawDatabase.Value {
    /// As SQL writes it.
    var literal: String {
        switch self {
        case .null, .integer, .real: description
        case .text(let bytes): "'\(String(decoding: bytes, as: UTF8.self).replacing("'", with: "''"))'"
        case .blob(let bytes): "x'\(bytes.map { String(format: "%02x", $0) }.joined())'"
        }
    }
}
