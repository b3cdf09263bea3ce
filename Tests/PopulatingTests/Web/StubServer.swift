import Foundation

/// A server on the loopback interface that answers as it is told, one reaction a request, and fails as servers fail.
final class StubServer: Sendable {
    enum Reaction: Sendable {
        /// A whole answer.
        case answer(Int, body: String, headers: [String] = [])
        /// These bytes, and the end of the connection.
        case raw(String)
        /// A head that promises a longer body than comes.
        case truncated(String)
        /// Nothing, until the other side goes.
        case stall
        /// A head, and no body, until the other side goes.
        case stallWithin
        /// The end of the connection.
        case close

        static func json(_ text: String) -> Reaction { .answer(200, body: text) }
    }

    struct Request: Sendable {
        var method: String
        var target: String
        var headers: [String: String]
        var body: String
    }

    let port: Int
    private let listener: Int32
    private let lock = NSLock()
    nonisolated(unsafe) private var reactions: [Reaction]
    nonisolated(unsafe) private var seen: [Request] = []

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { lock.withLock { seen } }

    /// After the last reaction, connections end without an answer.
    init(_ reactions: [Reaction]) throws {
        self.reactions = reactions
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
        let thread = Thread { [listener] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                Thread.detachNewThread { self.serve(connection) }
            }
            // Here, and not by whoever stops it: its number may be another server's by the time that it is used again.
            close(listener)
        }
        thread.start()
    }

    /// Takes no more connections. (`self` is held by the thread that accepts until then.)
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = read(connection) else { return }
        let reaction = lock.withLock {
            seen.append(request)
            return reactions.isEmpty ? .close : reactions.removeFirst()
        }
        switch reaction {
        case .answer(let status, let body, let headers):
            let head = ["HTTP/1.1 \(status) Stub", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
            write(head.joined(separator: "\r\n") + "\r\n\r\n" + body, to: connection)
        case .raw(let bytes): write(bytes, to: connection)
        case .truncated(let body):
            write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count + 10)\r\n\r\n\(body)", to: connection)
        case .stall: wait(connection)
        case .stallWithin:
            write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[", to: connection)
            wait(connection)
        case .close: break
        }
        // What is unread would make the end a reset, and the other side might not see the answer.
        shutdown(connection, Int32(SHUT_WR))
        if case .close = reaction { return }
        wait(connection)
    }

    private func wait(_ connection: Int32) {
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
    }

    private func write(_ text: String, to connection: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    private func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        let separator = Array("\r\n\r\n".utf8)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            bytes += buffer[..<count]
            guard let end = bytes.firstRange(of: separator) else { continue }
            let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                    in: .whitespaces)
            }
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            guard bytes.count - end.upperBound >= length else { continue }
            let words = lines[0].split(separator: " ").map(String.init)
            return Request(
                method: words[0], target: words.count > 1 ? words[1] : "", headers: headers,
                body: String(decoding: bytes[end.upperBound...], as: UTF8.self))
        }
    }
}

/// Runs the body beside a server.
func withServer<Value>(
    _ reactions: [StubServer.Reaction], _ body: (StubServer) async throws -> Value
) async throws -> Value {
    let server = try StubServer(reactions)
    defer { server.stop() }
    return try await body(server)
}
