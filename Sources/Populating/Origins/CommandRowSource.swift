import Datasets
import HealKit
import HealModel

/// A program that reads the units' rows as JSON lines and answers rows as JSON lines.
public struct CommandRowSource: RowSource {
    private let command: CommandSource

    public init(_ command: CommandSource) { self.command = command }

    public var origin: String { command.arguments.first ?? "" }

    public func rows(
        for batch: UnitBatch, to sink: any RowSink, in context: SourceContext
    ) async throws(SourceFailure) {
        var input: [UInt8] = []
        for unit in batch.units {
            input += unit.jsonLine.utf8
            input.append(UInt8(ascii: "\n"))
        }
        try await Program(
            name: origin, arguments: Array(command.arguments.dropFirst()), variables: command.environment, input: input
        ).rows(to: sink, in: context)
    }

    /// A program that is run once and answers rows as JSON lines.
    public struct Program: Sendable {
        public var name: String
        public var arguments: [String]
        /// The names of variables that it is given beside those that every program is given.
        public var variables: [String]
        public var input: [UInt8]
        /// How far it is kept from writing.
        public var supervision: Supervision

        public init(
            name: String, arguments: [String], variables: [String], input: [UInt8],
            supervision: Supervision = Supervision(isConfined: false)
        ) {
            self.supervision = supervision
            self.name = name
            self.arguments = arguments
            self.variables = variables
            self.input = input
        }

        /// Its output is read only after it has ended, and ended well.
        public func rows(to sink: any RowSink, in context: SourceContext) async throws(SourceFailure) {
            let output: any TemporaryFile
            let answer: CommandAnswer
            do throws(MachineError) {
                let found = try context.machine.program(named: name)
                output = try context.machine.temporaryFile()
                var environment: [String: String] = [:]
                for variable in ["PATH", "HOME", "LANG", "TMPDIR"] + variables {
                    environment[variable] = context.machine.environment[variable]
                }
                answer = try await context.machine.run(
                    CommandRequest(
                        executable: found, arguments: arguments, environment: environment,
                        timeout: context.timeout, input: input, supervision: supervision),
                    output: output)
            } catch .cancelled {
                throw .stopped
            } catch {
                throw SourceFailure(error)
            }
            if answer.leftProcesses {
                throw SourceFailure(.unknown, "it left processes running when it ended; they were ended too")
            }
            guard answer.status == 0 else {
                throw SourceFailure(exitCode: answer.status, detail: Self.lastLine(answer.standardError))
            }
            try JSONLines(file: output).read { row throws(SourceFailure) in try sink.take(row) }
        }

        /// What it said last on standard error, in one line of reasonable length.
        private static func lastLine(_ bytes: [UInt8]) -> String? {
            let text = String(decoding: bytes, as: UTF8.self)
            let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
            return lines.last.map { String($0.prefix(300)) }
        }
    }
}
