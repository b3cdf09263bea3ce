/// A URL of http or https, as far as what may be asked there is concerned.
struct WebAddress: Sendable, Hashable {
    /// `http` or `https`.
    var scheme: String
    /// In lower case; an IPv6 address in its brackets.
    var host: String
    var port: Int
    /// Path and query as they are sent; begins with a slash.
    var path: String

    /// `nil` for another scheme, for one without a host, with a user's name in it, or with characters that no URL has.
    init?(_ text: String) {
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && $0 != "\\" }) else { return nil }
        let lowered = text.lowercased()
        guard let scheme = ["http", "https"].first(where: { lowered.hasPrefix($0 + "://") }) else { return nil }
        let rest = text.dropFirst(scheme.count + 3)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]) else { return nil }
        let path = rest[end...].prefix { $0 != "#" }
        self.scheme = scheme
        self.host = host
        self.port = port ?? (scheme == "https" ? 443 : 80)
        self.path = path.hasPrefix("/") ? String(path) : "/" + path
    }

    private static func authority(_ text: Substring) -> (host: String, port: Int?)? {
        guard !text.contains("@") else { return nil }
        var host = text
        var port: Int?
        let nameEnd = text.hasPrefix("[") ? text.firstIndex(of: "]") : text.startIndex
        guard let nameEnd else { return nil }
        if let colon = text[nameEnd...].firstIndex(of: ":") {
            let digits = text[text.index(after: colon)...]
            if !digits.isEmpty {
                guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits),
                    (1...65535).contains(number)
                else { return nil }
                port = number
            }
            host = text[..<colon]
        }
        return host.isEmpty ? nil : (host.lowercased(), port)
    }

    /// `host:port`.
    var place: String { "\(host):\(port)" }
    var text: String { "\(scheme)://\(place)\(path)" }

    /// Whether what is meant for the one may be told the other: scheme, host and port are the same.
    func isSameOrigin(as other: WebAddress) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// What a link on the page at this address leads to.
    func following(_ link: String) -> WebAddress? {
        if link.hasPrefix("//") { return WebAddress("\(scheme):\(link)") }
        if link.hasPrefix("/") { return WebAddress("\(scheme)://\(place)\(link)") }
        let withoutQuery = path.prefix { $0 != "?" }
        if link.hasPrefix("?") { return WebAddress("\(scheme)://\(place)\(withoutQuery)\(link)") }
        let head = link.prefix { !"/?#".contains($0) }
        if head.contains(":") { return WebAddress(link) }
        let folder = withoutQuery.lastIndex(of: "/").map { withoutQuery[...$0] } ?? "/"
        return WebAddress("\(scheme)://\(place)\(folder)\(link)")
    }

    /// A text as one part of a URL: it can neither end the part, nor lead to the folder above.
    static func escaped(_ text: String) -> String {
        if !text.isEmpty, text.utf8.allSatisfy({ $0 == UInt8(ascii: ".") }) {
            return String(repeating: "%2E", count: text.utf8.count)
        }
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { result, byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                result.append(character)
            } else {
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
