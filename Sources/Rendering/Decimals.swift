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

    /// `0.8571`, `1`, `0.5`: at most four decimals, none that says nothing. Of numbers below a thousand million.
    static func short(_ number: Double) -> String {
        let all = Int64((number.magnitude * 10_000).rounded())
        let digits = String(all % 10_000)
        var decimals = String(repeating: "0", count: 4 - digits.utf8.count) + digits
        while decimals.hasSuffix("0") { decimals.removeLast() }
        let sign = number < 0 && all > 0 ? "-" : ""
        return sign + "\(all / 10_000)" + (decimals.isEmpty ? "" : "." + decimals)
    }

    /// `85.7 %`, `100 %`: rounded down, so that what is not whole never looks it.
    static func percent(_ share: Double) -> String {
        let tenths = Int64((share * 1000 + 1e-6).rounded(.down))
        return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }
}
