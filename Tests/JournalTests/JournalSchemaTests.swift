import Foundation
import GRDB
import Synchronization
import Testing

@testable import Journal

@Suite("The journal's tables")
struct JournalSchemaTests {
    @Test("several that make them at once all have them in the end")
    func atOnce() throws {
        let folder = try JournalFolder()
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        for round in 0..<50 {
            let path = folder.path("journal-\(round).db")
            let queues = try (0..<4).map { _ in try DatabaseQueue(path: path, configuration: configuration) }
            let faults = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: queues.count) { index in
                do {
                    try JournalSchema.prepare(queues[index])
                } catch {
                    faults.withLock { $0.append("\(error)") }
                }
            }
            #expect(faults.withLock { $0 } == [])
            for queue in queues {
                #expect(try JournalSchema.check(queue) == .current)
            }
        }
    }
}
