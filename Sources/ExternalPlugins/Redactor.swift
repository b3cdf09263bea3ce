/// Takes secrets out of what somebody else's program says, before anything of it is shown or kept.
public struct Redactor: Sendable, Hashable {
    /// What stands in a secret's place.
    public static let mark = "[redacted]"
    /// A shorter value is in too many innocent words; and it is no secret.
    static let shortest = 4

    private let secrets: [String]

    public init(_ secrets: [String]) {
        var all: Set<String> = []
        for secret in secrets {
            // A value of several lines may come out line by line.
            let parts = [secret] + secret.split(whereSeparator: \.isNewline).map(String.init)
            for part in parts where part.utf8.count >= Self.shortest { all.insert(part) }
        }
        // The longest first: one may be the beginning of another.
        self.secrets = all.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    public func callAsFunction(_ text: String) -> String {
        secrets.isEmpty ? text : String(decoding: redacted(Array(text.utf8)), as: UTF8.self)
    }

    /// By bytes: as characters, a secret would not be found before a combining accent.
    private func redacted(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let first = rest.first {
            let secret = secrets.first { $0.utf8.first == first && rest.starts(with: $0.utf8) }
            if let secret {
                result += Self.mark.utf8
                rest = rest.dropFirst(secret.utf8.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    func callAsFunction(_ text: String?) -> String? { text.map { self($0) } }
}
