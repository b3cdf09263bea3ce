extension MissingColumn {
    /// In an order in which they can be added one by one: what a generated column or a CHECK behind a column speaks of
    /// comes before it. Those that wait for each other come last.
    static func inOrder(_ columns: [MissingColumn], checks: [CheckConstraint]) -> [MissingColumn] {
        guard columns.count > 1 else { return columns }
        let names = columns.map(\.column.name)
        let needs = columns.map { missing -> Set<SQLName> in
            var expressions = checks.filter { $0.owner.column == missing.column.name }.map(\.expression)
            if let generated = missing.column.generated { expressions.append(generated.expression) }
            return Set(expressions.flatMap { $0.mentions(of: names) }).subtracting([missing.column.name])
        }
        var ordered: [MissingColumn] = []
        var done: Set<SQLName> = []
        var open = Array(columns.indices)
        while let next = open.firstIndex(where: { needs[$0].isSubset(of: done) }) {
            let index = open.remove(at: next)
            done.insert(columns[index].column.name)
            ordered.append(columns[index])
        }
        for index in open {
            var column = columns[index]
            column.obstacles.append(.circular)
            ordered.append(column)
        }
        return ordered
    }
}
