import HealKit
import HealModel
import LiveMachine
import Synchronization

/// A real machine on which chosen calls go wrong: programs answer as scripted, databases fail at their n-th use.
final class FaultyMachine: ChangingMachine {
    /// A call that may fail.
    enum Call: String, Hashable, Sendable {
        case read, change, run, executable, temporaryFile
    }

    /// What a program does, by the number of its call.
    typealias Program = @Sendable (CommandRequest, Int) throws(MachineError) -> CommandAnswer

    private struct State {
        var counts: [Call: Int] = [:]
        var faults: [Call: [Int: MachineError]] = [:]
        var inputs: [String] = []
    }

    private let machine: LiveMachine
    private let program: Program?
    private let state = Mutex(State())

    init(_ machine: LiveMachine, program: Program? = nil) {
        self.machine = machine
        self.program = program
    }

    /// Makes the calls with these numbers, counted from 1, fail.
    func fail(_ call: Call, _ numbers: some Sequence<Int>, _ error: MachineError) {
        state.withLock { state in for number in numbers { state.faults[call, default: [:]][number] = error } }
    }

    /// How often it was asked.
    func calls(_ call: Call) -> Int { state.withLock { $0.counts[call, default: 0] } }

    /// What programs were given, in order.
    var inputs: [String] { state.withLock { $0.inputs } }

    private func count(_ call: Call) throws(MachineError) -> Int {
        let (number, fault) = state.withLock { state in
            state.counts[call, default: 0] += 1
            let number = state.counts[call, default: 0]
            return (number, state.faults[call]?[number])
        }
        if let fault { throw fault }
        return number
    }

    func run(_ command: CommandRequest) async throws(MachineError) -> CommandAnswer {
        let number = try count(.run)
        state.withLock { $0.inputs.append(String(decoding: command.input, as: UTF8.self)) }
        guard let program else { return try await machine.run(command) }
        return try program(command, number)
    }

    func run(_ command: CommandRequest, output: any TemporaryFile) async throws(MachineError) -> CommandAnswer {
        var answer = try await run(command)
        try output.append(answer.standardOutput)
        answer.standardOutput = []
        return answer
    }

    func temporaryFile() throws(MachineError) -> any TemporaryFile {
        _ = try count(.temporaryFile)
        return try machine.temporaryFile()
    }

    func executable(named name: String) throws(MachineError) -> (path: String, status: FileStatus)? {
        _ = try count(.executable)
        return program == nil
            ? try machine.executable(named: name)
            : ("/bin/" + name, FileStatus(kind: .regular, mode: FileMode(rawValue: 0o755)))
    }

    func readDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        _ = try count(.read)
        return try await machine.readDatabase(path, body)
    }

    func changeDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try await changeDatabase(path, timeLimit: nil, body)
    }

    func changeDatabase<Value: Sendable>(
        _ path: ResourcePath, timeLimit: Duration?,
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        _ = try count(.change)
        return try await machine.changeDatabase(path, timeLimit: timeLimit, body)
    }

    func recoverJournal(of path: ResourcePath) async throws(MachineError) {
        try await machine.recoverJournal(of: path)
    }

    // MARK: As they are

    var environment: [String: String] { machine.environment }
    var now: Int64 { machine.now }
    func status(of path: ResourcePath) throws(MachineError) -> FileStatus? { try machine.status(of: path) }
    func target(of path: ResourcePath) throws(MachineError) -> FileStatus? { try machine.target(of: path) }
    func permits(_ access: FileAccess, to path: ResourcePath) throws(MachineError) -> Bool {
        try machine.permits(access, to: path)
    }
    func contents(of path: ResourcePath, limit: Int) throws(MachineError) -> [UInt8] {
        try machine.contents(of: path, limit: limit)
    }
    func listing(of path: ResourcePath?) throws(MachineError) -> DirectoryListing { try machine.listing(of: path) }
    func remembered(_ key: String) -> String? { nil }
    func remember(_ key: String, _ value: String) {}
    func scratchDatabase<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value { try await machine.scratchDatabase(body) }
    func createDirectory(_ path: ResourcePath, mode: FileMode) throws(MachineError) -> Bool {
        try machine.createDirectory(path, mode: mode)
    }
    func createFile(_ path: ResourcePath, contents: [UInt8], mode: FileMode) throws(MachineError) {
        try machine.createFile(path, contents: contents, mode: mode)
    }

    // MARK: Never asked for here

    private func unused() throws(MachineError) -> Never { throw .refused(subject: "test", .readOnlyRun) }
    func setMode(_ path: ResourcePath, _ mode: FileMode, expecting: FileMode) throws(MachineError) { try unused() }
    func replaceFile(
        _ path: ResourcePath, contents: [UInt8], expecting: [UInt8]
    ) throws(MachineError) { try unused() }
    func removeDirectory(_ path: ResourcePath) throws(MachineError) { try unused() }
    func removeFile(_ path: ResourcePath, ifStill: [UInt8]) throws(MachineError) -> Bool { try unused() }
    func removeOwnFile(_ path: ResourcePath) throws(MachineError) { try unused() }
    func removeLeftovers(beside path: ResourcePath) throws(MachineError) -> [String] { try unused() }
    func createDatabase(
        _ path: ResourcePath, pragmas: [String], statements: [String],
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError) { try unused() }
    func setJournalMode(
        of path: ResourcePath, to mode: JournalMode, expecting: JournalMode
    ) async throws(MachineError) { try unused() }
    func restoreDatabase(
        _ path: ResourcePath, from backup: ResourcePath
    ) async throws(MachineError) -> ReplacedDatabase { try unused() }
    func salvageDatabase(_ path: ResourcePath) async throws(MachineError) -> ReplacedDatabase { try unused() }
    func finishReplacement(of path: ResourcePath) async throws(MachineError) -> ReplacedDatabase { try unused() }
    func rewindDatabase<Value: Sendable>(
        _ path: ResourcePath, to copy: ResourcePath,
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value { try unused() }
    func placeDatabase(_ path: ResourcePath, copying backup: ResourcePath) async throws(MachineError) { try unused() }
    func setAsideDatabase(
        _ path: ResourcePath, to place: ResourcePath,
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError) { try unused() }
}
