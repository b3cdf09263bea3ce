import FlyingSocks
import Foundation

/// Where a server listens: `127.0.0.1:9393`, `[::1]:9393`, `localhost:9393`. Port 0 stands for any that is free.
public struct ListenAddress: Sendable, Hashable {
    public var host: String
    public var port: UInt16
    let isVersion6: Bool

    /// - Returns: `nil` when it is none: names other than `localhost` are not looked up.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = String(text[..<colon])
        self.port = port
        if host.hasPrefix("["), host.hasSuffix("]") {
            self.host = String(host.dropFirst().dropLast())
            isVersion6 = true
            guard (try? sockaddr_in6.inet6(ip6: self.host, port: port)) != nil else { return nil }
        } else {
            self.host = host == "localhost" ? "127.0.0.1" : host
            isVersion6 = false
            guard (try? sockaddr_in.inet(ip4: self.host, port: port)) != nil else { return nil }
        }
    }

    /// Whether nobody but this computer can come to it.
    public var isLoopback: Bool { isVersion6 ? host == "::1" : host.hasPrefix("127.") }

    func listen() throws -> (socket: Socket, port: UInt16) {
        let socket = try Socket(domain: isVersion6 ? AF_INET6 : AF_INET)
        do {
            // No plugin that is started gets it.
            socket.closeOnExecution()
            try socket.setValue(true, for: .localAddressReuse)
            if isVersion6 {
                try socket.bind(to: sockaddr_in6.inet6(ip6: host, port: port))
            } else {
                try socket.bind(to: sockaddr_in.inet(ip4: host, port: port))
            }
            try socket.listen()
            switch try socket.sockname() {
            case .ip4(_, let port), .ip6(_, let port): return (socket, port)
            case .unix: return (socket, port)
            }
        } catch {
            try? socket.close()
            throw error
        }
    }
}

extension Socket {
    func closeOnExecution() { _ = fcntl(file.rawValue, F_SETFD, FD_CLOEXEC) }
}
