/// Looks for bytes that are not UTF-8.
enum UTF8Check {
    /// The line of the first byte that is not part of UTF-8 text; `nil` if all are.
    static func firstBadLine(in bytes: [UInt8]) -> Int? {
        if bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var line = 1
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            if scalar == "\n" {
                line += 1
            }
        }
        return line
    }
}
