import Testing

@testable import HealManifest

struct GlobPatternTests {
    @Test(arguments: [
        ("*", "a.yaml", true), ("*", ".hidden", false), (".*", ".hidden", true), ("*.yaml", "a.yaml", true),
        ("*.yaml", ".yaml", false), ("*.yaml", "a.yml", false), ("*.yaml", "a.yaml.bak", false), ("a*b*c", "abc", true),
        ("a*b*c", "axxbyyc", true), ("a*b*c", "axxbyy", false), ("a**", "", false), ("?", "a", true),
        ("?", "ab", false),
        ("?", "é", true), ("?", ".", false), ("a?c", "abc", true), ("[abc].yaml", "b.yaml", true),
        ("[abc]", "d", false),
        ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[!a-c]", "d", true), ("[^a-c]", "a", false),
        ("[]a]", "]", true),
        ("[a-]", "-", true), ("[0-9][0-9]*", "07-users", true), ("[0-9][0-9]*", "7-users", false),
        ("[!x]*", ".a", false),
        ("*a", "aaaaab", false), ("*a*", "bbbab", true), ("x*", "x", true),
    ])
    func matching(_ pattern: String, _ name: String, _ fits: Bool) throws {
        // Two stars together are refused in a pattern, so what they would mean is asked of a single one.
        let glob = try GlobPattern(pattern.replacing("**", with: "*"))
        #expect(glob.components[0].elements.matches(name) == fits)
    }

    @Test func hostilePatternIsFast() throws {
        let pattern = try GlobPattern(String(repeating: "*a", count: 200) + "b")
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(!pattern.components[0].elements.matches(String(repeating: "a", count: 250)))
        }
        #expect(time < .seconds(5))
    }

    @Test(arguments: [
        ("", GlobFault.empty), ("/", .absolute), ("/etc/x", .absolute), (".", .empty), ("./", .empty), ("..", .parent),
        ("a/../b", .parent), ("a/..", .parent), ("**", .doubleStar), ("a/**/b", .doubleStar), ("[a", .openBracket),
        ("[]", .openBracket), ("[!]", .openBracket), ("[z-a]", .openBracket), ("a\\b", .unsupported("\\")),
        ("{a}", .unsupported("{")), ("a}", .unsupported("}")), ("a\nb", .controlCharacter), ("a\0b", .controlCharacter),
    ])
    func refused(_ pattern: String, _ fault: GlobFault) {
        #expect(throws: fault) { try GlobPattern(pattern) }
        #expect(!fault.explanation.isEmpty)
    }

    @Test func components() throws {
        let pattern = try GlobPattern("./schemas//*.d/x")
        #expect(pattern.components.count == 3)
        #expect(pattern.components[0] == .literal("schemas"))
        #expect(pattern.components[2].elements == [.character("x")])
        #expect(pattern.hasWildcard)
        #expect(try !GlobPattern("a/b.yaml").hasWildcard)
    }
}
