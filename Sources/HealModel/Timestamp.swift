/// Points in time as text: ISO 8601, in UTC.
public enum Timestamp {
    /// `2026-01-31T12:00:00.250Z`, from milliseconds since 1970-01-01 UTC.
    public static func iso8601(milliseconds: Int64) -> String {
        let (date, time, rest) = parts(milliseconds)
        return "\(date)T\(time).\(padded(rest, 3))Z"
    }

    /// `2026-01-31 12:00:00`, for tables that say once that times are in UTC.
    public static func readable(milliseconds: Int64) -> String {
        let (date, time, _) = parts(milliseconds)
        return "\(date) \(time)"
    }

    /// `20260131T120000.250Z`, for names of files: sorted by name is sorted by time.
    public static func compact(milliseconds: Int64) -> String {
        iso8601(milliseconds: milliseconds).filter { $0 != "-" && $0 != ":" }
    }

    private static func parts(_ milliseconds: Int64) -> (date: String, time: String, milliseconds: Int64) {
        let (days, rest) = floored(milliseconds, by: 86_400_000)
        let seconds = rest / 1_000
        let time = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
        return (date(days), time, rest % 1_000)
    }

    /// The Gregorian date of a day, counted from 1970-01-01. Years are counted from 1 March here, so that a leap day is the last.
    private static func date(_ days: Int64) -> String {
        let (era, dayOfEra) = floored(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfYear - (153 * shifted + 2) / 5 + 1, 2))"
    }

    private static func floored(_ number: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ number: Int64, _ digits: Int) -> String {
        let text = String(number.magnitude)
        return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
