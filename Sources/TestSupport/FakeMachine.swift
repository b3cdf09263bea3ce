import HealKit
import HealModel
import Synchronization

/// A machine in memory, for tests of checks and of the engine: every change is counted, and any call can be made to fail.
public final class FakeMachine: ChangingMachine {
    public enum Node: Sendable, Equatable {
        case directory(mode: FileMode)
        case file([UInt8], mode: FileMode)
        case link(to: String)
        case special(FileStatus.Kind)
    }

    public struct State: Sendable {
        public var nodes: [String: Node] = [:]
        public var unwritable: Set<String> = []
        public var unreadable: Set<String> = []
        public var commands: [String: (path: String, answer: CommandAnswer)] = [:]
        public var memory: [String: String] = [:]
        /// The changes made, in words, in order.
        public var changes: [String] = []
        public var commandRuns = 0
        /// Calls that fail: operation and path, with the error to throw.
        public var failures: [String: MachineError] = [:]
        /// Changes that seem to succeed and do nothing: `createDirectory data`.
        public var ineffective: Set<String> = []
    }

    private let state: Mutex<State>
    public let environment: [String: String]
    public let now: Int64 = 1_700_000_000_000

    public init(_ nodes: [String: Node] = [:], environment: [String: String] = [:]) {
        state = Mutex(State(nodes: nodes))
        self.environment = environment
    }

    /// Makes a text file with mode 0644.
    public static func text(_ text: String) -> Node { .file(Array(text.utf8), mode: FileMode(rawValue: 0o644)) }

    public func update<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }
    public var changes: [String] { update { $0.changes } }
    public func node(_ path: String) -> Node? { update { $0.nodes[path] } }
    /// Where something is, sorted.
    public var paths: [String] { update { $0.nodes.keys.sorted() } }

    private func check(_ operation: String, _ path: String) throws(MachineError) {
        if let failure = update({ $0.failures["\(operation) \(path)"] }) { throw failure }
    }

    private func fileStatus(_ node: Node) -> FileStatus {
        switch node {
        case .directory(let mode): FileStatus(kind: .directory, mode: mode)
        case .file(let bytes, let mode): FileStatus(kind: .regular, mode: mode, size: Int64(bytes.count))
        case .link: FileStatus(kind: .symbolicLink, mode: FileMode(rawValue: 0o777))
        case .special(let kind): FileStatus(kind: kind, mode: .privateFile)
        }
    }

    private func resolve(_ path: String) throws(MachineError) -> String {
        var current = path
        for _ in 0..<8 {
            guard case .link(let target) = node(current) else { return current }
            if target.hasPrefix("/") || target.hasPrefix("..") { throw .refused(subject: path, .leavesRoot) }
            current = target
        }
        throw .system(operation: "open", subject: path, errno: 40, meaning: "too many symbolic links")
    }

    public func status(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        try check("status", path.text)
        return node(path.text).map(fileStatus)
    }

    public func target(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        try check("target", path.text)
        return node(try resolve(path.text)).map(fileStatus)
    }

    public func permits(_ access: FileAccess, to path: ResourcePath) throws(MachineError) -> Bool {
        update { state in
            switch access {
            case .write: !state.unwritable.contains(path.text)
            case .read: !state.unreadable.contains(path.text)
            case .execute: true
            }
        }
    }

    public func contents(of path: ResourcePath, limit: Int) throws(MachineError) -> [UInt8] {
        try check("contents", path.text)
        switch node(try resolve(path.text)) {
        case .file(let bytes, _):
            if bytes.count > limit { throw .refused(subject: path.text, .tooLarge(limit: limit)) }
            return bytes
        case let other?: throw .refused(subject: path.text, .kind(fileStatus(other).kind, wanted: .regular))
        case nil: throw .system(operation: "open", subject: path.text, errno: 2, meaning: "No such file or directory")
        }
    }

    public func listing(of path: ResourcePath?) throws(MachineError) -> DirectoryListing {
        let prefix = path.map { $0.text + "/" } ?? ""
        var listing = DirectoryListing()
        for (place, node) in update({ $0.nodes }).sorted(by: { $0.key < $1.key })
        where place.hasPrefix(prefix) && !place.dropFirst(prefix.count).contains("/") {
            let name = String(place.dropFirst(prefix.count))
            if let unnamable = UnnamableName(name.utf8) {
                listing.unnamable.append(.init(name: unnamable, kind: fileStatus(node).kind))
            } else {
                listing.names.append(name)
            }
        }
        return listing
    }

    public func executable(named name: String) throws(MachineError) -> (path: String, status: FileStatus)? {
        update { state in
            state.commands[name].map {
                ($0.path, FileStatus(kind: .regular, mode: FileMode(rawValue: 0o755), size: 10))
            }
        }
    }

    public func run(_ command: CommandRequest) async throws(MachineError) -> CommandAnswer {
        try check("run", command.executable)
        let answer = update { state in
            state.commandRuns += 1
            return state.commands.values.first { $0.path == command.executable }?.answer
        }
        guard let answer else { throw .timedOut(subject: command.executable, after: command.timeout) }
        return answer
    }

    public func temporaryFile() throws(MachineError) -> any TemporaryFile {
        try check("temporaryFile", "")
        return FileInMemory()
    }

    public func remembered(_ key: String) -> String? { update { $0.memory[key] } }
    public func remember(_ key: String, _ value: String) { update { $0.memory[key] = value } }

    public func readDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try check("readDatabase", path.text)
        return try body(FakeConnection(machine: self, path: path.text, writable: false))
    }

    public func scratchDatabase<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try body(FakeConnection(machine: self, path: ":memory:", writable: false))
    }

    // MARK: Changes

    private func changing(_ operation: String, _ path: String, _ body: (inout State) -> Void) throws(MachineError) {
        try check(operation, path)
        update { state in
            state.changes.append("\(operation) \(path)")
            if !state.ineffective.contains("\(operation) \(path)") { body(&state) }
        }
    }

    public func createDirectory(_ path: ResourcePath, mode: FileMode) throws(MachineError) -> Bool {
        if node(path.text) != nil { return false }
        try changing("createDirectory", path.text) { $0.nodes[path.text] = .directory(mode: mode) }
        return true
    }

    public func createFile(_ path: ResourcePath, contents: [UInt8], mode: FileMode) throws(MachineError) {
        if node(path.text) != nil { throw .refused(subject: path.text, .exists) }
        try changing("createFile", path.text) { $0.nodes[path.text] = .file(contents, mode: mode) }
    }

    public func setMode(_ path: ResourcePath, _ mode: FileMode, expecting previous: FileMode) throws(MachineError) {
        try changing("setMode", path.text) { state in
            switch state.nodes[path.text] {
            case .directory: state.nodes[path.text] = .directory(mode: mode)
            case .file(let bytes, _): state.nodes[path.text] = .file(bytes, mode: mode)
            default: break
            }
        }
    }

    public func removeDirectory(_ path: ResourcePath) throws(MachineError) {
        try changing("removeDirectory", path.text) { $0.nodes[path.text] = nil }
    }

    public func removeFile(_ path: ResourcePath, ifStill contents: [UInt8]) throws(MachineError) -> Bool {
        guard case .file(contents, _) = node(path.text) else { return false }
        try changing("removeFile", path.text) { $0.nodes[path.text] = nil }
        return true
    }

    public func replaceFile(
        _ path: ResourcePath, contents: [UInt8], expecting previous: [UInt8]
    ) throws(MachineError) {
        guard case .file(previous, let mode) = node(path.text) else {
            throw .refused(subject: path.text, .changedMeanwhile)
        }
        try changing("replaceFile", path.text) { $0.nodes[path.text] = .file(contents, mode: mode) }
    }

    public func removeOwnFile(_ path: ResourcePath) throws(MachineError) {
        try changing("removeOwnFile", path.text) { $0.nodes[path.text] = nil }
    }

    public func removeLeftovers(beside path: ResourcePath) throws(MachineError) -> [String] {
        try check("removeLeftovers", path.text)
        let prefix = ((path.parent.map { "\($0)/" }) ?? "") + ".\(path.name).selfheal-"
        return update { state in
            let left = state.nodes.keys.filter { $0.hasPrefix(prefix) }.sorted()
            for name in left { state.nodes[name] = nil }
            return left
        }
    }

    public func createDatabase(
        _ path: ResourcePath, pragmas: [String], statements: [String],
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError) {
        try check("createDatabase", path.text)
        if node(path.text) != nil { throw .refused(subject: path.text, .exists) }
        try await transact(path) { connection throws(MachineError) in
            for statement in statements { try connection.execute(statement) }
            try body(connection)
        }
        update { $0.changes.append("createDatabase \(path.text)") }
    }

    public func changeDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try check("changeDatabase", path.text)
        return try await transact(path, body)
    }

    private func transact<Value: Sendable>(
        _ path: ResourcePath, _ body: @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        let before = node(path.text)
        do throws(MachineError) {
            return try body(FakeConnection(machine: self, path: path.text, writable: true))
        } catch {
            update { $0.nodes[path.text] = before }
            throw error
        }
    }

    public func rewindDatabase<Value: Sendable>(
        _ path: ResourcePath, to copy: ResourcePath,
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try check("rewindDatabase", path.text)
        let value = try await transact(path, body)
        try changing("rewindDatabase", path.text) { $0.nodes[path.text] = $0.nodes[copy.text] }
        return value
    }

    public func placeDatabase(_ path: ResourcePath, copying backup: ResourcePath) async throws(MachineError) {
        try changing("placeDatabase", path.text) { $0.nodes[path.text] = $0.nodes[backup.text] }
    }

    public func setAsideDatabase(
        _ path: ResourcePath, to place: ResourcePath,
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError) {
        try body(FakeConnection(machine: self, path: path.text, writable: false))
        try changing("setAsideDatabase", path.text) { state in
            state.nodes[place.text] = state.nodes[path.text]
            state.nodes[path.text] = nil
        }
    }

    public func recoverJournal(of path: ResourcePath) async throws(MachineError) {
        try changing("recoverJournal", path.text) { _ in }
    }

    public func setJournalMode(
        of path: ResourcePath, to mode: JournalMode, expecting previous: JournalMode
    ) async throws(MachineError) {
        try changing("setJournalMode \(mode.rawValue)", path.text) { _ in }
    }

    public func restoreDatabase(
        _ path: ResourcePath, from backup: ResourcePath
    ) async throws(MachineError) -> ReplacedDatabase {
        let copy = node(backup.text)
        try changing("restoreDatabase", path.text) { $0.nodes[path.text] = copy }
        return ReplacedDatabase(kept: path.sibling(named: path.name + ".damaged"))
    }

    public func salvageDatabase(_ path: ResourcePath) async throws(MachineError) -> ReplacedDatabase {
        try changing("salvageDatabase", path.text) { _ in }
        return ReplacedDatabase(kept: path.sibling(named: path.name + ".damaged"))
    }

    public func finishReplacement(of path: ResourcePath) async throws(MachineError) -> ReplacedDatabase {
        try changing("finishReplacement", path.text) { _ in }
        return ReplacedDatabase(kept: path.sibling(named: path.name + ".damaged"))
    }
}

/// A temporary file, for tests.
public final class FileInMemory: TemporaryFile {
    private let bytes = Mutex<[UInt8]>([])

    public init() {}

    public var size: Int64 { bytes.withLock { Int64($0.count) } }
    public func append(_ more: [UInt8]) throws(MachineError) { bytes.withLock { $0 += more } }
    public func read(at offset: Int64, count: Int) throws(MachineError) -> [UInt8] {
        bytes.withLock { Array($0.dropFirst(Int(offset)).prefix(count)) }
    }
}

/// A database whose contents are the statements that were run on it, a line each: enough for the engine's side of a transaction.
struct FakeConnection: ChangingConnection {
    let machine: FakeMachine
    let path: String
    let writable: Bool

    private var lines: [String] {
        guard case .file(let bytes, _) = machine.node(path) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    func execute(_ sql: String) throws(MachineError) {
        let savepoint = path + "#savepoint"
        switch sql {
        case "SAVEPOINT selfheal": return machine.update { $0.nodes[savepoint] = $0.nodes[path] }
        case "ROLLBACK TO selfheal": return machine.update { $0.nodes[path] = $0.nodes[savepoint] }
        case "RELEASE selfheal": return machine.update { $0.nodes[savepoint] = nil }
        default: break
        }
        if sql.hasPrefix("FAIL") {
            throw .database(subject: path, .sql(code: 1, message: "the statement was refused", offset: nil))
        }
        if sql.hasPrefix("FULL") { throw .database(subject: path, .diskFull) }
        let text = (lines + (sql.hasPrefix("NOTHING") ? [] : [sql])).joined(separator: "\n")
        machine.update { state in
            state.nodes[path] = .file(Array(text.utf8), mode: .privateFile)
            state.changes.append("execute \(sql)")
        }
    }

    /// The lines, or for `count` how many they are.
    func rows(_ sql: String, _ arguments: [SQLValue]) throws(MachineError) -> [[SQLValue]] {
        sql == "count" ? [[.integer(Int64(lines.count))]] : lines.map { [.text($0)] }
    }

    func compile(_ sql: String) throws(MachineError) {}
    func requireSoundness() throws(MachineError) {}

    func backUp(to copy: ResourcePath) throws(MachineError) -> Int64 {
        guard case .file(let bytes, _) = machine.node(path) else { throw .database(subject: path, .missing) }
        try machine.createFile(copy, contents: bytes, mode: .privateFile)
        return Int64(bytes.count)
    }
}
