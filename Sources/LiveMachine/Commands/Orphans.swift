import CSelfHeal
import Synchronization

/// What is left when a supervisor is killed: its plugin's processes become children of this process, and are ended by it.
///
/// Which children are whose is not written anywhere. So it is known here which ones were started on purpose; all others are
/// orphans.
final class Orphans: Sendable {
    /// The leaders of commands that are running.
    private let running = Mutex<Set<Int32>>([])

    /// From here on orphans come to this process. Only as long as anything is supervised: who takes them must also wait for them.
    func expect() { selfheal_adopt_orphans(true) }
    func expectNoMore() { selfheal_adopt_orphans(false) }

    func started(_ process: Int32) { running.withLock { _ = $0.insert(process) } }
    func ended(_ process: Int32) { running.withLock { _ = $0.remove(process) } }

    /// Kills them, with all that they have started. To be called before `expectNoMore`.
    func end() {
        let spared = running.withLock { Array($0) }
        _ = selfheal_end_orphans(spared, Int32(spared.count))
    }
}
