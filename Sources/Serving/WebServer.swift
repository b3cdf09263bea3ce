import FlyingSocks
import Foundation

/// A small HTTP server for a few pages that are only read.
///
/// The sockets are FlyingFox's; its parser of requests is not used, because that reads lines without a limit and waits for
/// them without one. One request a connection; whoever is slow is waited for in a task of its own, and not for long.
public struct WebServer: Sendable {
    /// How long a client may take to say what it wants, and to take the answer.
    static let patience = Duration.seconds(10)
    /// More of them wait in the kernel.
    static let connectionLimit = 256

    /// The port that it really has.
    public let port: UInt16
    private let address: ListenAddress
    private let socket: Socket
    private let paths: Set<String>
    private let page: @Sendable (String) async -> Page

    /// Begins to listen.
    /// - Parameters:
    ///   - paths: what there is; everything else is not found.
    ///   - page: what one of them answers.
    public init(
        _ address: ListenAddress, paths: Set<String>, page: @escaping @Sendable (String) async -> Page
    ) throws {
        (socket, port) = try address.listen()
        self.address = address
        self.paths = paths
        self.page = page
    }

    /// Answers until the task is cancelled.
    public func run() async throws {
        let pool = SocketPool.make()
        try await pool.prepare()
        let listener = try AsyncSocket(socket: socket, pool: pool)
        defer { try? listener.close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run() }
            group.addTask { await accept(listener) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func accept(_ listener: AsyncSocket) async {
        await withTaskGroup(of: Void.self) { group in
            var open = 0
            while !Task.isCancelled {
                if open >= Self.connectionLimit {
                    await group.next()
                    open -= 1
                }
                do {
                    let client = try await listener.accept()
                    client.socket.closeOnExecution()
                    open += 1
                    group.addTask { await serve(client) }
                } catch {
                    // Too many descriptors, or a client that went away before it was answered.
                    do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
                }
            }
            group.cancelAll()
        }
    }

    private func serve(_ client: AsyncSocket) async {
        defer { try? client.close() }
        let head: RequestHead
        do throws(RequestHead.Fault) {
            guard let read = try await readHead(client) else { return }
            head = read
        } catch {
            await send(Page(error.status), withBody: true, to: client)
            return
        }
        let answer: Page
        if address.isLoopback && !head.isForLoopback {
            answer = Page(421)
        } else if !paths.contains(head.path) {
            answer = Page(404)
        } else if head.method != "GET" && head.method != "HEAD" {
            answer = Page(405)
        } else {
            answer = await page(head.path)
        }
        await send(answer, withBody: head.method != "HEAD", to: client)
    }

    /// - Returns: `nil` when the client went away without a word.
    private func readHead(_ client: AsyncSocket) async throws(RequestHead.Fault) -> RequestHead? {
        let read = await within(Self.patience) { () -> Result<RequestHead?, RequestHead.Fault> in
            var bytes: [UInt8] = []
            while let more = try? await client.read(atMost: 4096), !more.isEmpty {
                bytes += more
                if let end = Self.end(of: bytes) {
                    guard end <= RequestHead.sizeLimit else { return .failure(RequestHead.Fault(status: 431)) }
                    return Result { () throws(RequestHead.Fault) in try RequestHead(bytes[..<end]) }
                }
                if bytes.count > RequestHead.sizeLimit { return .failure(RequestHead.Fault(status: 431)) }
            }
            return bytes.isEmpty ? .success(nil) : .failure(RequestHead.Fault(status: 400))
        }
        guard let read else { throw RequestHead.Fault(status: 408) }
        return try read.get()
    }

    /// Where the empty line begins.
    private static func end(of bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first { bytes[$0...].starts(with: [0x0D, 0x0A, 0x0D, 0x0A]) }
    }

    private func send(_ page: Page, withBody: Bool, to client: AsyncSocket) async {
        let data = Data(page.bytes(withBody: withBody))
        _ = await within(Self.patience) { try? await client.write(data) }
        // What the client still sends would have the kernel reset the connection, and the answer might be lost.
        _ = shutdown(client.socket.file.rawValue, Int32(SHUT_WR))
        _ = await within(.seconds(1)) {
            while let rest = try? await client.read(atMost: 4096), !rest.isEmpty {}
        }
    }

    /// What the body gives; `nil` when the time was over first.
    private func within<Value: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await body() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
