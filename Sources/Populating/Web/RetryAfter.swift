/// The value of the header `Retry-After`: seconds, or the date from which on one may ask again (RFC 9110).
enum RetryAfter {
    /// - Parameter now: milliseconds since 1970.
    /// - Returns: `nil` for anything else. A date that has passed is zero.
    static func duration(_ value: String, now: Int64) -> Duration? {
        let text = value.filter { $0 != "\r" && $0 != "\n" }.split(separator: " ").joined(separator: " ")
        if !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) {
            // More digits than these are for ever, whatever they say.
            return .seconds(text.count > 9 ? 999_999_999 : Int64(text) ?? 0)
        }
        guard let then = seconds(ofDate: text) else { return nil }
        return .milliseconds(max(0, then * 1000 - now))
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, and the two older forms, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov 6 08:49:37 1994`.
    private static func seconds(ofDate text: String) -> Int64? {
        let words = text.lowercased().split { " ,-".contains($0) }
        guard words.count == 6 || words.count == 5 else { return nil }
        let isC = words.count == 5
        if !isC, words[5] != "gmt" { return nil }
        let (day, month, year, time) =
            isC ? (words[2], words[1], words[4], words[3]) : (words[1], words[2], words[3], words[4])
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard let day = Int64(day), (1...31).contains(day), let month = months.firstIndex(of: String(month)),
            var year = Int64(year), (0...9999).contains(year), clock.count == 3, let hour = clock[0],
            let minute = clock[1],
            let second = clock[2], (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        if year < 100 { year += year < 70 ? 2000 : 1900 }
        // Years are counted from 1 March, so that a leap day is the last one.
        let shiftedMonth = Int64((month + 10) % 12)
        let shiftedYear = month < 2 ? year - 1 : year
        let era = shiftedYear >= 0 ? shiftedYear / 400 : (shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return days * 86_400 + hour * 3_600 + minute * 60 + second
    }
}
