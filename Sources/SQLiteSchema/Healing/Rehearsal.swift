import HealKit
import HealModel

/// Tries changes on an empty copy of a database's schema, before anything is done to the database itself: what SQLite
/// refuses there it would refuse here, and a trigger or view that stops working there would stop working here.
public struct Rehearsal {
    private let scratch: any SQLConnection
    private var failures: [CompileProbe.Target: String]
    /// Everything of the schema could be made again. Otherwise (a module or function that only the application has), a
    /// refusal may come from the copy.
    private let isFaithful: Bool

    /// - Parameter scratch: an empty database in memory.
    public init(copying schema: StoredSchema, into scratch: any SQLConnection) throws(MachineError) {
        self.scratch = scratch
        try scratch.trustSchema()
        var isFaithful = true
        // Virtual tables make their shadow tables themselves.
        let order: [SchemaObject] =
            schema.objects.filter(\.isVirtual) + schema.objects.filter { $0.kind == .table && !$0.isVirtual }
            + schema.objects.filter { $0.kind == .index } + schema.objects.filter { $0.kind == .view }
            + schema.objects.filter { $0.kind == .trigger }
        for object in order {
            do throws(MachineError) {
                try scratch.execute(object.sql)
            } catch {
                _ = try error.sqlMessage
                let isShadow = schema.objects.contains { $0.isVirtual && object.name.key.hasPrefix($0.name.key + "_") }
                if !isShadow { isFaithful = false }
            }
        }
        self.isFaithful = isFaithful
        failures = try CompileProbe(connection: scratch).failures(in: StoredSchema(reading: scratch))
    }

    /// Tries changes in order.
    /// - Returns: for each of them why it must not be made; empty where it may.
    public mutating func perform(_ changes: [[String]]) throws(MachineError) -> [[String]] {
        // The copy has statistics only where they were made in it.
        if changes.contains(where: { $0.contains { $0.contains("sqlite_stat1") } }) { try scratch.execute("ANALYZE") }
        // Nearly always all of them are fine together, and one look at the end says so.
        if try perform(changes.flatMap { $0 }).isEmpty { return changes.map { _ in [] } }
        var faults: [[String]] = []
        for statements in changes { faults.append(try perform(statements)) }
        return faults
    }

    /// Makes one change, which stays for the next; or takes it back and says why.
    private mutating func perform(_ statements: [String]) throws(MachineError) -> [String] {
        try scratch.execute("SAVEPOINT rehearsal")
        do throws(MachineError) {
            for statement in statements { try scratch.execute(statement) }
        } catch {
            let message = try error.sqlMessage
            try takeBack()
            return isFaithful ? ["SQLite refuses it: \(message)"] : []
        }
        let after = try CompileProbe(connection: scratch).failures(in: StoredSchema(reading: scratch))
        let broken = after.filter { failures[$0.key] == nil }
        guard broken.isEmpty else {
            try takeBack()
            return broken.map { "\($0.key.description) would not work: \($0.value)" }.sorted()
        }
        failures = after
        try scratch.execute("RELEASE rehearsal")
        return []
    }

    private func takeBack() throws(MachineError) {
        try scratch.execute("ROLLBACK TO rehearsal")
        try scratch.execute("RELEASE rehearsal")
    }
}
