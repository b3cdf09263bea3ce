import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// Root may everything, and tests run as root in containers: so these run in a process that has given root up.
@Suite struct PermissionTests {
    /// A root that everybody may look at, with one file that its owner may not.
    private func sandbox(_ setUp: (Sandbox) async throws -> Void) async throws -> Sandbox {
        let sandbox = try Sandbox()
        try await setUp(sandbox)
        for folder in [sandbox.folder.path, sandbox.root.path] { chmod(folder, 0o755) }
        return sandbox
    }

    @Test func whatMayNotBeReadIsNotMissing() async throws {
        let sandbox = try await sandbox { sandbox in
            try sandbox.write("secret", "x")
            chmod(sandbox.path("secret"), 0o000)
            try sandbox.write("public", "x")
            chmod(sandbox.path("public"), 0o644)
            try sandbox.makeDirectory("closed/inner")
            try sandbox.write("closed/file", "x")
            chmod(sandbox.path("closed"), 0o000)
        }
        await #expect(processExitsWith: .exitCode(0)) { [root = sandbox.root.path as String] in
            becomeNobody()
            let machine = try LiveMachine(root: root, mayChange: true, environment: ["PATH": root])
            guard try machine.status(of: path("secret"))?.kind == .regular else { exit(1) }
            guard try !machine.permits(.read, to: path("secret")), try machine.permits(.read, to: path("public")),
                try !machine.permits(.write, to: path("public")) || geteuid() != 65534,
                try !machine.permits(.execute, to: path("public"))
            else { exit(2) }
            guard failure({ try machine.contents(of: path("secret"), limit: 10) })?.number == EACCES else { exit(3) }
            guard failure({ try machine.status(of: path("closed/file")) })?.number == EACCES else { exit(4) }
            guard failure({ try machine.status(of: path("closed/missing")) })?.number == EACCES else { exit(5) }
            guard failure({ try machine.names(in: path("closed")) })?.number == EACCES else { exit(6) }
            guard try machine.executable(named: "public") == nil else { exit(7) }
            guard failure({ try machine.permits(.read, to: path("missing")) })?.number == ENOENT else { exit(8) }
            exit(0)
        }
        chmod(sandbox.path("closed"), 0o755)
    }

    @Test func whereNothingMayBeWrittenNothingIs() async throws {
        let sandbox = try await sandbox { sandbox in
            try sandbox.makeDirectory("data")
            try await Databases.plain(sandbox.path("data/a.db"))
            try await Databases.plain(sandbox.path("data/wal.db"), pragmas: "PRAGMA journal_mode=WAL;")
            try await Databases.plain(sandbox.path("data/closed.db"))
            try await Databases.plain(sandbox.path("data/log.db"))
            try await Databases.killedLogWriter(sandbox.path("data/log.db"))
            try FileManager.default.removeItem(atPath: sandbox.path("data/log.db-shm"))
            for name in try sandbox.names("data") { chmod(sandbox.path("data/\(name)"), 0o444) }
            chmod(sandbox.path("data/closed.db"), 0o000)
            chmod(sandbox.path("data"), 0o555)
        }
        let before = try sandbox.listing()
        await #expect(processExitsWith: .exitCode(0)) { [root = sandbox.root.path as String] in
            becomeNobody()
            let machine = try LiveMachine(root: root, mayChange: true, environment: [:])
            // What can be looked at is looked at.
            for name in ["data/a.db", "data/wal.db"] {
                let rows = try await machine.readDatabase(path(name)) { connection throws(MachineError) in
                    try connection.rows("SELECT count(*) FROM t")
                }
                guard rows == [[.integer(10)]] else { exit(1) }
            }
            func fault(_ name: String, _ body: () async throws -> Void) async -> MachineError.DatabaseFault? {
                if case .database(name, let fault) = await asyncFailure(body) { fault } else { nil }
            }
            guard
                await fault("data/closed.db", { try await machine.readDatabase(path("data/closed.db")) { _ in } })
                    == .permission
            else { exit(2) }
            // Its index cannot be made without writing.
            guard
                await fault("data/log.db", { try await machine.readDatabase(path("data/log.db")) { _ in } })
                    == .hotJournal
            else { exit(3) }
            guard
                await fault("data/a.db", { try await machine.changeDatabase(path("data/a.db")) { _ in } }) == .readOnly
            else { exit(4) }
            let made = failure { try machine.createFile(path("data/new"), contents: [], mode: .privateFile) }
            let folder = failure { try machine.createDirectory(path("data/folder"), mode: .directory) }
            let database = await asyncFailure {
                try await machine.createDatabase(path("data/b.db"), pragmas: []) { _ in }
            }
            let mode = failure {
                try machine.setMode(path("data/a.db"), .privateFile, expecting: .init(rawValue: 0o444))
            }
            let removed = failure { try machine.removeDirectory(path("data")) }
            guard made?.number == EACCES, folder?.number == EACCES, database?.number == EACCES else { exit(5) }
            guard mode?.number == EPERM || geteuid() != 65534, removed != nil else { exit(6) }
            exit(0)
        }
        #expect(try sandbox.listing() == before)
        chmod(sandbox.path("data"), 0o755)
    }

    /// A file that may be written in a directory that may not: SQLite has no place for its journal.
    @Test func noPlaceForAJournal() async throws {
        let sandbox = try await sandbox { sandbox in
            try sandbox.makeDirectory("data")
            try await Databases.plain(sandbox.path("data/a.db"))
            chmod(sandbox.path("data/a.db"), 0o666)
            chmod(sandbox.path("data"), 0o555)
        }
        let before = try sandbox.listing()
        await #expect(processExitsWith: .exitCode(0)) { [root = sandbox.root.path as String] in
            becomeNobody()
            let machine = try LiveMachine(root: root, mayChange: true, environment: [:])
            let error = await asyncFailure {
                try await machine.changeDatabase(path("data/a.db")) { connection throws(MachineError) in
                    try connection.execute("DELETE FROM t")
                }
            }
            guard case .database("data/a.db", let fault) = error, fault == .permission || fault == .readOnly else {
                exit(1)
            }
            exit(0)
        }
        #expect(try sandbox.listing() == before)
        chmod(sandbox.path("data"), 0o755)
    }
}
