import HealKit
import HealModel

extension SchemaComparison {
    /// What the database holds and the manifest does not name. Left out is what others keep for themselves: SQLite's
    /// own tables, the shadow tables of virtual ones, those of litestream, and the work ledger of these tools.
    public func extras(_ connection: any SQLConnection) throws(MachineError) -> [SchemaExtra] {
        let found = try self.found.withoutShadowTables(connection)
        var extras: [SchemaExtra] = []
        for object in found.objects where !object.name.isKeptByOthers {
            switch object.kind {
            case .table, .view:
                if desired.stored.tableOrView(object.name) == nil {
                    extras.append(SchemaExtra(kind: object.kind == .view ? .view : .table, name: object.name))
                } else if let table = desired.table(object.name), let actual = found.table(object.name) {
                    extras += actual.columns.filter { table.column($0.name) == nil }.map {
                        SchemaExtra(kind: .column, name: $0.name, table: table.name)
                    }
                }
            case .index where desired.stored.index(object.name) == nil,
                .trigger where desired.stored.trigger(object.name) == nil:
                // What belongs to an extra table goes without saying.
                guard desired.stored.tableOrView(object.table) != nil else { continue }
                let kind: SchemaExtra.Kind = object.kind == .index ? .index : .trigger
                extras.append(SchemaExtra(kind: kind, name: object.name, table: object.table))
            case .index, .trigger: continue
            }
        }
        // In the order in which they can be dropped.
        let order: [SchemaExtra.Kind] = [.trigger, .view, .index, .column, .table]
        return order.flatMap { kind in extras.filter { $0.kind == kind } }
    }
}

extension SQLName {
    /// Whether a replicator keeps its own things under the name, or these tools do: what is done of populating datasets.
    var isKeptByOthers: Bool { key.hasPrefix("_litestream_") || key.hasPrefix("_selfheal_") }
}
