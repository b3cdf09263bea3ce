import Datasets
import HealModel

/// The output of `selfheal data plan`.
public struct PopulationPlanRenderer: Sendable {
    /// The version of the JSON.
    public static let format = "selfheal-data-plan/1"

    public var style: TextStyle
    /// How many are populated at once.
    public var jobs: Int

    public init(style: TextStyle = .plain, jobs: Int = 4) {
        self.style = style
        self.jobs = jobs
    }

    /// - Parameter target: how the plan was chosen, if it is only a part of what could be done.
    public func text(_ plan: PopulationPlan, _ report: ReadinessReport, target: TargetPlan? = nil) -> String {
        var writer = TextWriter(style, tags: [])
        writer.heading(DatasetWording.readiness(report))
        let groups = plan.groups
        for (number, group) in groups.enumerated() {
            writer.heading(number == 0 ? "Group 1" : "Group \(number + 1), after group \(number)")
            for dataset in group { writer.item(.planned, Self.line(dataset)) }
        }
        if !plan.blocked.isEmpty {
            writer.heading("Not populated")
            for one in plan.blocked { writer.item(.withheld, "\(one.name): \(one.reason)") }
        }
        let needs = Self.needs(plan.resources)
        if !plan.isEmpty && !needs.isEmpty {
            writer.heading("Needs")
            for need in needs { writer.plain("  " + need) }
        }
        if let target, let words = Self.words(target) { writer.plain(words) }
        if plan.isEmpty {
            writer.plain("Nothing is to be populated")
        } else {
            let count = Wording.count(plan.datasets.count, "dataset")
            writer.plain(
                "\(count) in \(Wording.count(groups.count, "group")); \(Self.estimate(plan.estimate(jobs: jobs)))")
        }
        return writer.text
    }

    private static func line(_ planned: PlannedDataset) -> String {
        var parts: [String]
        switch planned.reason {
        case .state(let state): parts = [planned.explanation ?? state.rawValue]
        case .parent(let parent): parts = ["it is made of '\(parent)', which comes before it"]
        case .newRows(let parent): parts = ["only if '\(parent)' gets new rows"]
        case .force: parts = ["by force"]
        }
        if let units = planned.units { parts.append(Wording.count(units, "unit")) }
        if !planned.isConditional { parts.append(planned.estimate.map { "about \(time($0))" } ?? "duration unknown") }
        return "\(planned.name): \(parts.joined(separator: "; "))"
    }

    private static func needs(_ resources: PlanResources) -> [String] {
        let parts = [
            ("databases", resources.databases), ("commands", resources.commands), ("plugins", resources.plugins),
            ("hosts", resources.hosts), ("environment variables", resources.variables),
            ("pools", resources.pools.map { "\($0.name) (at most \($0.limit) at once)" }),
        ]
        return parts.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.joined(separator: ", "))" }
    }

    /// What is to be known of the choice.
    private static func words(_ target: TargetPlan) -> String? {
        let reached = target.readiness.map { "Readiness afterwards: \(Decimals.percent($0))" }
        switch target.quality {
        case .cheapest: return reached.map { $0 + "; no cheaper part of the plan reaches the target" }
        case .within(let factor):
            return reached.map {
                $0 + "; this costs at most \(Decimals.short(factor)) times what the cheapest part would"
            }
        case .unreachable: return (reached ?? "") + "; the target cannot be reached: see what is not populated"
        }
    }

    private static func estimate(_ estimate: PlanEstimate) -> String {
        if let duration = estimate.duration { return "about \(time(duration))" }
        let names = Wording.list(estimate.unknown)
        return estimate.atLeast == .zero
            ? "how long it takes is not known yet" : "\(time(estimate.atLeast)) or more: not known yet of \(names)"
    }

    private static func time(_ duration: Duration) -> String {
        Wording.duration(microseconds: duration.microseconds)
    }

    /// The same for programs.
    public func json(_ plan: PopulationPlan, _ report: ReadinessReport, target: TargetPlan? = nil) -> String {
        let resources = plan.resources
        let estimate = plan.estimate(jobs: jobs)
        return JSONValue.members(
            ("format", .string(Self.format)),
            ("readiness", .optional(report.readiness)),
            ("readiness_afterwards", .optional(target?.readiness)),
            ("target", target.map { .string($0.quality.word) } ?? .null),
            (
                "groups",
                .array(plan.groups.map { .array($0.map { JSONValue($0) }) })
            ),
            (
                "blocked",
                .array(
                    plan.blocked.map {
                        .members(
                            ("name", .string($0.name)), ("reason", .string($0.reason)), ("cause", .optional($0.cause)))
                    })
            ),
            ("estimated_microseconds", estimate.duration.map { .integer($0.microseconds) } ?? .null),
            ("estimated_microseconds_at_least", .integer(estimate.atLeast.microseconds)),
            ("duration_unknown_of", .strings(estimate.unknown)),
            (
                "resources",
                .members(
                    ("databases", .strings(resources.databases)), ("commands", .strings(resources.commands)),
                    ("plugins", .strings(resources.plugins)), ("hosts", .strings(resources.hosts)),
                    ("variables", .strings(resources.variables)),
                    (
                        "pools",
                        .array(
                            resources.pools.map { .members(("name", .string($0.name)), ("limit", .number($0.limit))) })
                    ))
            )
        ).text
    }
}

extension JSONValue {
    fileprivate init(_ planned: PlannedDataset) {
        let (reason, parent): (String, String?) =
            switch planned.reason {
            case .state(let state): (state.rawValue, nil)
            case .parent(let parent): ("parent", parent)
            case .newRows(let parent): ("new_rows", parent)
            case .force: ("force", nil)
            }
        self = .members(
            ("name", .string(planned.name)), ("reason", .string(reason)), ("parent", .optional(parent)),
            ("explanation", .optional(planned.explanation)),
            ("source", .optional(planned.dataset.populate?.source.kind)),
            ("units", planned.units.map { .number($0) } ?? .null),
            ("estimated_microseconds", planned.estimate.map { .integer($0.microseconds) } ?? .null))
    }
}

extension TargetPlan.Quality {
    fileprivate var word: String {
        switch self {
        case .cheapest: "cheapest"
        case .within(let factor): "within \(Decimals.short(factor))"
        case .unreachable: "unreachable"
        }
    }
}

extension Duration {
    /// Whole ones.
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
