import HealModel

/// What has to be populated, in order: only what is missing or stale, and what becomes stale by that.
public struct PopulationPlan: Sendable, Hashable {
    /// Parents before children.
    public var datasets: [PlannedDataset]
    /// What is not as it should be and cannot be populated now.
    public var blocked: [BlockedDataset]

    public init(datasets: [PlannedDataset], blocked: [BlockedDataset]) {
        self.datasets = datasets
        self.blocked = blocked
    }

    /// Nothing is to be done.
    public var isEmpty: Bool { datasets.isEmpty }

    /// The datasets by group: those of one can be populated at the same time, after all earlier ones.
    public var groups: [[PlannedDataset]] {
        var groups: [[PlannedDataset]] = []
        for dataset in datasets {
            while groups.count <= dataset.group { groups.append([]) }
            groups[dataset.group].append(dataset)
        }
        return groups
    }

    public var resources: PlanResources { PlanResources(datasets.map(\.dataset)) }

    /// How long it takes at least, as far as earlier runs tell: each group as long as its longest, and all together as long as
    /// `jobs` at once need.
    public func estimate(jobs: Int) -> PlanEstimate {
        let times = groups.map { $0.compactMap(\.estimate) }
        let longest = times.map { $0.max() ?? .zero }.reduce(.zero, +)
        let shared = times.joined().reduce(.zero, +) / max(1, jobs)
        let unknown = datasets.filter { $0.estimate == nil && !$0.isConditional }.map(\.name)
        return PlanEstimate(atLeast: max(longest, shared), unknown: unknown)
    }
}

/// A dataset that is to be populated.
public struct PlannedDataset: Sendable, Hashable {
    /// Why it is populated.
    public enum Reason: Sendable, Hashable {
        /// It is in this state.
        case state(DatasetState)
        /// This parent is populated before it, and it was made from that as a whole.
        case parent(String)
        /// This parent is populated before it, and gets new rows perhaps: units of this one, or what makes it stale. Otherwise there
        /// is nothing to do.
        case newRows(String)
        /// Somebody asks for it although nothing is wrong.
        case force
    }

    public var dataset: Dataset
    public var reason: Reason
    /// `DatasetStatus.reason`: in words.
    public var explanation: String?
    /// Counted from 0.
    public var group: Int
    /// How many units are to be done, as far as is known; `nil` for a dataset that is made as a whole.
    public var units: Int?
    /// How long it takes by itself; `nil` when no earlier run tells.
    public var estimate: Duration?

    public init(
        dataset: Dataset, reason: Reason, explanation: String? = nil, group: Int, units: Int? = nil,
        estimate: Duration? = nil
    ) {
        self.dataset = dataset
        self.reason = reason
        self.explanation = explanation
        self.group = group
        self.units = units
        self.estimate = estimate
    }

    public var name: String { dataset.name }
    /// Whether perhaps nothing is to be done: that shows when its parents are populated.
    public var isConditional: Bool { if case .newRows = reason { true } else { false } }
}

/// A dataset that is not as it should be, and why it is not populated.
public struct BlockedDataset: Sendable, Hashable {
    public var name: String
    public var reason: String
    /// The dataset that has to be mended first; `nil` when it is this one.
    public var cause: String?
    /// `nil` when it is of no class in particular.
    public var kind: FailureClass?

    public init(name: String, reason: String, cause: String? = nil, kind: FailureClass? = nil) {
        self.kind = kind
        self.name = name
        self.reason = reason
        self.cause = cause
    }
}

/// How long a plan takes.
public struct PlanEstimate: Sendable, Hashable {
    /// Of what is known.
    public var atLeast: Duration
    /// The datasets of which no earlier run tells.
    public var unknown: [String]

    public init(atLeast: Duration, unknown: [String]) {
        self.atLeast = atLeast
        self.unknown = unknown
    }

    /// `nil` when it is not known of all.
    public var duration: Duration? { unknown.isEmpty ? atLeast : nil }
}

/// What a plan needs.
public struct PlanResources: Sendable, Hashable {
    public struct Pool: Sendable, Hashable {
        public var name: String
        public var limit: Int

        public init(name: String, limit: Int) {
            self.name = name
            self.limit = limit
        }
    }

    /// Sorted by name, each with the lowest limit that one of its datasets states.
    public let pools: [Pool]
    /// Programs, as the manifest names them.
    public let commands: [String]
    public let plugins: [String]
    /// Hosts of servers, with their ports where they are stated.
    public let hosts: [String]
    public let databases: [String]
    /// The names of environment variables that are needed.
    public let variables: [String]

    public init(_ datasets: [Dataset]) {
        var pools: [String: Int] = [:]
        var (commands, plugins, hosts): (Set<String>, Set<String>, Set<String>) = ([], [], [])
        var variables: Set<String> = []
        for dataset in datasets {
            guard let populate = dataset.populate else { continue }
            if let pool = populate.concurrency.pool {
                pools[pool] = min(pools[pool] ?? .max, populate.concurrency.limit)
            }
            switch populate.source {
            case .sql: break
            case .command(let command):
                commands.formUnion(command.arguments.prefix(1))
                variables.formUnion(command.environment)
            case .plugin(let name): plugins.insert(name)
            case .http(let source):
                hosts.formUnion([Self.host(of: source.url)].compactMap { $0 })
                variables.formUnion([source.tokenVariable].compactMap { $0 })
            case .llm(let source):
                hosts.formUnion([Self.host(of: source.baseURL)].compactMap { $0 })
                variables.formUnion([source.keyVariable].compactMap { $0 })
            }
        }
        self.pools = pools.map { Pool(name: $0.key, limit: $0.value) }.sorted { $0.name < $1.name }
        self.commands = commands.sorted()
        self.plugins = plugins.sorted()
        self.hosts = hosts.sorted()
        self.variables = variables.sorted()
        databases = Set(datasets.map(\.relation.database.text)).sorted()
    }

    /// Between the scheme and the path, without what could be a password.
    private static func host(of url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        return host.isEmpty ? nil : host.lowercased()
    }
}
