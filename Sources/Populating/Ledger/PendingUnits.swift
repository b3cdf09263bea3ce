import Datasets
import HealKit
import HealModel

/// Pending units, page by page: those that were never tried, in the order of their keys, and then those that failed in earlier runs, by
/// the moment that they are due at. So each run gets somewhere, whatever fails for ever.
struct PendingUnits: Sendable {
    /// How far it is.
    enum Position: Sendable {
        case untried(after: SQLValue?)
        case failed(after: Moment)
        case end

        /// Where nothing was looked at yet.
        static let start = Position.untried(after: nil)
    }

    /// The place of a unit that has failed.
    struct Moment: Sendable {
        var nextAttempt: Int64 = -1
        var unit = SQLValue.null
    }

    let finder: UnitFinder
    let layout: UnitFinder.Layout
    /// What failed in this run is changed after that, and not tried again by it; `nil`: nothing has failed before.
    let lastFailure: Int64?

    init(_ finder: UnitFinder, _ layout: UnitFinder.Layout) async throws(SourceFailure) {
        self.finder = finder
        self.layout = layout
        lastFailure = try await finder.machine.reading(finder.dataset.relation.database) {
            [place = finder.place] connection throws(MachineError) in
            guard try WorkLedger(place.ledger, reading: connection).exists() else { return nil }
            return try connection.rows(
                "SELECT max(changed_at) FROM _selfheal_units WHERE dataset = ? AND class IS NOT NULL AND \(Self.failed)",
                [.text(place.ledger)]
            ).first?.first?.integer
        }
    }

    /// Units that were begun again by a run that was killed, and those that somebody wants to be tried again, are pending.
    private static let failed = "state IN ('failed', 'pending', 'running')"

    /// The next ones; none at the end only.
    func page(after position: Position, limit: Int) async throws(SourceFailure) -> ([UnitFinder.Found], Position) {
        var position = position
        while true {
            let found: [UnitFinder.Found]
            switch position {
            case .untried(let key):
                let page = try await finder.pending(after: key, limit: limit, layout)
                found = page.units
                position = page.last.map { .untried(after: $0) } ?? .failed(after: Moment())
            case .failed(let moment):
                let (units, last) = try await failed(after: moment, limit: limit)
                found = units
                position = last.map { .failed(after: $0) } ?? .end
            case .end: return ([], .end)
            }
            if !found.isEmpty { return (found, position) }
        }
    }

    private func failed(
        after moment: Moment, limit: Int
    ) async throws(SourceFailure) -> ([UnitFinder.Found], Moment?) {
        guard let lastFailure else { return ([], nil) }
        let rows = try await finder.machine.reading(finder.dataset.relation.database) {
            [finder] connection throws(MachineError) in
            try connection.rows(
                """
                SELECT unit, coalesce(next_attempt, 0), version FROM _selfheal_units
                WHERE dataset = ? AND class IS NOT NULL AND \(Self.failed) AND changed_at <= ?
                  AND coalesce(next_attempt, 0) <= ? AND (coalesce(next_attempt, 0), unit) > (?, ?)
                ORDER BY 2, 1 LIMIT ?
                """,
                [
                    .text(finder.place.ledger), .integer(lastFailure),
                    .integer(finder.waitsForNextAttempt ? finder.machine.now : .max), .integer(moment.nextAttempt),
                    moment.unit, .integer(Int64(limit)),
                ])
        }
        guard let last = rows.last else { return ([], nil) }
        let units = try await finder.machine.reading(finder.parent.database) {
            [layout] connection throws(MachineError) in
            let key = layout.key.quotedName
            let query =
                """
                SELECT \(layout.version?.quotedName ?? "NULL") FROM main.\(layout.table.quotedName)
                WHERE \(key) = ?1 AND \(key) COLLATE BINARY = ?1 LIMIT 1
                """
            var units: [UnitFinder.Found] = []
            for row in rows {
                // One that is gone is no unit any more; another version of it counts as never tried.
                guard let there = try connection.rows(query, [row[0]]).first else { continue }
                let found = UnitFinder.Found(key: row[0], version: layout.version == nil ? nil : there[0])
                if !found.isOther(than: row[2]) { units.append(found) }
            }
            return units
        }
        return (units, Moment(nextAttempt: last[1].integer ?? 0, unit: last[0]))
    }
}
