/// The head of a request, as far as it matters here: bodies are never read.
struct RequestHead: Sendable, Hashable {
    var method: String
    /// Without the query.
    var path: String
    var host: String

    /// Enough for any browser, and little to keep for someone who never ends.
    static let sizeLimit = 8192

    /// Why there is no answer but an error.
    struct Fault: Error, Hashable {
        var status: Int
    }

    /// - Parameter bytes: up to the empty line, without it.
    init(_ bytes: ArraySlice<UInt8>) throws(Fault) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Fault(status: 400) }
        // As scalars: a carriage return and a line feed would be one character.
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(String.UnicodeScalarView(line.last == "\r" ? line.dropLast() : line))
        }
        let words = (lines.first ?? "").split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, !words[0].isEmpty, words[0].utf8.allSatisfy(Self.isToken),
            words[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), words[2].hasPrefix("HTTP/")
        else { throw Fault(status: 400) }
        guard words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else { throw Fault(status: 505) }
        method = words[0]
        var hosts: [String] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].utf8.allSatisfy(Self.isToken), !line.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 })
            else { throw Fault(status: 400) }
            if line[..<colon].lowercased() == "host" {
                hosts.append(String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }))
            }
        }
        guard hosts.count == 1 || (hosts.isEmpty && words[2] == "HTTP/1.0") else { throw Fault(status: 400) }
        host = hosts.first ?? ""
        guard words[1].hasPrefix("/") || words[1] == "*" else { throw Fault(status: 400) }
        path = String(words[1].prefix { $0 != "?" })
    }

    /// Whether it was meant for this computer by somebody on it. A page of a foreign site that has its own name resolve to the
    /// loopback address names itself here.
    var isForLoopback: Bool {
        var name = host[...]
        if !name.hasSuffix("]"), let colon = name.lastIndex(of: ":") { name = name[..<colon] }
        return name.isEmpty || name.lowercased() == "localhost" || name == "[::1]"
            || (name.hasPrefix("127.") && name.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) })
    }

    /// RFC 9110, 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
