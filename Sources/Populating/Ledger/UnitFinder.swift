import Datasets
import HealKit
import HealModel

/// Finds the units of a dataset that are pending: rows of the parent of which the ledger says nothing, or that are to be done again.
struct UnitFinder {
    /// The parent's columns by their own names.
    struct Layout: Sendable {
        var table: String
        var key: String
        var version: String?
        /// What the source is given.
        var columns: [String]
    }

    struct Found: Sendable {
        var key: SQLValue
        var version: SQLValue?

        /// Whether its version is another one than the ledger's.
        func isOther(than known: SQLValue?) -> Bool {
            guard let version, let known else { return version != nil }
            return !version.isSameKey(as: known)
        }
    }

    /// Keys that are looked at in one go.
    static let page = 5000

    let dataset: Dataset
    let place: WorkPlace
    let unit: WorkUnit
    let parent: Relation
    let machine: any ChangingMachine
    /// Whether units that failed wait until the moment that the ledger gives them.
    let waitsForNextAttempt: Bool

    func layout() async throws(SourceFailure) -> Layout {
        let form = try await reading(parent.database) { connection throws(MachineError) in
            try TableForm(parent.table, on: connection)
        }
        guard let form else {
            throw SourceFailure(.dependency, "the table '\(parent.table)' of '\(unit.parent)' does not exist")
        }
        func column(_ name: String, _ role: String) throws(SourceFailure) -> String {
            guard let own = form.column(name) else {
                throw SourceFailure(
                    .configuration, "the table '\(parent.table)' has no column '\(name)', which 'unit' names as \(role)"
                )
            }
            return own
        }
        let key = try column(unit.key, "its key")
        var columns: [String] = []
        for name in unit.columns { columns.append(try column(name, "one to be given")) }
        if columns.isEmpty {
            columns = form.names
        } else if !columns.contains(key) {
            columns.insert(key, at: 0)
        }
        var version: String?
        if let name = unit.version { version = try column(name, "its version") }
        return Layout(table: form.name, key: key, version: version, columns: columns)
    }

    /// How many units there are, and which of the parent's rows can be none.
    func count(_ layout: Layout) async throws(SourceFailure) -> (units: Int, faults: KeyFaults) {
        try await reading(parent.database) { connection throws(MachineError) in
            let counts = try connection.rows(
                "SELECT count(*), count(\(layout.key.quotedName)) FROM main.\(layout.table.quotedName)"
            ).first
            let all = Int(counts?.first?.integer ?? 0)
            let units = Int(counts?.last?.integer ?? 0)
            let look = UnitKeyLook(layout.key, of: layout.table, on: connection)
            let isUnique = try look.stated()?.isUnique ?? false
            return (units, KeyFaults(keyless: all - units, repeated: isUnique ? 0 : try look.repeated()))
        }
    }

    /// The next pending units after a key, in the order of the keys, without those that have failed.
    /// - Returns: them, and the last key that was looked at; `nil` when there are no more.
    func pending(
        after key: SQLValue?, limit: Int, _ layout: Layout
    ) async throws(SourceFailure) -> (units: [Found], last: SQLValue?) {
        var last = key
        while true {
            let after = last
            let keys = try await reading(parent.database) { connection throws(MachineError) in
                try self.keys(after: after, layout, connection)
            }
            guard let end = keys.last?.key else { return ([], nil) }
            let pending = try await reading(dataset.relation.database) { connection throws(MachineError) in
                try self.pending(keys, connection)
            }
            guard pending.isEmpty else {
                guard pending.count > limit else { return (pending, end) }
                return (Array(pending.prefix(limit)), pending[limit - 1].key)
            }
            last = end
        }
    }

    private func keys(
        after key: SQLValue?, _ layout: Layout, _ connection: any SQLConnection
    ) throws(MachineError) -> [Found] {
        let name = layout.key.quotedName
        let columns = name + (layout.version.map { ", \($0.quotedName)" } ?? "")
        // In the column's own order, which its index has; what that takes for one is told apart by the bytes.
        let condition =
            key == nil ? "\(name) IS NOT NULL" : "\(name) >= ?1 AND (\(name) > ?1 OR \(name) COLLATE BINARY > ?1)"
        let rows = try connection.rows(
            """
            SELECT \(columns) FROM main.\(layout.table.quotedName) WHERE \(condition)
            ORDER BY \(name), \(name) COLLATE BINARY LIMIT \(Self.page)
            """, key.map { [$0] } ?? [])
        var found: [Found] = []
        for row in rows where found.last?.key.isSameKey(as: row[0]) != true {
            found.append(Found(key: row[0], version: layout.version == nil ? nil : row[1]))
        }
        return found
    }

    private func pending(_ keys: [Found], _ connection: any SQLConnection) throws(MachineError) -> [Found] {
        let ledger = WorkLedger(place.ledger, reading: connection)
        guard try ledger.exists() else { return keys }
        var pending: [Found] = []
        for found in keys {
            let entry = try ledger.entry(found.key)
            let isPending =
                switch entry?.state {
                case nil: true
                case .pending, .running: entry?.failure == nil || found.isOther(than: entry?.version)
                // Another version of it may do better.
                case .done, .failed, .quarantined: found.isOther(than: entry?.version)
                }
            if isPending { pending.append(found) }
        }
        return pending
    }

    /// The rows of units. One that is gone meanwhile is left out.
    func units(_ found: [Found], _ layout: Layout) async throws(SourceFailure) -> [Unit] {
        try await reading(parent.database) { connection throws(MachineError) in
            let columns = layout.columns.map(\.quotedName).joined(separator: ", ")
            let key = layout.key.quotedName
            let query =
                "SELECT \(columns) FROM main.\(layout.table.quotedName) WHERE \(key.isSame(as: "?1")) LIMIT 1"
            var units: [Unit] = []
            for one in found {
                guard let row = try connection.rows(query, [one.key]).first else { continue }
                units.append(
                    Unit(
                        key: one.key, row: zip(layout.columns, row).map { Cell($0, $1) }, version: one.version))
            }
            return units
        }
    }

    private func reading<Value: Sendable>(
        _ database: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(SourceFailure) -> Value {
        try await machine.reading(database, body)
    }
}

extension ChangingMachine {
    /// Reads a database, also one that a killed writer left in need of recovery.
    func reading<Value: Sendable>(
        _ database: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(SourceFailure) -> Value {
        do throws(MachineError) {
            do throws(MachineError) {
                return try await readDatabase(database, body)
            } catch .database(_, .hotJournal) {
                try await recoverJournal(of: database)
                return try await readDatabase(database, body)
            }
        } catch .cancelled {
            throw .stopped
        } catch {
            throw SourceFailure(error)
        }
    }
}
