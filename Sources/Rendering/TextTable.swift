/// Rows of cells in columns that line up.
struct TextTable {
    /// The first is the heading.
    var rows: [[String]]
    /// Columns, from 0, of numbers.
    var rightAligned: Set<Int> = []

    /// The lines, the heading first; nothing is put behind the last cell of a line.
    var lines: [String] {
        guard let heading = rows.first else { return [] }
        let widths = heading.indices.map { column in rows.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - DisplayWidth.of(cell))
                return rightAligned.contains(column) ? blanks + cell : column == row.count - 1 ? cell : cell + blanks
            }
            return cells.joined(separator: "  ")
        }
    }

    func write(to writer: inout TextWriter) {
        for (number, line) in lines.enumerated() {
            if number == 0 { writer.heading(line) } else { writer.plain(line) }
        }
    }
}
