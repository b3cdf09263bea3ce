import CSelfHeal
import Synchronization

/// Whether the run was asked to stop. Whatever takes long asks it: waiting for a lock, a statement, a command.
public final class Interruption: Sendable {
    private let raised = Atomic<Bool>(false)
    private let followsSignals: Bool

    /// One that only `raise()` sets off.
    public convenience init() { self.init(followsSignals: false) }

    init(followsSignals: Bool) { self.followsSignals = followsSignals }

    /// Asks the run to stop. Cannot be taken back.
    public func raise() { raised.store(true, ordering: .relaxed) }

    public var isRaised: Bool {
        raised.load(ordering: .relaxed) || (followsSignals && selfheal_noted_signal() != 0)
    }

    /// The signal that asked, if it was one.
    public var signal: Int32? {
        let number = followsSignals ? selfheal_noted_signal() : 0
        return number == 0 ? nil : number
    }
}
