import Datasets

extension PopulationEvent {
    /// As one line of JSON, without its end. Members are added in later versions, and none is taken away.
    public var jsonLine: String { JSONContent.object(members).text }

    private var members: [JSONContent.Member] {
        switch self {
        case .begins(_, let total): head("begins") + [.init("total", .number(total))]
        case .advances(_, let progress): head("advances") + progress.members
        case .retries(_, let attempt, let most, let units, let failure, let delay):
            head("retries") + [
                .init("attempt", .number(attempt)), .init("max_attempts", .number(most)),
                .init("units", .number(units)),
            ] + failure.members + [.init("after_seconds", .seconds(delay))]
        case .halves(_, let units, let failure): head("halves") + [.init("units", .number(units))] + failure.members
        case .slows(_, let concurrency, let failure):
            head("slows") + [.init("concurrency", .number(concurrency))] + failure.members
        case .needs(_, let parent): head("needs") + [.init("parent", .text(parent))]
        case .opens(_, let origin, let failures, let failure, let pause):
            head("opens") + [.init("origin", .text(origin)), .init("failures", .number(failures))] + failure.members
                + [.init("after_seconds", pause.map { .seconds($0) } ?? .null)]
        case .closes(_, let origin): head("closes") + [.init("origin", .text(origin))]
        case .ends(let outcome):
            head("ends") + [.init("result", .text(outcome.result.rawValue))] + outcome.progress.members
                + (outcome.failure?.members ?? []) + [.init("tried", .array(outcome.tried.map { .text($0) }))]
        }
    }

    private func head(_ event: String) -> [JSONContent.Member] {
        [.init("event", .text(event)), .init("dataset", .text(dataset))]
    }
}

extension Progress {
    fileprivate var members: [JSONContent.Member] {
        [
            .init("finished", .number(finished)), .init("total", .number(total)), .init("rows", .number(rows)),
            .init("failed", .number(failedUnits)), .init("quarantined", .number(quarantinedRows)),
            .init("elapsed_seconds", .seconds(elapsed)),
        ]
    }
}

extension SourceFailure {
    fileprivate var members: [JSONContent.Member] {
        [.init("class", .text(kind.rawValue)), .init("message", .text(message))]
    }
}

extension JSONContent {
    fileprivate static func number(_ number: Int?) -> JSONContent { number.map { .integer(Int64($0)) } ?? .null }
    fileprivate static func seconds(_ duration: Duration) -> JSONContent {
        .real((duration / .milliseconds(1)).rounded() / 1000)
    }
}
