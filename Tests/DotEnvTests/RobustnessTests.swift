import DotEnv
import Testing

@Suite("Any input is read, in time that grows with its size")
struct RobustnessTests {
    private static let pieces = [
        "A", "B", "export ", "=", "=", ":", " ", "\t", "\n", "\n", "\r", "\r\n", "'", "\"", "`", "\\", "\\\n", "#",
        " #", "$",
        "${", "}", "${A:-", "${A:=", "$(", ")", "(", "[", "]", "{", "~", ";", "&", "|", "<", ">", "+", "é", "\u{a0}",
        "\u{2028}", "\u{feff}", "\u{0}", "1", "-", ".", "x",
    ]

    @Test("Random texts and random bytes", arguments: UInt64(1)...4)
    func random(seed: UInt64) {
        var source = RandomSource(seed: seed)
        for _ in 0..<1500 {
            var bytes = Array(source.text(of: RobustnessTests.pieces, upTo: 30).utf8)
            if Bool.random(using: &source), let index = bytes.indices.randomElement(using: &source) {
                bytes[index] = UInt8.random(in: 0...255, using: &source)
            }
            let lines = 1 + bytes.count { $0 == 0x0A }
            for dialect in EnvDialect.allCases {
                do throws(DotEnvRefusal) {
                    let file = try DotEnvFile.parse(bytes, dialect: dialect)
                    #expect(file.assignments.allSatisfy { (1...lines).contains($0.line) })
                    #expect(file.problems.allSatisfy { (1...lines).contains($0.line) })
                    #expect(file.assignments.map(\.line) == file.assignments.map(\.line).sorted())
                } catch {
                    #expect((1...lines).contains(error.problem.line))
                    #expect(dialect != .node)
                }
            }
            #expect(DotEnvFile.portability(of: bytes).allSatisfy { $0.groups.count > 1 })
        }
    }

    @Test(
        "Much of what could make a reader look again and again", .timeLimit(.minutes(1)),
        arguments: [
            "A=b\n", "\n", " ", "A=\"x\n", "A=\"x\" y\n", "A=\"\\\" x\n", "A='x\\'\n", "A=`x\n", "\\\"#", "A\n\n\n",
            "A=x  ",
            "${", "${A:-", "${A:-x}", "A=$A$A\n", "A+=x\n", "A=\\\n", "A[0\n", "A=1 ", "A=1;", "A=1&&", "$(", "~:",
            "export ",
            "export A\n", "'A\n", "\"x\u{2028}", "A=1\r",
        ])
    func large(piece: String) {
        read(piece, size: 1 << 17)
    }

    @Test(
        "A megabyte", .timeLimit(.minutes(1)),
        arguments: ["NAME_OF_IT='a value' # why\n", "A=\"\\\"#", "A=${B:-$C} D="])
    func megabyte(piece: String) {
        read(piece, size: 1 << 20)
    }

    private func read(_ piece: String, size: Int) {
        let unit = Array(piece.utf8)
        var bytes: [UInt8] = Array("A=".utf8)
        while bytes.count < size {
            bytes += unit
        }
        for dialect in EnvDialect.allCases {
            _ = try? DotEnvFile.parse(bytes, dialect: dialect, environment: ["HOME": "/"])
        }
    }
}
