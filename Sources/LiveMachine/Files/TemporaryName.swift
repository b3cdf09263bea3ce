import Glibc
import HealKit

/// The name of a file while it is made: `.<name>.selfheal-<pid>-<random>`, beside the place it is made for.
struct TemporaryName {
    let text: String

    /// A new one for this process.
    init(for name: String) {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        text = Self.prefix(of: name) + "\(getpid())-" + random
    }

    /// The process that made a file of this name for `name`; `nil` when it is not such a name.
    static func maker(of candidate: String, for name: String) -> Int32? {
        let prefix = prefix(of: name)
        guard candidate.hasPrefix(prefix) else { return nil }
        let parts = candidate.dropFirst(prefix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || (parts.count == 3 && DatabaseFiles.suffixes.contains("-\(parts[2])")),
            let pid = Int32(parts[0]), pid > 0, !parts[1].isEmpty, parts[1].count <= 13,
            parts[1].allSatisfy({ $0.isASCII && ($0.isNumber || $0.isLowercase) })
        else { return nil }
        return pid
    }

    /// Names may have 255 bytes: of a long one only the beginning is taken.
    private static func prefix(of name: String) -> String {
        var stem = name
        while stem.utf8.count > 200 { stem.removeLast() }
        return ".\(stem).selfheal-"
    }
}
