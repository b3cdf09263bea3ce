import Testing

@testable import BuiltInPlugins

@Suite struct DatabasePatternTests {
    @Test(arguments: [
        ("*", "", true), ("*", "abc", true), ("a*c", "ac", true), ("a*c", "abbc", true), ("a*c", "abcd", false),
        ("*.db", "x.db", true), ("*.db", "x.db.db", true), ("*.db", "x.dbx", false), ("a*b*c", "a1b2b3c", true),
        ("?", "", false),
        ("?", "é", true), ("??", "a", false), ("[abc]", "b", true), ("[abc]", "d", false), ("[a-c]x", "bx", true),
        ("[!a-c]", "b", false), ("[!a-c]", "d", true), ("[]]", "]", true), ("[a-]", "-", true), ("[x", "[x", true),
        ("[x", "y", false), ("a", "A", false), ("**", "anything", true),
    ])
    func fits(pattern: String, name: String, fits: Bool) {
        #expect(DatabasePattern.fits(Array(name.unicodeScalars)[...], Array(pattern.unicodeScalars)[...]) == fits)
    }

    @Test func aPatternMadeToHangDoesNot() {
        let name = Array(String(repeating: "a", count: 250).unicodeScalars)
        let pattern = Array((String(repeating: "*a", count: 100) + "b").unicodeScalars)
        #expect(!DatabasePattern.fits(name[...], pattern[...]))
    }
}
