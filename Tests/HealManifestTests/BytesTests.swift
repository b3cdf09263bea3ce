import HealManifest
import Testing

/// What a file may consist of, before YAML comes into it.
struct BytesTests {
    static let good = Array("version: 1\napp: shop\n".utf8)

    @Test(
        arguments: [
            ([0xEF, 0xBB, 0xBF] + good, "a mark at the start"),
            (Array("version: 1\r\napp: shop\r\n".utf8), "Windows line ends"),
            (Array("version: 1\napp: shop".utf8), "no line end at the end"),
            (Array("version: 1\napp: shop # ключ 𝄞 ø\n".utf8), "characters of every length"),
            (Array("version:\t1\napp: shop\t# tab\n".utf8), "tabs between words"),
        ] as [([UInt8], String)])
    func isRead(_ bytes: [UInt8], _ what: String) throws {
        #expect(try load(bytes).core.app == "shop", "\(what)")
    }

    @Test(
        arguments: [
            ([0xFF], 1, 1, 1),
            ([0x61, 0x80], 2, 1, 2),
            ([0x61, 0x0A, 0xC3, 0xA9, 0x62, 0xC3], 6, 2, 3),
            ([0xC0, 0xAF], 1, 1, 1),  // an overlong slash
            ([0xE0, 0x80, 0xAF], 1, 1, 1),
            ([0xED, 0xA0, 0x80], 1, 1, 1),  // half of a surrogate pair
            ([0xF4, 0x90, 0x80, 0x80], 1, 1, 1),  // beyond Unicode
            ([0xF5, 0x80, 0x80, 0x80], 1, 1, 1),
            ([0xE2, 0x82], 1, 1, 1),  // cut short
            ([0xE2, 0x28, 0xA1], 1, 1, 1),
            ([0xEF, 0xBB, 0xBF, 0x61, 0xFE], 5, 1, 2),
        ] as [([UInt8], Int, Int, Int)])
    func notUTF8(_ bytes: [UInt8], _ byte: Int, _ line: Int, _ column: Int) {
        #expect(
            faults(bytes)
                == "schemas.yaml:\(line):\(column): the file is not UTF-8: byte \(byte) of it begins no character")
    }

    @Test(
        arguments: [
            ([0xFF, 0xFE, 0x76, 0x00], "UTF-16"),
            ([0xFE, 0xFF, 0x00, 0x76], "UTF-16"),
            ([0x76, 0x00, 0x65, 0x00], "UTF-16"),
            ([0x00, 0x76, 0x00, 0x65], "UTF-16"),
            ([0xFF, 0xFE, 0x00, 0x00], "UTF-32"),
            ([0x00, 0x00, 0xFE, 0xFF], "UTF-32"),
        ] as [([UInt8], String)])
    func anotherEncoding(_ bytes: [UInt8], _ name: String) {
        #expect(faults(bytes) == "schemas.yaml:1:1: the file is \(name); save it as UTF-8")
    }

    @Test(arguments: [
        ("a: \0b", "1:4: the file holds a NUL character"),
        ("a: 1\nb: \u{7}", "2:4: the file holds a control character (U+0007)"),
        ("a: \u{1B}[31m", "1:4: the file holds a control character (U+001B)"),
        ("a: \u{7F}", "1:4: the file holds a control character (U+007F)"),
        ("é: \u{85}", "1:4: the file holds a control character (U+0085)"),
        ("a: 1\rb: 2\n", "1:5: a carriage return without a line feed; end lines with a line feed"),
        ("a: 1\r", "1:5: a carriage return without a line feed; end lines with a line feed"),
        ("a: \u{2028}b", "1:4: YAML readers disagree on whether U+2028 ends a line; remove it"),
        ("a: \u{2029}b", "1:4: YAML readers disagree on whether U+2029 ends a line; remove it"),
        ("a: \u{FEFF}b", "1:4: a byte order mark inside the file; remove it"),
        ("a: \u{FFFF}b", "1:4: the file holds U+FFFF, which is no character"),
    ])
    func characterWithoutPlace(_ text: String, _ fault: String) {
        #expect(faults(text) == "schemas.yaml:" + fault)
    }

    /// Escapes bring in what the text may not hold.
    @Test(arguments: [
        (#"\x80"#, true), (#"\x85"#, true), (#"é\x9f"#, true), (#"\x7f"#, true), (#"\x01"#, true), (#"\xa0"#, false),
        (#"\xc2"#, false), (#"\xe9\x9f"#, true), (#"Â\xA0"#, false), (#"\u0100"#, false), (#"\u2085"#, false),
        (#"\U0001F485"#, false), (#"\t\n"#, false), ("a", false),
    ])
    func controlCharactersOfEscapes(_ text: String, _ isFault: Bool) {
        let found = faults(Array("app: \"\(text)\"\n".utf8))
        #expect((found == "schemas.yaml:1:6: the value holds a control character") == isFault, "\(found)")
    }

    /// Keys of long mappings are found in another way than those of short ones.
    @Test(arguments: [2, 3, 15, 16, 17, 18, 40], [0, 1])
    func keyGivenTwice(_ count: Int, _ twice: Int) {
        var lines = (0..<count).map { "  k\($0): {}" }
        #expect(faults(Array(("databases:\n" + lines.joined(separator: "\n")).utf8)).contains("twice") == false)
        let place = twice == 0 ? 0 : count - 1
        lines.append(lines[place])
        #expect(
            faults(Array(("databases:\n" + lines.joined(separator: "\n") + "\n").utf8)).contains(
                "schemas.yaml:\(count + 2):3: the key 'k\(place)' is given twice; first at schemas.yaml:\(place + 2):3")
        )
    }
}
