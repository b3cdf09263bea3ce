/// What a path answers with.
public struct Page: Sendable, Hashable {
    public var status: Int
    /// `application/json`, say.
    public var type: String
    public var body: String
    /// What else its head says.
    var fields: [(String, String)] { statusFields }

    public init(status: Int = 200, type: String, body: String) {
        self.status = status
        self.type = type
        self.body = body
    }

    /// For an error: its name and nothing else.
    init(_ status: Int) {
        self.init(status: status, type: "text/plain; charset=utf-8", body: "\(status) \(Self.phrase(status))\n")
    }

    private var statusFields: [(String, String)] { status == 405 ? [("Allow", "GET, HEAD")] : [] }

    /// - Parameter withBody: not for HEAD.
    func bytes(withBody: Bool) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.phrase(status))\r\n"
        let common = [
            ("Content-Type", type), ("Content-Length", "\(body.utf8.count)"), ("Connection", "close"),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
        ]
        for (name, value) in common + fields { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n" + (withBody ? body : "")).utf8)
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 421: "Misdirected Request"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }
}
