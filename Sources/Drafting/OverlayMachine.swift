import HealKit
import HealModel

/// A machine on which some files stand that are yet to be written.
public struct OverlayMachine: Machine {
    private let base: any Machine
    private let files: [ResourcePath: [UInt8]]

    public init(_ base: any Machine, files: [ResourcePath: String]) {
        self.base = base
        self.files = files.mapValues { Array($0.utf8) }
    }

    public var environment: [String: String] { base.environment }
    public var now: Int64 { base.now }

    private func status(ofFile path: ResourcePath) -> FileStatus? {
        files[path].map { FileStatus(kind: .regular, mode: .privateFile, size: Int64($0.count)) }
    }

    public func status(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        if let status = status(ofFile: path) { return status }
        return try base.status(of: path)
    }

    public func target(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        if let status = status(ofFile: path) { return status }
        return try base.target(of: path)
    }

    public func permits(_ access: FileAccess, to path: ResourcePath) throws(MachineError) -> Bool {
        files[path] != nil ? access != .execute : try base.permits(access, to: path)
    }

    public func access(to path: ResourcePath) throws(MachineError) -> (target: FileStatus, isFull: Bool)? {
        if let status = status(ofFile: path) { return (status, true) }
        return try base.access(to: path)
    }

    public func contents(of path: ResourcePath, limit: Int) throws(MachineError) -> [UInt8] {
        guard let bytes = files[path] else { return try base.contents(of: path, limit: limit) }
        guard bytes.count <= limit else { throw .refused(subject: path.text, .tooLarge(limit: limit)) }
        return bytes
    }

    public func beginning(of path: ResourcePath, count: Int) throws(MachineError) -> [UInt8] {
        if let bytes = files[path] { return Array(bytes.prefix(count)) }
        return try base.beginning(of: path, count: count)
    }

    public func listing(of path: ResourcePath?) throws(MachineError) -> DirectoryListing { try base.listing(of: path) }

    public func executable(named name: String) throws(MachineError) -> (path: String, status: FileStatus)? {
        try base.executable(named: name)
    }

    public func run(_ command: CommandRequest) async throws(MachineError) -> CommandAnswer {
        try await base.run(command)
    }

    // What is tried out here is nobody's answer.
    public func remembered(_ key: String) -> String? { nil }
    public func remember(_ key: String, _ value: String) {}

    public func readDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try await base.readDatabase(path, body)
    }

    public func abandonedLog(of path: ResourcePath) throws(MachineError) -> Int64? { try base.abandonedLog(of: path) }

    public func scratchDatabase<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try await base.scratchDatabase(body)
    }
}
