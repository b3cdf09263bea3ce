import HealKit
import Synchronization
import Testing

@testable import Populating

private final class CountingServer: JobServer {
    private let tokens: Mutex<[UInt8]>
    init(_ tokens: [UInt8]) { self.tokens = Mutex(tokens) }
    var left: [UInt8] { tokens.withLock { $0 } }
    func take() -> UInt8? { tokens.withLock { $0.popLast() } }
    func give(_ token: UInt8) { tokens.withLock { $0.append(token) } }
}

private final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0))
    var most: Int { state.withLock { $0.most } }
    func rise() {
        state.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
    }
    func fall() { state.withLock { $0.now -= 1 } }
}

@Suite("Batches at once")
struct JobSlotsTests {
    @Test(
        "no more than the limit, and one more than there are tokens; all tokens are given back",
        arguments: [(8, 2, 3), (2, 5, 2), (1, 3, 1), (8, 0, 1)])
    func limits(_ limit: Int, _ tokens: Int, _ expected: Int) async {
        let server = CountingServer((0..<tokens).map { UInt8($0) })
        let slots = JobSlots(limit, server: server)
        let gauge = Gauge()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    let ticket = await slots.take()
                    gauge.rise()
                    try? await Task.sleep(for: .milliseconds(60))
                    gauge.fall()
                    await slots.give(ticket)
                }
            }
        }
        #expect(gauge.most == expected)
        #expect(server.left.sorted() == (0..<tokens).map { UInt8($0) })
    }

    @Test("whoever is stopped while he waits goes on")
    func stopped() async {
        let slots = JobSlots(4, server: CountingServer([]))
        let first = await slots.take()
        let second = Task { await slots.take() }
        second.cancel()
        _ = await second.value
        await slots.give(first)
    }
}
