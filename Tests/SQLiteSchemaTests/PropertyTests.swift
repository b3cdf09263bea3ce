import HealKit
import HealModel
import Testing

@testable import SQLiteSchema

/// What must hold for every schema, tried on hundreds made by chance.
@Suite struct PropertyTests {
    private func contents(_ connection: TestConnection, _ schema: RandomSchema) throws -> [[[SQLValue]]] {
        try schema.tables.map { table in
            try connection.rows(
                "SELECT \(table.columns.map(\.name).joined(separator: ", ")) FROM \(table.name) ORDER BY 1")
        }
    }

    private func heal(_ schema: DesiredSchema, _ connection: TestConnection) throws -> [PlannedChange] {
        let changes = try plan(schema, connection)
        try perform(changes, connection)
        return changes
    }

    @Test(arguments: 0..<200) func healingAddsWhatIsMissingAndTouchesNoRow(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let new = RandomSchema(&generator, isAdditive: true)
        let old = new.older(&generator)
        let schema = try desired(new.statements.joined(separator: "\n;\n"))
        let connection = try database()
        for statement in old.statements + old.rows(&generator) { try connection.execute(statement) }
        let before = try contents(connection, old)

        var rehearsal = try Rehearsal(copying: try StoredSchema(reading: connection), into: try TestConnection())
        let planned = try plan(schema, connection)
        #expect(try rehearsal.perform(planned.map { $0.guards + $0.statements }).allSatisfy(\.isEmpty))
        let changes = try heal(schema, connection)
        #expect(changes.allSatisfy { $0.obstacles.isEmpty })
        // The second run finds nothing.
        #expect(try plan(schema, connection).map(\.difference.short) == [])
        #expect(try contents(connection, old) == before)
        #expect(try connection.rows("PRAGMA integrity_check") == [[.text("ok")]])
        // Fresh equals upgraded, in both directions.
        let upgraded = DesiredSchema(try StoredSchema(reading: connection))
        let fresh = try database(new.statements.joined(separator: "\n;\n"))
        #expect(try plan(upgraded, fresh).map(\.difference.short) == [])
        for table in new.tables { try ParserTests.compare(connection, table.name) }
    }

    @Test(arguments: 1000..<1200) func whatIsPlannedWorksAndTheRestStaysNamed(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let new = RandomSchema(&generator, isAdditive: false)
        let old = new.older(&generator)
        let schema = try desired(new.statements.joined(separator: "\n;\n"))
        let connection = try database()
        for statement in old.statements { try connection.execute(statement) }
        for statement in old.rows(&generator) {
            // Columns that are NOT NULL without a default refuse these rows.
            do throws(MachineError) { try connection.execute(statement) } catch {}
        }
        let before = try contents(connection, old)
        let changes = try heal(schema, connection)
        let left = try plan(schema, connection)
        #expect(left.allSatisfy { $0.statements.isEmpty }, "\(left.flatMap(\.statements))")
        #expect(
            Set(left.map(\.difference.short)) == Set(changes.filter { !$0.obstacles.isEmpty }.map(\.difference.short)))
        #expect(try contents(connection, old) == before)
        #expect(try connection.rows("PRAGMA integrity_check") == [[.text("ok")]])
        for table in new.tables where changes.isEmpty { try ParserTests.compare(connection, table.name) }
    }

    @Test(arguments: 2000..<2200) func anotherSpellingIsNoDifference(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let schema = RandomSchema(&generator, isAdditive: false)
        let original = schema.statements.joined(separator: "\n;\n")
        let respelled = schema.statements.map { RandomSchema.respelled($0, &generator) }
        let other = respelled.joined(separator: "\n;\n")
        #expect(try differences(original, other).map(\.short) == [], "\(other)")
        #expect(try differences(other, original).map(\.short) == [], "\(other)")
    }

    @Test(arguments: 3000..<3100) func anotherSchemaIsADifference(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let first = RandomSchema(&generator, isAdditive: false)
        let statements = first.statements
        let position = Int.random(in: 0..<statements.count, using: &generator)
        var changed = statements
        // Every change of a number or text is one that matters.
        let text = SQLText(changed[position])
        guard
            let index = text.tokens.indices.first(where: {
                text.tokens[$0].kind == .string || text.tokens[$0].kind == .number
            })
        else { return }
        let token = text.tokens[index]
        var bytes = text.bytes
        bytes.replaceSubrange(
            token.start..<token.end, with: token.kind == .string ? Array("'other'".utf8) : Array("77".utf8))
        changed[position] = String(decoding: bytes, as: UTF8.self)
        #expect(
            try !differences(statements.joined(separator: "\n;\n"), changed.joined(separator: "\n;\n")).isEmpty,
            "\(changed[position])")
    }
}
