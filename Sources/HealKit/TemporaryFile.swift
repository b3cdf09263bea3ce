import HealModel

/// A file without a name: what is too much for memory. The system forgets it with the process, however that ends.
public protocol TemporaryFile: AnyObject, Sendable {
    /// How many bytes it holds.
    var size: Int64 { get }
    /// Adds bytes at its end.
    func append(_ bytes: [UInt8]) throws(MachineError)
    /// At most `count` bytes from `offset` on; none at the end.
    func read(at offset: Int64, count: Int) throws(MachineError) -> [UInt8]
}

extension Machine {
    /// - Throws: `.refused(.readOnlyRun)` where there are none.
    public func temporaryFile() throws(MachineError) -> any TemporaryFile {
        throw .refused(subject: "a temporary file", .readOnlyRun)
    }

    /// Runs a command whose output may be large.
    public func run(
        _ command: CommandRequest, output: any TemporaryFile
    ) async throws(MachineError) -> CommandAnswer {
        var answer = try await run(command)
        try output.append(answer.standardOutput)
        answer.standardOutput = []
        return answer
    }
}

extension ChangingMachine {
    public func changeDatabase<Value: Sendable>(
        _ path: ResourcePath, timeLimit: Duration?,
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try await changeDatabase(path, body)
    }
}

extension ChangingConnection {
    public func queryColumns(_ sql: String) throws(MachineError) -> [String]? { nil }

    public func execute(_ sql: String, named values: [String: SQLValue]) throws(MachineError) -> Int {
        try execute(sql)
        return 0
    }
}
