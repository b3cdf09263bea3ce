/// How fast many things are done, and how long the rest will take.
enum Pace {
    /// `850/s, 8 s left`; `nil` before the first one is done. Without a total, only how fast.
    static func words(_ done: Int, of total: Int?, elapsed: Duration) -> String? {
        guard done > 0 else { return nil }
        let (seconds, attoseconds) = elapsed.components
        let milliseconds = max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        let perSecond = Int64(done) * 1000 / milliseconds
        // Slow ones are counted by the minute, so that a rate is never 0.
        let rate =
            perSecond > 0
            ? "\(Wording.grouped(Int(perSecond)))/s" : "\(max(1, Int64(done) * 60_000 / milliseconds))/min"
        guard let total else { return rate }
        let left = (Int64(max(0, total - done)) * milliseconds / Int64(done) + 999) / 1000
        return "\(rate), \(left < 60 ? "\(left) s" : "\(left / 60) min \(left % 60) s") left"
    }
}
