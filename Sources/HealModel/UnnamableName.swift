/// The name of a file that no manifest and no `ResourcePath` can hold: it has control characters, or is not UTF-8.
public struct UnnamableName: Hashable, Sendable {
    /// As the file system has it.
    public let bytes: [UInt8]
    /// Why nothing can name it: `is not UTF-8`.
    public let fault: String

    /// - Returns: `nil` for a name that paths can hold.
    public init?(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
        if String(validating: self.bytes, as: UTF8.self) == nil {
            fault = "is not UTF-8"
        } else if self.bytes.contains(where: Self.isControl) {
            fault = "holds a control character"
        } else {
            return nil
        }
    }

    /// To be compared with patterns: what is not UTF-8 counts as any other character.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// To be read: `a\x0Ab.db`.
    public var shown: String { Self.show(bytes) }

    /// The bytes as a text that every format can hold. What was a backslash is shown as bytes, too, so that no two names look
    /// the same.
    public static func show(_ bytes: [UInt8]) -> String {
        var shown = ""
        var rest = bytes[...]
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            if !isControl(first), first != UInt8(ascii: "\\"),
                let character = String(validating: rest.prefix(length), as: UTF8.self)
            {
                shown += character
                rest = rest.dropFirst(length)
            } else {
                let digits = String(first, radix: 16, uppercase: true)
                shown += "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
                rest = rest.dropFirst()
            }
        }
        return shown
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }
}
