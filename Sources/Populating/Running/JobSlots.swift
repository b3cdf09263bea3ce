import HealKit

/// Batches of all datasets together: no more than the limit, and no more than a job server gives leave for.
actor JobSlots {
    /// To be given back.
    enum Ticket: Sendable {
        /// The one that needs nobody's leave.
        case own
        case token(UInt8)
        /// Where nobody gives leave, or of whoever is stopped anyway.
        case none
    }

    private let slots: Slots
    private let server: (any JobServer)?
    private var isOwnFree = true

    init(_ limit: Int, server: (any JobServer)? = nil) {
        slots = Slots(limit)
        self.server = server
    }

    func take() async -> Ticket {
        await slots.take()
        guard let server else { return .none }
        while true {
            if isOwnFree {
                isOwnFree = false
                return .own
            }
            if let token = server.take() { return .token(token) }
            if Task.isCancelled { return .none }
            // Nothing tells when somebody else gives one back.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    func give(_ ticket: Ticket) async {
        switch ticket {
        case .own: isOwnFree = true
        case .token(let token): server?.give(token)
        case .none: break
        }
        await slots.give()
    }
}
