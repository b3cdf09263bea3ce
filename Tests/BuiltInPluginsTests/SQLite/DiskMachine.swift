import Foundation
import HealKit
import HealModel
import Synchronization

/// The looking half of a machine over a temporary directory, with SQLite itself; what a test wants to go wrong, goes
/// wrong.
final class DiskMachine: Machine {
    struct Trouble: Sendable {
        /// What opening a database throws, by path.
        var databases: [String: MachineError.DatabaseFault] = [:]
        var unreadable: Set<String> = []
        var unwritable: Set<String> = []
        var kinds: [String: FileStatus.Kind] = [:]
        var scratch: MachineError?
    }

    let root: String
    private let trouble = Mutex(Trouble())
    private let openings = Mutex(0)
    private let memory = Mutex<[String: String]>([:])
    let environment: [String: String] = [:]
    let now: Int64 = 0

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "selfheal-sqlite-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func make(_ body: (inout Trouble) -> Void) { trouble.withLock { body(&$0) } }
    private var current: Trouble { trouble.withLock { $0 } }
    /// How many databases in memory were opened.
    var scratchCount: Int { openings.withLock { $0 } }

    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }

    func write(_ path: String, _ bytes: [UInt8]) throws {
        let url = URL(filePath: absolute(path))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func write(_ path: String, _ text: String) throws { try write(path, Array(text.utf8)) }

    /// Runs SQL on a database, which is made if need be.
    func sql(_ path: String, _ statements: String...) throws {
        let url = URL(filePath: absolute(path))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let connection = try TestConnection(url.path())
        for statement in statements { try connection.execute(statement) }
    }

    func rows(_ path: String, _ sql: String) throws -> [[SQLValue]] { try TestConnection(absolute(path)).rows(sql) }

    // MARK: Machine

    func status(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: absolute(path.text)) else {
            return nil
        }
        let type = attributes[.type] as? FileAttributeType
        let kind: FileStatus.Kind =
            type == .typeDirectory ? .directory : type == .typeSymbolicLink ? .symbolicLink : .regular
        let size = (attributes[.size] as? NSNumber)?.int64Value ?? 0
        let links = (attributes[.referenceCount] as? NSNumber)?.uint64Value ?? 1
        return FileStatus(kind: current.kinds[path.text] ?? kind, mode: .privateFile, size: size, links: links)
    }

    func target(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        guard let status = try status(of: path), status.kind == .symbolicLink else { return try status(of: path) }
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: absolute(path.text)),
            let resolved = try? ResourcePath(target)
        else { throw .refused(subject: path.text, .leavesRoot) }
        return try self.status(of: resolved)
    }

    func permits(_ access: FileAccess, to path: ResourcePath) throws(MachineError) -> Bool {
        !(access == .read ? current.unreadable : current.unwritable).contains(path.text)
    }

    func contents(of path: ResourcePath, limit: Int) throws(MachineError) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: absolute(path.text)) else {
            throw .system(operation: "open", subject: path.text, errno: 13, meaning: "Permission denied")
        }
        guard data.count <= limit else { throw .refused(subject: path.text, .tooLarge(limit: limit)) }
        return Array(data)
    }

    func listing(of path: ResourcePath?) throws(MachineError) -> DirectoryListing {
        if let path, current.unreadable.contains(path.text) {
            throw .system(operation: "openat", subject: path.text, errno: 13, meaning: "Permission denied")
        }
        let names = try? FileManager.default.contentsOfDirectory(atPath: path.map { absolute($0.text) } ?? root)
        return DirectoryListing(names: (names ?? []).sorted())
    }

    func executable(named name: String) throws(MachineError) -> (path: String, status: FileStatus)? { nil }
    func run(_ command: CommandRequest) async throws(MachineError) -> CommandAnswer { throw .cancelled }
    func remembered(_ key: String) -> String? { memory.withLock { $0[key] } }
    func remember(_ key: String, _ value: String) { memory.withLock { $0[key] = value } }

    func readDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        if let fault = current.databases[path.text] { throw .database(subject: path.text, fault) }
        return try body(try TestConnection(absolute(path.text)))
    }

    func scratchDatabase<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        if let error = current.scratch { throw error }
        openings.withLock { $0 += 1 }
        return try body(try TestConnection())
    }

    /// What the engine does with repairs, as far as these tests need it.
    func perform(_ findings: [Finding]) throws {
        var done: [Repair] = []
        for repair in findings.compactMap(\.repair) where !done.contains(repair) {
            done.append(repair)
            try perform(repair.steps)
        }
    }

    private func perform(_ steps: [Step]) throws {
        for step in steps {
            switch step {
            case .createDirectory(let path, _):
                try FileManager.default.createDirectory(atPath: absolute(path.text), withIntermediateDirectories: true)
            case .createDatabase(let path, let pragmas, let statements):
                let connection = try TestConnection(absolute(path.text))
                for sql in pragmas + ["BEGIN IMMEDIATE"] + statements + ["COMMIT"] { try connection.execute(sql) }
            case .executeSQL(let path, let statements), .rewriteDatabase(let path, let statements, _):
                let connection = try TestConnection(absolute(path.text))
                for sql in ["BEGIN IMMEDIATE"] + statements + ["COMMIT"] { try connection.execute(sql) }
            default: continue
            }
        }
    }
}
