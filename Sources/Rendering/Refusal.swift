import HealModel

/// Why a run looked at nothing and changed nothing: the command line or the manifest is wrong, or something failed at once.
public struct Refusal: Hashable, Sendable {
    /// One thing that is wrong, with its place where it has one.
    public struct Fault: Hashable, Sendable {
        public var message: String
        public var source: SourceLocation?

        public init(_ message: String, source: SourceLocation? = nil) {
            self.message = message
            self.source = source
        }

        /// `schemas.yaml:3:7: unknown key`.
        public var text: String { source.map { "\($0): \(message)" } ?? message }
    }

    public var tool: String
    public var toolVersion: String
    public var status: ExitStatus
    public var faults: [Fault]

    public init(tool: String, toolVersion: String, status: ExitStatus, faults: [Fault]) {
        self.tool = tool
        self.toolVersion = toolVersion
        self.status = status
        self.faults = faults
    }

    /// What it comes to, in words.
    var words: String {
        switch status {
        case .usage: "The command line is wrong: nothing was looked at, nothing was changed"
        case .configuration: "The manifest is wrong: nothing was looked at, nothing was changed"
        case .ok, .critical, .warnings: "The run could not begin: nothing was looked at, nothing was changed"
        }
    }
}
