import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

@Suite struct JournalModeTests {
    let sandbox: Sandbox
    let machine: LiveMachine
    var file: String { sandbox.path("a.db") }

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
    }

    private func set(_ mode: JournalMode, expecting previous: JournalMode) async throws {
        try await machine.setJournalMode(of: path("a.db"), to: mode, expecting: previous)
    }

    private func bytes() throws -> Data { try Data(contentsOf: URL(filePath: file)) }

    private func state() async throws -> String {
        try await OtherProcess.sqlite(file, "PRAGMA journal_mode; SELECT count(*) FROM t; PRAGMA integrity_check")
    }

    @Test func thereAndBack() async throws {
        try await Databases.plain(file)
        try await set(.wal, expecting: .delete)
        #expect(try await state() == "wal\n10\nok\n")
        #expect(try sandbox.names() == ["a.db"])
        // What is so already stays, byte for byte.
        let saved = try bytes()
        try await set(.wal, expecting: .delete)
        #expect(try bytes() == saved)
        try await set(.delete, expecting: .wal)
        #expect(try await state() == "delete\n10\nok\n")
        #expect(try sandbox.names() == ["a.db"])
    }

    @Test func whatAKilledWriterLeftInItsLogStays() async throws {
        try await Databases.plain(file)
        try await Databases.killedLogWriter(file)
        try await set(.delete, expecting: .wal)
        #expect(try await OtherProcess.sqlite(file, "PRAGMA journal_mode; SELECT count(*) FROM late") == "delete\n3\n")
        #expect(try sandbox.names() == ["a.db"])
    }

    @Test(arguments: [
        (JournalMode.wal, "SELECT count(*) FROM t"), (.wal, "BEGIN; SELECT count(*) FROM t"),
        (.delete, "BEGIN; SELECT count(*) FROM t"), (.delete, "BEGIN IMMEDIATE"), (.delete, "BEGIN EXCLUSIVE"),
    ])
    func nobodyIsWaitedFor(_ mode: JournalMode, _ statements: String) async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=\(mode.rawValue);")
        let saved = try bytes()
        let other: JournalMode = mode == .wal ? .delete : .wal
        let (file, machine) = (file, machine)
        let (failure, time) = try await OtherProcess.python(Databases.holder(statements), file) {
            let start = ContinuousClock.now
            let failure = await asyncFailure {
                try await machine.setJournalMode(of: path("a.db"), to: other, expecting: mode)
            }
            return (failure, ContinuousClock.now - start)
        }
        #expect(failure == .refused(subject: "a.db", .inUse))
        #expect(time < .seconds(2))
        #expect(try bytes() == saved)
        // When they have gone it can be done.
        try await set(other, expecting: mode)
        #expect(try await state() == "\(other.rawValue)\n10\nok\n")
    }

    @Test func notInADamagedDatabaseAndNotByALook() async throws {
        try await Databases.plain(file, rows: 500)
        let looking = try sandbox.machine(mayChange: false)
        let readOnly = await asyncFailure {
            try await looking.setJournalMode(of: path("a.db"), to: .wal, expecting: .delete)
        }
        #expect(readOnly == .refused(subject: "a.db", .readOnlyRun))
        let leaves = try await Damage.leaves(of: "t", file)
        try Damage.overwrite(file, pages: [leaves[3]])
        let saved = try bytes()
        let machine = machine
        let damaged = await asyncFailure {
            try await machine.setJournalMode(of: path("a.db"), to: .wal, expecting: .delete)
        }
        guard case .database("a.db", .damaged) = damaged else {
            Issue.record("\(String(describing: damaged))")
            return
        }
        #expect(try bytes() == saved)
    }
}
