import CSelfHeal
import HealKit
import HealModel

extension LiveMachine {
    /// How long the statements of a scratch database may take in all: what a manifest asks of one takes milliseconds.
    static let scratchTimeLimit = Duration.seconds(5)

    public func scratchDatabase<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try scratch(timeLimit: Self.scratchTimeLimit) { connection throws(MachineError) in
            let value = try body(connection)
            if mayChange { try images.keep(connection) }
            return value
        }
    }

    func scratch<Value>(
        timeLimit: Duration, _ body: (Connection) throws(MachineError) -> Value
    ) throws(MachineError) -> Value {
        let patience = Patience(waitLimit: .zero, timeLimit: timeLimit, interruption: interruption)
        let connection = try Connection(":memory:", .memory, subject: "scratch database", patience: patience)
        // In memory whatever happens, and of a size that a schema never needs.
        sqlite3_limit(connection.db, SQLITE_LIMIT_LENGTH, 16 << 20)
        try connection.perform("PRAGMA temp_store=MEMORY; PRAGMA max_page_count=32768")
        selfheal_sqlite_restrict(connection.db, 1)
        return try body(connection)
    }
}
