import Datasets
import HealKit

/// Something that is asked of a server.
struct HTTPRequest: Sendable {
    var address: WebAddress
    /// `nil`: GET; otherwise what a POST sends.
    var body: String?
    /// In the order in which they are sent; `Content-Type` and `Accept` have values of their own when they are not among them.
    var headers: [(name: String, value: String)] = []
    /// Sent as a bearer token.
    var token: String?
    var timeout: Duration
}

/// What a server answered.
struct HTTPAnswer: Sendable, Hashable {
    var status: Int
    var retryAfter: Duration?
    /// Where a redirection leads to; it was not followed.
    var redirection: String?
    var body: [UInt8]
}

/// Asks servers through the program `curl`, which is told everything on its standard input: neither a key nor a text is ever on a
/// command line, or in a file. It follows no redirection, reads no configuration of the user's, and speaks nothing but HTTP.
struct HTTPClient: Sendable {
    var machine: any Machine
    /// The longest answer that is taken, in bytes.
    var largest = 64 << 20

    /// What of our environment concerns it: proxies and certificates.
    private static let variables = [
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "CURL_CA_BUNDLE",
        "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]

    /// Longer bodies than these bytes are written in pieces: a line of its configuration has at most 100,000.
    private static let longestPiece = 40_000

    func answer(to request: HTTPRequest) async throws(SourceFailure) -> HTTPAnswer {
        let place = request.address.place
        guard request.timeout > .zero else { throw SourceFailure(.timeout, "\(place): no time was left to ask") }
        let program: String?
        do {
            program = try machine.executable(named: "curl")?.path
        } catch {
            throw SourceFailure(error)
        }
        guard let program else {
            throw SourceFailure(
                .configuration, "the program 'curl' is not installed, which asks servers (Debian: apt-get install curl)"
            )
        }
        var environment = ["LC_ALL": "C"]
        for name in Self.variables { environment[name] = machine.environment[name] }
        let command = CommandRequest(
            executable: program, arguments: ["--disable", "--config", "-"], environment: environment,
            timeout: request.timeout + .seconds(5), outputLimit: largest + 1,
            input: Array(try configuration(request).utf8))
        let result: CommandAnswer
        do {
            result = try await machine.run(command)
        } catch .timedOut {
            throw SourceFailure(.timeout, "\(place): no answer within \(request.timeout.inSeconds)")
        } catch .cancelled {
            throw .stopped
        } catch {
            throw SourceFailure(error)
        }
        if let failure = HTTPFailure.of(exit: result.status, place: place, after: request.timeout) { throw failure }
        if result.standardOutput.count > largest {
            throw SourceFailure(.resource, "\(place): the answer is longer than \(largest) bytes")
        }
        var answer = HTTPAnswer(status: 0, body: result.standardOutput)
        for line in String(decoding: result.standardError, as: UTF8.self).split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let value = String(line[line.index(after: equals)...])
            switch line[..<equals] {
            case "status": answer.status = Int(value) ?? 0
            case "retry-after": answer.retryAfter = RetryAfter.duration(value, now: machine.now)
            case "redirection": answer.redirection = value.isEmpty ? nil : value
            default: break
            }
        }
        guard answer.status > 0 else { throw SourceFailure(.parse, "\(place): the answer is none of HTTP") }
        return answer
    }

    /// What `curl --config` reads.
    private func configuration(_ request: HTTPRequest) throws(SourceFailure) -> String {
        var lines = ["silent", "globoff", "path-as-is", "proto = \"=http,https\"", "max-filesize = \(largest)"]
        func add(_ option: String, _ value: String) throws(SourceFailure) {
            // A NUL would end the text for curl, and what comes after would be lost.
            guard !value.utf8.contains(0) else {
                throw SourceFailure(.configuration, "what is to be sent holds a NUL")
            }
            lines.append("\(option) = \"\(Self.quoted(value))\"")
        }
        try add("url", request.address.text)
        try add("user-agent", "selfheal")
        lines.append("max-time = \(request.timeout.inMilliseconds)")
        lines.append("connect-timeout = \(min(request.timeout, .seconds(30)).inMilliseconds)")
        try add(
            "write-out",
            #"%{stderr}status=%{response_code}\nretry-after=%header{retry-after}\nredirection=%{redirect_url}\n"#)
        var headers = request.headers
        let names = Set(headers.map { $0.name.lowercased() })
        if !names.contains("accept") { headers.append(("Accept", "application/json")) }
        if request.body != nil {
            if !names.contains("content-type") { headers.append(("Content-Type", "application/json")) }
            // No asking first whether a long body is welcome: servers that do not know the question take a second each time.
            headers.append(("Expect", ""))
        }
        if let token = request.token { headers.append(("Authorization", "Bearer \(token)")) }
        for (name, value) in headers {
            guard !name.isEmpty, name.unicodeScalars.allSatisfy(Self.isOfToken) else {
                throw SourceFailure(.configuration, "'\(name)' is no name for a header")
            }
            guard !value.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F }) else {
                throw SourceFailure(.configuration, "the value of the header '\(name)' holds a control character")
            }
            // Without a value: 'Expect:' leaves it out.
            try add("header", value.isEmpty ? "\(name):" : "\(name): \(value)")
        }
        if let body = request.body {
            lines.append("request = \"POST\"")
            if body.utf8.count <= Self.longestPiece {
                try add("data-raw", body)
            } else {
                for piece in try Self.pieces(of: body) { try add("json", piece) }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func isOfToken(_ character: Unicode.Scalar) -> Bool {
        character.isASCII
            && (character.properties.isAlphabetic || "0123456789!#$%&'*+-.^_`|~".unicodeScalars.contains(character))
    }

    private static func quoted(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\".unicodeScalars
            case "\"": result += "\\\"".unicodeScalars
            case "\n": result += "\\n".unicodeScalars
            case "\r": result += "\\r".unicodeScalars
            case "\t": result += "\\t".unicodeScalars
            case "\u{0B}": result += "\\v".unicodeScalars
            default: result.append(character)
            }
        }
        return String(result)
    }

    /// Pieces that curl joins again. None begins with `@`, which would name a file.
    private static func pieces(of body: String) throws(SourceFailure) -> [String] {
        let bytes = Array(body.utf8)
        var pieces: [String] = []
        var start = 0
        while start < bytes.count {
            var end = min(start + longestPiece, bytes.count)
            // Between characters.
            while end < bytes.count, end > start, bytes[end] & 0xC0 == 0x80 || bytes[end] == UInt8(ascii: "@") {
                end -= 1
            }
            guard end > start, bytes[start] != UInt8(ascii: "@") else {
                throw SourceFailure(.configuration, "what is to be sent holds too many '@' in a row")
            }
            pieces.append(String(decoding: bytes[start..<end], as: UTF8.self))
            start = end
        }
        return pieces
    }
}

extension Duration {
    /// Seconds with three digits after the point, as curl reads them; at least one thousandth.
    fileprivate var inMilliseconds: String {
        let all = max(1, components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
        let rest = String(all % 1000)
        return "\(all / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
