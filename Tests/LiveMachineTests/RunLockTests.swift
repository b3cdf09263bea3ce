import Foundation
import HealKit
import Synchronization
import Testing

@testable import LiveMachine

@Suite struct RunLockTests {
    let sandbox: Sandbox
    private var root: String { sandbox.root.path }

    init() throws { sandbox = try Sandbox() }

    private static let holder = """
        import fcntl, os, sys
        fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
        print(os.getpid(), 'ready', flush=True)
        sys.stdin.read()
        """

    private func acquire(_ exclusive: Bool = true, wait: Duration = .zero) async -> RunLock.Failure? {
        do throws(RunLock.Failure) {
            _ = try await RunLock.acquire(root, exclusive: exclusive, wait: wait)
            return nil
        } catch { return error }
    }

    @Test func manyMayLookAndOneMayChange() async throws {
        let before = try sandbox.listing()
        do {
            let one = try await RunLock.acquire(root, exclusive: false, wait: .zero)
            let two = try await RunLock.acquire(root, exclusive: false, wait: .zero)
            #expect(await acquire() != nil)
            withExtendedLifetime((one, two)) {}
        }
        do {
            let one = try await RunLock.acquire(root, exclusive: true, wait: .zero)
            #expect(await acquire() != nil)
            #expect(await acquire(false) != nil)
            withExtendedLifetime(one) {}
        }
        // Released with the object; nothing was written.
        #expect(await acquire() == nil)
        #expect(try sandbox.listing() == before)
    }

    @Test func theOwnerIsNamed() async throws {
        try await OtherProcess.python(Self.holder, root) { () async throws -> Void in
            let told = Mutex<[RunLock.Owner?]>([])
            do throws(RunLock.Failure) {
                _ = try await RunLock.acquire(root, exclusive: true, wait: .milliseconds(150)) { owner in
                    told.withLock { $0.append(owner) }
                }
                Issue.record("two owners")
            } catch {
                guard case .held(let owner?, let waited) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(owner.command?.hasPrefix("python3") == true)
                #expect(kill(owner.pid, 0) == 0)
                #expect(waited >= .milliseconds(150))
                #expect(error.explanation.contains("(\(owner.command ?? ""), process \(owner.pid))"))
                #expect(told.withLock { $0 } == [owner])
            }
        }
    }

    @Test func itIsWaitedFor() async throws {
        let brief = Self.holder.replacing("sys.stdin.read()", with: "import time; time.sleep(0.3)")
        try await OtherProcess.python(brief, root) { () async throws -> Void in
            #expect(await acquire(wait: .seconds(20)) == nil)
        }
    }

    @Test func aKilledOwnerHoldsNothing() async throws {
        let killed = Self.holder.replacing("sys.stdin.read()", with: "os.kill(os.getpid(), 9)")
        try await OtherProcess.python(killed, root) { () async throws -> Void in
            #expect(await acquire(wait: .seconds(20)) == nil)
        }
    }

    @Test func waitingEndsWhenTheRunIsToStop() async throws {
        let held = try await RunLock.acquire(root, exclusive: true, wait: .zero)
        let interruption = Interruption()
        interruption.raise()
        do throws(RunLock.Failure) {
            _ = try await RunLock.acquire(root, exclusive: true, wait: .seconds(60), interruption: interruption)
            Issue.record("two owners")
        } catch { #expect(error == .machine(.cancelled)) }
        let root = root
        let task = Task { () async -> RunLock.Failure? in
            do throws(RunLock.Failure) {
                _ = try await RunLock.acquire(root, exclusive: true, wait: .seconds(60))
                return nil
            } catch { return error }
        }
        task.cancel()
        #expect(await task.value == .machine(.cancelled))
        withExtendedLifetime(held) {}
    }

    @Test func onWhatCannotBeOpened() async throws {
        do throws(RunLock.Failure) {
            _ = try await RunLock.acquire(root + "/missing", exclusive: true, wait: .zero)
            Issue.record("a lock on nothing")
        } catch {
            guard case .machine(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.number == ENOENT)
            #expect(error.explanation == reason.explanation)
        }
    }

    @Test func theKernelsTable() {
        let table = """
            1: POSIX  ADVISORY  WRITE 12 fe:00:4711 0 EOF
            2: FLOCK  ADVISORY  READ  13 fe:00:4712 0 EOF
            3: FLOCK  ADVISORY  WRITE 0 fe:00:4711 0 EOF
            3: -> FLOCK  ADVISORY  WRITE 15 fe:00:4711 0 EOF
            4: FLOCK  ADVISORY  WRITE 14 fe:00:4711 0 EOF
            """
        #expect(RunLock.owner(in: table, inode: 4711) == 14)
        #expect(RunLock.owner(in: table, inode: 4712) == 13)
        #expect(RunLock.owner(in: table, inode: 4713) == nil)
        let unknown = RunLock.Failure.held(by: nil, waited: .seconds(30))
        #expect(unknown.explanation == "another run works on this root (who is not known); waited 30 s")
        #expect(RunLock.Owner(pid: 7, command: nil).description == "process 7")
    }
}
