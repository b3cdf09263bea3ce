/// As much of a terminal as our programs make use of: what it shows after it was sent a text.
struct Screen {
    private(set) var lines: [[Character]] = [[]]
    private var row = 0
    private var column = 0
    let columns: Int
    let rows: Int

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// What it shows and what has left it at the top, without what is blank at the ends.
    var text: [String] {
        var all = lines.map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        while all.last == "" { all.removeLast() }
        return all
    }

    mutating func feed(_ text: String) {
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n":
                down()
                column = 0
            case "\u{1B}": control(&rest)
            default: put(Character(scalar))
            }
        }
    }

    private mutating func down() {
        row += 1
        if row == lines.count { lines.append([]) }
    }

    private mutating func put(_ character: Character) {
        if column == columns {
            down()
            column = 0
        }
        while lines[row].count <= column { lines[row].append(" ") }
        lines[row][column] = character
        column += 1
    }

    private mutating func control(_ rest: inout ArraySlice<Unicode.Scalar>) {
        guard rest.popFirst() == "[" else { return }
        var digits = ""
        while let scalar = rest.popFirst() {
            if "0123456789;".unicodeScalars.contains(scalar) {
                digits.unicodeScalars.append(scalar)
                continue
            }
            switch scalar {
            // What has left at the top is out of reach.
            case "A": row = max(max(0, lines.count - rows), row - max(1, Int(digits) ?? 1))
            case "K": lines[row] = Array(lines[row].prefix(column))
            case "J":
                lines[row] = Array(lines[row].prefix(column))
                lines.removeSubrange((row + 1)...)
            default: break
            }
            return
        }
    }
}
