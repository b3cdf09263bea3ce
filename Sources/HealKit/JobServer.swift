/// Who says how many may work at once on this computer, beyond the one that every process may do by itself: GNU Make with -j.
public protocol JobServer: Sendable {
    /// - Returns: leave for one more piece of work, to be given back as it is; `nil` when there is none now.
    func take() -> UInt8?
    func give(_ token: UInt8)
}
