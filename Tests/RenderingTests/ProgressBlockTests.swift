import Testing

@testable import Rendering

@Suite struct ProgressBlockTests {
    private static func block(_ style: ProgressBlock.Style = .init(isUnicode: true)) -> ProgressBlock {
        var block = ProgressBlock(style: style)
        block.begin("chunks", total: 1006, at: .zero)
        block.advance("chunks", .init(done: 412, total: 1006, rows: 3000), at: .seconds(11.5))
        block.begin("embeddings", total: 1, at: .seconds(2))
        block.begin("entities", total: nil, at: .seconds(1))
        return block
    }

    private static func texts(_ block: ProgressBlock, at now: Duration, width: Int = 80, height: Int = 24) -> [String] {
        block.lines(at: now, width: width, height: height).map(\.text)
    }

    @Test func aBarForEachAtWork() {
        #expect(
            Self.texts(Self.block(), at: .milliseconds(11_600)) == [
                "▝ chunks     ██████████████▋░░░░░░░░░░░░░░░░░░░░░ 412/1,006, 35/s, 17 s left",
                "▝ embeddings 9.6 s", "▝ entities   10.6 s",
            ])
    }

    @Test func withoutUnicode() {
        #expect(
            Self.texts(Self.block(.init()), at: .milliseconds(11_600), width: 60) == [
                "- chunks     [#####---------] 412/1,006, 35/s, 17 s left", "- embeddings 9.6 s", "- entities   10.6 s",
            ])
    }

    @Test(
        "What a log says",
        arguments: [
            (ProgressBlock.Count(done: 0, total: 1006), 4.0, "d: 0/1,006 units, this step 4.0 s"),
            (.init(done: 412, total: 1006), 1.5, "d: 412/1,006 units, 274/s, 3 s left"),
            (.init(done: 3, total: 6, failed: 2), 2.0, "d: 3/6 units, 1/s, 2 s left, 2 failed"),
            (.init(done: 1, total: 600), 2.9, "d: 1/600 units, 20/min, 28 min 58 s left"),
            (.init(done: 0, total: 1), 90.0, "d: 1 min 30 s"),
            (.init(done: 0, total: 1, rows: 1200), 0.25, "d: 0.2 s, 1,200 rows"),
            (.init(done: 7, total: nil, rows: 5), 3.0, "d: 3.0 s, 7 units, 5 rows"),
            (.init(done: 9, total: 6), 1.0, "d: 9/6 units, 9/s, 0 s left"),
        ])
    func remark(_ count: ProgressBlock.Count, _ seconds: Double, _ expected: String) {
        var block = ProgressBlock()
        block.begin("d", total: count.total, at: .seconds(5))
        block.advance("d", count, at: .seconds(5))
        #expect(block.remark(on: "d", at: .seconds(5 + seconds)) == expected)
        block.end("d")
        #expect(block.remark(on: "d", at: .seconds(9)) == nil && block.isEmpty)
    }

    @Test func aFailureThatIsTriedAgain() {
        var block = ProgressBlock()
        block.begin("d", total: 6, at: .zero)
        block.wait("d", attempt: 2, of: 3, until: .seconds(10))
        #expect(block.remark(on: "d", at: .seconds(7.5)) == "d: 0/6 units, attempt 2 of 3 in 2.5 s")
        #expect(block.remark(on: "d", at: .seconds(11)) == "d: 0/6 units, this step 11.0 s")
        block.advance("d", .init(done: 1, total: 6), at: .seconds(8))
        #expect(block.remark(on: "d", at: .seconds(8)) == "d: 1/6 units, 7/min, 40 s left")
    }

    @Test(
        "What does not fit is counted",
        arguments: [
            (24, 6, nil as String?), (7, 6, nil), (6, 4, "  and 2 more"), (3, 1, "  and 5 more"), (2, 0, "6 at work"),
            (1, 0, "6 at work"), (0, 0, "6 at work"),
        ])
    func tooMany(height: Int, shown: Int, last: String?) {
        var block = ProgressBlock(style: .init())
        for name in "abcdef" { block.begin("data-\(name)", total: 10, at: .zero) }
        let lines = Self.texts(block, at: .zero, height: height)
        #expect(lines.count { $0.contains("data-") } == shown)
        #expect(lines.dropFirst(shown) == (last.map { [$0] } ?? [])[...])
    }

    @Test(arguments: 0..<130) func neverWiderOrHigherThanTheTerminal(width: Int) {
        for isUnicode in [true, false] {
            var block = Self.block(.init(isUnicode: isUnicode))
            block.begin("名前-" + String(repeating: "x", count: 90), total: 3_000_000, at: .zero)
            block.advance(block.names[3], .init(done: 2, total: 3_000_000, failed: 1), at: .seconds(1))
            for height in 0..<8 {
                let lines = block.lines(at: .seconds(5000), width: width, height: height)
                #expect(lines.count <= max(1, height - 1))
                for line in lines {
                    #expect(line.width == DisplayWidth.of(line.text) && line.width <= max(1, width - 3), "\(line)")
                    #expect(isUnicode || line.text.utf8.allSatisfy { $0 < 0x80 }, "\(line)")
                }
            }
        }
    }

    @Test(arguments: [true, false]) func colour(_ color: Bool) {
        let plain = Self.block().lines(at: .seconds(12), width: 80, height: 24)
        let lines = Self.block(.init(isUnicode: true, color: color)).lines(at: .seconds(12), width: 80, height: 24)
        #expect(lines[0].text.contains("\u{1B}[32m█") == color && lines.map(\.width) == plain.map(\.width))
        #expect(color || lines == plain)
    }

    @Test("A long step moves") func moves() {
        let lines = (0..<5).map { Self.texts(Self.block(), at: .seconds(20) + .milliseconds(200) * $0)[1] }
        #expect(Set(lines).count == 5)
    }

    @Test(arguments: [
        (["LANG": "en_US.UTF-8"], true), (["LANG": "C.utf8"], true), (["LANG": "de_DE.UTF-8@euro"], true),
        (["LANG": "C"], false), ([:], false), (["LANG": "en_US.UTF-8", "LC_ALL": "C"], false),
        (["LANG": "C", "LC_CTYPE": "C.UTF-8"], true), (["LANG": "en_US.UTF-8", "LC_ALL": ""], true),
        (["LANG": "de_DE.ISO-8859-1"], false),
    ])
    func locales(_ environment: [String: String], _ isUnicode: Bool) {
        #expect(ProgressBlock.Style.isUnicode(environment) == isUnicode)
    }
}

@Suite struct BlockScreenTests {
    private func lines(_ widths: Int...) -> [ProgressBlock.Line] {
        widths.map { ProgressBlock.Line(text: String(repeating: "x", count: $0), width: $0) }
    }

    @Test func drawsOverWhatStandsThere() {
        var screen = BlockScreen()
        #expect(screen.draw([], columns: 20) == "" && screen.clear(columns: 20) == "")
        #expect(screen.draw(lines(2, 1), columns: 20).hasSuffix("\rxx\u{1B}[K\nx\u{1B}[J"))
        #expect(screen.draw(lines(1, 1, 1), columns: 20) == "\r\u{1B}[1Ax\u{1B}[K\nx\u{1B}[K\nx\u{1B}[J")
        #expect(screen.draw(lines(3), columns: 20) == "\r\u{1B}[2Axxx\u{1B}[J")
        #expect(screen.draw([], columns: 20) == "\r\u{1B}[J" && screen.isEmpty)
    }

    @Test("A terminal that became narrower has broken the lines") func narrower() {
        var screen = BlockScreen()
        _ = screen.draw(lines(20, 9, 11), columns: 40)
        #expect(screen.draw(lines(5), columns: 10) == "\r\u{1B}[4A\u{1B}[Jxxxxx\u{1B}[J")
        _ = screen.draw(lines(20, 20), columns: 40)
        #expect(screen.clear(columns: 7) == "\r\u{1B}[5A\u{1B}[J")
    }
}
