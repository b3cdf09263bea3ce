/// Whether a variable holds a credential although nobody said so. A net below `secret: true`, not instead of it.
package enum Credential {
    private static let words: Set<Substring> = [
        "KEY", "KEYS", "APIKEY", "SECRET", "SECRETS", "TOKEN", "TOKENS", "PASSWORD", "PASSWD", "PASSPHRASE", "PWD",
        "CREDENTIAL",
        "CREDENTIALS", "PRIVATE", "DSN", "AUTH",
    ]

    /// How credentials of well-known services begin.
    private static let beginnings = [
        "sk-", "sk_", "pk_", "rk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "AKIA",
        "ASIA",
        "AIza", "ya29.", "eyJ", "SG.", "npm_", "pypi-", "hf_", "dop_v1_", "-----BEGIN",
    ]

    package static func isLikely(name: String, value: String) -> Bool {
        if wordsOf(name).contains(where: words.contains) { return true }
        // A pattern's anchors say nothing.
        let value = value.hasPrefix("^") ? String(value.dropFirst()) : value
        if beginnings.contains(where: value.hasPrefix) { return true }
        return holdsPassword(value) || isRandom(value.hasSuffix("$") ? String(value.dropLast()) : value)
    }

    /// `API_KEY`, `api_key` and `ApiKey` are two words each, in capitals.
    private static func wordsOf(_ name: String) -> [Substring] {
        var spaced = ""
        var previous: Character = "_"
        for character in name {
            if character.isUppercase, previous.isLowercase { spaced.append("_") }
            spaced.append(character)
            previous = character
        }
        return spaced.uppercased().split(separator: "_")
    }

    /// `scheme://user:password@host`
    private static func holdsPassword(_ value: String) -> Bool {
        guard let scheme = value.firstRange(of: "://") else { return false }
        let authority = value[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return false }
        return authority[..<at].contains(":")
    }

    /// A long word of letters and digits in which hardly any character comes again: nobody types such a setting.
    private static func isRandom(_ value: String) -> Bool {
        let bytes = Array(value.utf8)
        guard bytes.count >= 20 else { return false }
        var digits = 0
        var seen: Set<UInt8> = []
        for byte in bytes {
            switch byte {
            case 0x30...0x39: digits += 1
            case 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                break
            default: return false
            }
            seen.insert(byte)
        }
        return digits >= 3 && digits < bytes.count && seen.count >= 12
    }
}
