import HealManifest
import Testing

/// A sound manifest, damaged in thousands of ways: reading it always ends, with a tree or with faults that have a
/// place.
struct FuzzTests {
    private static let seed = """
        version: 1
        app: &name dynamic-pricing
        env:
          file: ${ENV_FILE:-.env}
          template: '.env.example'
          variables:
            KEY: {secret: true, required: false, default: "$${literal}"}
            PORT: &port {type: port, default: 8000}
            OTHER: *port
        directories:
          - data
          - {path: data/cache, mode: "0750"}
        databases:
          app/data.db:
            tables:
              product_catalog:
                columns:
                  id: INTEGER PRIMARY KEY
                  price: REAL NOT NULL DEFAULT 0 CHECK (price >= 0)
                  note: |
                    TEXT
                    NOT NULL
                indexes: {idx: [id, "price DESC"]}
        policy: {max_risk: medium, severity: {sqlite.index: warning}}
        """

    private static let pieces = [
        "\t", "\0", "\r", "\u{FEFF}", "&a ", "*a", "*name", "!!x ", "<<: ", "---\n", "...\n", "%YAML 1.1\n", "? ", ": ",
        "- ", "[",
        "]", "{", "}", ",", "\"", "'", "|", ">", "#", "@", "`", "${", "}", "$${", "${X:-", "\n", "\n  ", "é", "\\",
        "\\x00",
        "99999999999999999:59:59", "include: [x]\n", "version: 2\n",
    ].map { Array($0.utf8) }

    /// SplitMix64: the same numbers in every run.
    struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    @Test(arguments: 0..<8)
    func damagedManifest(_ run: UInt64) {
        var numbers = Numbers(state: run)
        let seed = Array(Self.seed.utf8)
        let clock = ContinuousClock()
        for _ in 0..<1000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &numbers) { Self.damage(&bytes, &numbers) }
            let started = clock.now
            let found = faults(bytes)
            #expect(clock.now - started < .seconds(5))
            for line in found.split(separator: "\n") where line.hasPrefix("schemas.yaml:") == false {
                #expect(line.hasPrefix("and "), "a fault without a place: \(line)")
            }
        }
    }

    private static func damage(_ bytes: inout [UInt8], _ numbers: inout Numbers) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &numbers)
        let other = Int.random(in: 0..<bytes.count, using: &numbers)
        let range = min(place, other)..<min(max(place, other), min(place, other) + 200)
        switch Int.random(in: 0..<7, using: &numbers) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
        case 2: bytes.removeSubrange(range)
        case 3: bytes.insert(contentsOf: Array(bytes[range]), at: place)
        case 4: bytes.removeSubrange(place...)
        case 5: bytes.swapAt(place, other)
        default: bytes.insert(contentsOf: pieces.randomElement(using: &numbers) ?? [], at: place)
        }
    }
}
