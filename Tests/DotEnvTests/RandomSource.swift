/// Random numbers that are the same in every run (SplitMix64).
struct RandomSource: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A text of up to so many pieces.
    mutating func text(of pieces: [String], upTo count: Int) -> String {
        (0..<Int.random(in: 0...count, using: &self))
            .map { _ in pieces.randomElement(using: &self) ?? "" }
            .joined()
    }

    /// Values with all that readers stumble over.
    static func values(seed: UInt64, count: Int) -> [String] {
        let plain = "abcXYZ019_./:@%+=,- \t\n'\"`\\$#{}()[]!*?~&|;<>^é".map(String.init)
        let special = [
            "${", "\\\\", "\\n", "export ", "$A", "\u{301}", "\u{a0}", "😀", "\u{2028}", "\u{85}", "\u{feff}",
        ]
        var source = RandomSource(seed: seed)
        return (0..<count).map { _ in source.text(of: plain + special, upTo: 10) }
    }
}
