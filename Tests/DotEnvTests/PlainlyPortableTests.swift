import Testing

@testable import DotEnv

@Suite struct PlainlyPortableTests {
    @Test(
        arguments: [
            ("", true), ("# a comment, it's fine\n\nA=b\nB_2=\n", true), ("A=b:c@d%e+f=g,h-i./_", true),
            ("A=b c", false),
            ("A='b'", false), ("A=b\r\n", false), ("A", false), ("=b", false), ("2A=b", false), ("export A=b", false),
            ("A=$B", false), ("UID=1", false), ("__proto__=1", false), ("A=b # c", false), ("A=b\\", false),
            (" A=b", false),
        ])
    func isSaidOf(_ text: String, _ expected: Bool) {
        #expect(DotEnvFile.isPlainlyPortable(Array(text.utf8)) == expected)
    }

    @Test("What is said to be plain is read alike by all", arguments: 0..<300) func agrees(seed: Int) {
        var random = RandomSource(seed: UInt64(seed))
        let pieces = [
            "A=", "BC_1=", "x", "\n", "\n", "#", "# it's \"A=b\" \\", "=", "./:@%+,-", "0", " ", "'", "PATH=", "UID=",
            "IFS=", "$",
        ]
        let bytes = (0..<12).flatMap { _ in Array(pieces.randomElement(using: &random)!.utf8) }
        guard DotEnvFile.isPlainlyPortable(bytes) else { return }
        #expect(DotEnvFile.portability(of: bytes).isEmpty, "\(String(decoding: bytes, as: UTF8.self))")
    }
}
