import Datasets
import HealKit
import HealModel
import ManifestShape

/// The new table that a killed run has left behind: whether another run may go on with it.
///
/// Only units can be gone on with, and only where nothing has changed that their rows were made of or for: what makes them, the table, the
/// rows of parents that were populated here. A program is known by its command line alone.
struct HalfMadeTable: Sendable {
    /// The work on the new table.
    let work: DatasetWork

    private var place: WorkPlace { work.place }

    /// What the rows of a new table are made of and for; the ledger remembers it with the table.
    func signature(
        _ form: TableForm, parents: [String: Generation], _ connection: any SQLConnection
    ) throws(MachineError) -> [String: Generation] {
        let statements = try connection.rows(
            """
            SELECT sql FROM main.sqlite_schema WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL
            ORDER BY name
            """, [.text(form.name)])
        var signature = parents
        signature[Self.made] = Generation(Self.hash(work.population.recipe + statements.compactMap { $0[0].text }))
        return signature
    }

    /// No dataset's name begins with a point.
    private static let made = ".made"

    /// FNV-1a: it has to be the same in every process, and nobody gains by a collision.
    private static func hash(_ texts: [String]) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in texts {
            // No text holds the byte that stands between them.
            for byte in Array(text.utf8) + [0xFF] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return Int64(bitPattern: hash)
    }

    /// - Returns: how many units are done; `nil` when it has to be made anew.
    func finishedUnits(
        _ signature: [String: Generation], _ connection: any SQLConnection
    ) throws(MachineError) -> Int? {
        let ledger = WorkLedger(place.ledger, reading: connection)
        guard work.population.unit != nil, try ledger.isKnown(), try ledger.memory().parents == signature,
            try TableForm(place.table, on: connection) != nil
        else { return nil }
        let finished = try connection.rows(
            "SELECT count(*) FROM _selfheal_units WHERE dataset = ? AND state IN ('done', 'quarantined')",
            [.text(place.ledger)])
        return Int(finished.first?.first?.integer ?? 0)
    }

    /// Whether a unit that something is known of is not there any more: its rows would stay for ever.
    func hasLostUnits() async throws(SourceFailure) -> Bool {
        guard let unit = work.population.unit, let parent = work.parents.first(where: { $0.name == unit.parent }) else {
            return true
        }
        let finder = UnitFinder(
            dataset: work.dataset, place: place, unit: unit, parent: parent.relation, machine: work.tools.machine,
            waitsForNextAttempt: false)
        let layout = try await finder.layout()
        let query = "SELECT 1 FROM main.\(layout.table.quotedName) WHERE \(layout.key.quotedName) = ? LIMIT 1"
        var last: SQLValue?
        while true {
            let after = last
            let page = try await work.tools.machine.reading(work.dataset.relation.database) {
                connection throws(MachineError) in try units(after: after, connection)
            }
            guard let end = page.last else { return false }
            last = end
            let areThere = try await work.tools.machine.reading(parent.relation.database) {
                connection throws(MachineError) in
                for unit in page where try connection.rows(query, [unit]).isEmpty { return false }
                return true
            }
            if !areThere { return true }
        }
    }

    /// Why a new table is not all that was to be made, whichever run has made it: `nil` when it is. What was left out because the manifest
    /// says so is not missing.
    func misfits(_ connection: any SQLConnection) throws(MachineError) -> SourceFailure? {
        let units =
            try connection.rows(
                """
                SELECT count(*), min(message) FROM _selfheal_units WHERE dataset = ? AND state IN ('failed', 'quarantined')
                """, [.text(place.ledger)]
            ).first ?? []
        if let count = units.first?.integer, count > 0 {
            let verb = count == 1 ? "is" : "are"
            return SourceFailure(
                .constraint,
                "\(CountWords.units(Int(count))) \(verb) set aside" + (units.last?.text.map { ": \($0)" } ?? ""))
        }
        let rows =
            try connection.rows(
                """
                SELECT sum(count(*)) OVER (), count(*), message FROM _selfheal_quarantine WHERE dataset = ? GROUP BY message
                ORDER BY 2 DESC, 3 LIMIT 1
                """, [.text(place.ledger)]
            ).first ?? []
        guard rows.count == 3, let count = rows[0].integer, let most = rows[1].integer else { return nil }
        let verb = count == 1 ? "does" : "do"
        let share = most == count ? "" : " (\(CountWords.rows(Int(most))))"
        return SourceFailure(
            .constraint, "\(CountWords.rows(Int(count))) \(verb) not fit: \(rows[2].text ?? "")\(share)")
    }

    private func units(after last: SQLValue?, _ connection: any SQLConnection) throws(MachineError) -> [SQLValue] {
        guard try WorkLedger(place.ledger, reading: connection).exists() else { return [] }
        let rows = try connection.rows(
            """
            SELECT unit FROM _selfheal_units WHERE dataset = ? \(last == nil ? "" : "AND unit > ?") ORDER BY unit
            LIMIT \(UnitFinder.page)
            """, [.text(place.ledger)] + (last.map { [$0] } ?? []))
        return rows.map { $0[0] }
    }
}

extension Population {
    /// All that decides which rows there are, as texts.
    fileprivate var recipe: [String] {
        var texts = [write.rawValue, onBadRow.rawValue, source.kind] + mergeKey
        if let unit { texts += [unit.parent, unit.key, unit.column ?? "", unit.version ?? ""] + unit.columns }
        switch source {
        case .sql(let sql): texts.append(sql)
        case .command(let command): texts += command.arguments + [""] + command.environment
        case .plugin(let name): texts.append(name)
        case .http(let server):
            texts += [server.url, server.method.rawValue, server.body ?? "", server.rows, server.next ?? ""]
            texts += ["\(server.maxPages)"] + server.headers.flatMap { [$0.key, $0.value] }
        case .llm(let model):
            texts += [model.baseURL, model.model, model.prompt ?? "", "\(model.textLimit)", "\(model.maxRows)"]
            texts += ["\(model.temperature)"] + model.textColumns + [""] + model.columns.flatMap { [$0.key, $0.value] }
        }
        return texts
    }
}
