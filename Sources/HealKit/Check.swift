import HealModel
import ManifestShape

/// What can be found, described once: for `selfheal explain`, the documentation, and the defaults of a finding.
public struct FindingKind: Sendable, Hashable {
    public var id: FindingID
    public var severity: Severity
    /// The risk of its repair; `nil` when only a person can heal it.
    public var risk: Risk?
    /// What it means for the application, one or two sentences.
    public var meaning: String
    /// How it is healed, or what a person has to do.
    public var healing: String
    /// Whether checks on things that lie in or behind the subject cannot be looked at until this is mended.
    public var blocks: Bool

    public init(
        _ id: FindingID, _ severity: Severity, risk: Risk?, meaning: String, healing: String, blocks: Bool = false
    ) {
        self.id = id
        self.severity = severity
        self.risk = risk
        self.meaning = meaning
        self.healing = healing
        self.blocks = blocks
    }
}

/// What a type of check is called and what it can find.
public struct CheckDescriptor: Sendable {
    /// `directories`, `sqlite`: also the beginning of its findings' identifiers.
    public var id: String
    /// As in `Checking …`: `database schemas`.
    public var title: String
    public var domain: Domain
    public var kinds: [FindingKind]

    public init(id: String, title: String, domain: Domain, kinds: [FindingKind]) {
        self.id = id
        self.title = title
        self.domain = domain
        self.kinds = kinds
    }

    public func kind(_ id: FindingID) -> FindingKind? { kinds.first { $0.id == id } }
}

/// What one look gave.
public struct Observation: Sendable, Hashable {
    public var findings: [Finding]
    /// What holds, in words.
    public var confirmations: [String]
    /// Why there was nothing to look with; the check then neither holds nor fails.
    public var skipped: String?
    /// Numbers that were measured on the way.
    public var measurements: [Measurement]
    /// What a plugin said beside its answer, line by line, for who asks for everything.
    public var log: [String]
    /// Findings that may be gone by themselves in a while: a server that is still starting.
    public var awaited: Set<Finding.Key>

    public init(
        findings: [Finding] = [], confirmations: [String] = [], skipped: String? = nil,
        measurements: [Measurement] = [], log: [String] = [], awaited: Set<Finding.Key> = []
    ) {
        self.findings = findings
        self.confirmations = confirmations
        self.skipped = skipped
        self.measurements = measurements
        self.log = log
        self.awaited = awaited
    }
}

/// Looks at one resource, changes nothing, and says what is not as the manifest says.
public protocol Check: Sendable {
    static var descriptor: CheckDescriptor { get }
    /// The type's descriptor, but for checks that are described by data.
    var descriptor: CheckDescriptor { get }
    /// The resource as people name it; unique among the checks with the same descriptor.
    var subject: String { get }
    /// The paths whose checks come before this one. A path is provided by the check that names it in `provides`.
    var requires: [ResourcePath] { get }
    /// The identifiers of descriptors whose checks come before this one.
    var after: [String] { get }
    /// The paths that other checks may require. No two checks provide the same one.
    var provides: [ResourcePath] { get }
    /// Modes that the manifest states for directories. Whoever has to make one, for a database perhaps, gives it that mode.
    var statedModes: [ResourcePath: FileMode] { get }
    /// The pattern in the manifest that asks for this check and others like it; `nil` when it is asked for by itself.
    var pattern: String? { get }
    /// Where the manifest asks for this check.
    var declaredAt: SourceLocation? { get }
    /// - Throws: `MachineError` when it could not look; the result is then `unknown`.
    func look(on machine: any Machine) async throws(MachineError) -> Observation
}

extension Check {
    public var descriptor: CheckDescriptor { Self.descriptor }
    public var requires: [ResourcePath] { [] }
    public var after: [String] { [] }
    public var provides: [ResourcePath] { [] }
    public var statedModes: [ResourcePath: FileMode] { [:] }
    public var pattern: String? { nil }
    public var declaredAt: SourceLocation? { nil }
}

/// A check on a database. The engine plans its changes again inside the transaction that makes them, so that what another
/// process did in between is seen.
public protocol DatabaseCheck: Check {
    var database: ResourcePath { get }
    /// What a look finds through an open connection. Synchronous: it runs inside a transaction.
    func observe(_ connection: any SQLConnection) throws(MachineError) -> Observation
}

/// A check whose findings are healed by somebody else's program.
public protocol DelegatingCheck: Check {
    /// Has the findings healed. They are healed only when the check, run again, no longer finds them.
    /// - Returns: what was done, in words.
    /// - Throws: `.malfunction` when the program says that it could not, or does not answer.
    func heal(_ findings: [Finding.Key], on machine: any ChangingMachine) async throws(MachineError) -> String?
    /// What healing the findings would do, as the program says; it changes nothing.
    func rehearse(_ findings: [Finding.Key], on machine: any Machine) async throws(MachineError) -> String?
}

/// A delegating check that is healed together with others: who heals them knows in which order, and what at the same time.
public protocol JointCheck: DelegatingCheck {
    /// Checks that have the same one are healed in one go.
    var healer: any JointHealer { get }
}

extension JointCheck {
    public func heal(_ findings: [Finding.Key], on machine: any ChangingMachine) async throws(MachineError) -> String? {
        let outcomes = await healer.heal([subject], on: machine) { _ in }
        return try JointOutcome.of(subject, among: outcomes).told.get()
    }
}

/// Heals what several checks have found.
public protocol JointHealer: AnyObject, Sendable {
    /// Has the findings of these checks healed, as `DelegatingCheck.heal` does for one of them.
    /// - Parameters:
    ///   - subjects: those of the checks.
    ///   - note: told of each when it has come to its end, in any order and from several threads.
    /// - Returns: what became of each.
    func heal(
        _ subjects: [String], on machine: any ChangingMachine, note: @escaping @Sendable (String) -> Void
    ) async -> [String: JointOutcome]
}

/// What became of the findings of one check that was healed together with others.
public struct JointOutcome: Sendable {
    /// What was done, in words, or why it could not be done.
    public var told: Result<String?, MachineError>
    public var took: Duration

    public init(_ told: Result<String?, MachineError>, took: Duration = .zero) {
        self.told = told
        self.took = took
    }

    /// The outcome of one check; that nobody speaks of it is a failure.
    public static func of(_ subject: String, among outcomes: [String: JointOutcome]) -> JointOutcome {
        outcomes[subject] ?? JointOutcome(.failure(.malfunction(subject: subject, reason: "nothing was done about it")))
    }
}

/// What a plugin may use while it turns its part of the manifest into checks: nothing of the application's state.
public struct PluginContext: Sendable {
    public var machine: any Machine
    /// The root's folder as the user named it, `.` unless they did.
    public var rootName: String

    public init(machine: any Machine, rootName: String = ".") {
        self.machine = machine
        self.rootName = rootName
    }

    /// A file below the root, named from where the user is, as the manifest is named: so that places in it can be followed.
    public func name(of path: ResourcePath) -> String {
        path.isAbsolute || rootName == "." ? path.text : rootName + "/" + path.text
    }
}

/// A named group of checks for one kind of resource, with the part of the manifest that configures it.
public protocol Plugin: Sendable {
    associatedtype Settings: Sendable
    /// Its key at the top of the manifest.
    static var key: String { get }
    /// What stands under that key.
    static var shape: Shape<Settings> { get }
    static var checks: [CheckDescriptor] { get }
    /// Turns settings into checks. Faults that only show here (SQL that does not parse) are added to `problems` with their
    /// place in the manifest; nothing of the application has been looked at yet.
    static func makeChecks(
        _ settings: Settings, context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check]
}

extension Plugin {
    /// How its section is described in the manifest's JSON Schema.
    public static var sectionSchema: JSONSchema { shape.schema }

    /// The checks that a section of the manifest asks for; none, with problems added, when the section is wrong.
    public static func makeChecks(
        from section: ManifestNode, context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check] {
        guard let settings = shape.decode(section, &problems) else { return [] }
        return await makeChecks(settings, context: context, problems: &problems)
    }
}
