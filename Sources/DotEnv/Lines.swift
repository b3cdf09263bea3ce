/// Contents whose line ends are all `\n`, as readers in text mode see them.
struct UniversalNewlines {
    /// The contents with `\r\n` and a lone `\r` turned into `\n`.
    let bytes: [UInt8]

    /// Where a lone `\r` became `\n`. Editors do not count it as a line, and neither do we.
    let extra: [Int]

    init(_ source: [UInt8]) {
        guard let first = source.firstIndex(of: Ascii.carriageReturn) else {
            bytes = source
            extra = []
            return
        }
        var result = Array(source[..<first])
        result.reserveCapacity(source.count)
        var lone: [Int] = []
        for index in first..<source.count {
            guard source[index] == Ascii.carriageReturn else {
                result.append(source[index])
                continue
            }
            if index + 1 < source.count, source[index + 1] == Ascii.newline { continue }
            lone.append(result.count)
            result.append(Ascii.newline)
        }
        bytes = result
        extra = lone
    }
}

/// Tells the line of a position. Asking for positions in rising order costs one pass over the contents.
struct LineCounter {
    private let bytes: [UInt8]
    private let extra: [Int]
    private var position = 0
    private var nextExtra = 0
    private var line = 1

    init(_ bytes: [UInt8], extra: [Int] = []) {
        self.bytes = bytes
        self.extra = extra
    }

    /// The line of a position, counted from 1.
    mutating func line(at target: Int) -> Int {
        while position < target {
            if bytes[position] == Ascii.newline {
                if nextExtra < extra.count, extra[nextExtra] == position {
                    nextExtra += 1
                } else {
                    line += 1
                }
            }
            position += 1
        }
        while position > target {
            position -= 1
            if bytes[position] == Ascii.newline {
                if nextExtra > 0, extra[nextExtra - 1] == position {
                    nextExtra -= 1
                } else {
                    line -= 1
                }
            }
        }
        return line
    }
}
