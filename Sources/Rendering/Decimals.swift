/// Numbers with a fixed number of decimals, without what floating point would make of them.
enum Decimals {
    /// `0.015730`.
    static func seconds(microseconds: Int64, digits: Int) -> String {
        let all = String(max(0, microseconds))
        let padded = String(repeating: "0", count: max(0, 7 - all.utf8.count)) + all
        return padded.dropLast(6) + "." + padded.suffix(6).prefix(digits)
    }

    /// `15.730`.
    static func milliseconds(microseconds: Int64) -> String {
        let number = max(0, microseconds)
        let rest = String(number % 1_000)
        return "\(number / 1_000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
    }
}
