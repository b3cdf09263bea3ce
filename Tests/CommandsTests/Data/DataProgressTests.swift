import Foundation
import Populating
import Rendering
import Synchronization
import Testing

@testable import Commands

@Suite struct DataProgressTests {
    /// What was written, in order, and when.
    private final class Record: Sendable {
        let texts = Mutex<[String]>([])
        let columns = Mutex(60)

        func add(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }

        func screen(rows: Int = 24) -> [String] {
            var screen = Screen(columns: 60, rows: rows)
            for text in all { screen.feed(text) }
            return screen.text
        }

        func block(rows: Int = 24) -> DataProgress {
            let terminal = DataProgress.Terminal(
                style: .init(), size: { (self.columns.withLock { $0 }, rows) }, draw: { self.add($0) })
            return DataProgress(.block(terminal)) { self.add($0) }
        }
    }

    private func progress(_ done: Int, of total: Int?) -> Populating.Progress {
        var progress = Populating.Progress(total: total)
        progress.finished = done
        return progress
    }

    @Test("The block moves while one step is long") func moves() async throws {
        let record = Record()
        let progress = record.block()
        progress.note(.begins(dataset: "chunks", total: 1), saying: "[HEALING] chunks\n")
        try await Task.sleep(for: .seconds(1.5))
        let frames = Set(record.all)
        #expect(frames.count >= 6, "\(frames)")
        progress.end()
        #expect(record.screen() == ["[HEALING] chunks"])
        let count = record.all.count
        try await Task.sleep(for: .milliseconds(400))
        #expect(record.all.count == count, "nothing is drawn afterwards")
        progress.note(.begins(dataset: "parts", total: 1))
        try await Task.sleep(for: .milliseconds(700))
        #expect(record.all.count >= count + 3, "a second run is shown, too")
        #expect(record.screen().last?.contains(" parts ") == true, "\(record.screen())")
        progress.end()
    }

    @Test("What ends becomes a line above those that go on", arguments: [24, 4]) func above(rows: Int) {
        let record = Record()
        let progress = record.block(rows: rows)
        for name in ["a", "b", "c", "d"] {
            progress.note(.begins(dataset: name, total: 10), saying: "[HEALING] \(name): 10 units\n")
        }
        progress.note(.advances(dataset: "b", self.progress(5, of: 10)))
        progress.note(.ends(DatasetOutcome("a", .done)), saying: "[OK] a\n")
        let screen = record.screen(rows: rows)
        #expect(Array(screen.prefix(5)) == ["a", "b", "c", "d"].map { "[HEALING] \($0): 10 units" } + ["[OK] a"])
        #expect(screen.count == 8 && screen[5].dropFirst().hasPrefix(" b [####"), "\(screen)")
        #expect(screen[7].dropFirst().hasPrefix(" d ["), "\(screen)")
        progress.note(.begins(dataset: "e", total: 10))
        #expect(record.screen(rows: rows).last?.contains("and 2 more") == (rows == 4), "\(record.screen(rows: rows))")
        progress.end()
        progress.say("[INFO] the end\n")
        #expect(
            record.screen(rows: rows)
                == ["a", "b", "c", "d"].map { "[HEALING] \($0): 10 units" } + ["[OK] a", "[INFO] the end"])
    }

    @Test("Events of many threads at once leave every line whole") func together() async {
        let record = Record()
        let progress = record.block(rows: 12)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    progress.note(.begins(dataset: "d\(number)", total: 5), saying: "[HEALING] d\(number)\n")
                    for done in 1...5 {
                        progress.note(.advances(dataset: "d\(number)", self.progress(done, of: 5)))
                    }
                    progress.note(.ends(DatasetOutcome("d\(number)", .done)), saying: "[OK] d\(number)\n")
                }
            }
        }
        let screen = record.screen(rows: 12)
        #expect(Set(screen) == Set((0..<20).flatMap { ["[HEALING] d\($0)", "[OK] d\($0)"] }))
        #expect(screen.count == 40)
        withExtendedLifetime(progress) {}
    }

    @Test("Thousands of steps are not as many frames") func manySteps() {
        let record = Record()
        let progress = record.block()
        progress.note(.begins(dataset: "chunks", total: 20_000))
        let start = ContinuousClock.now
        for done in 1...20_000 { progress.note(.advances(dataset: "chunks", self.progress(done, of: 20_000))) }
        let frames = start.duration(to: .now) / .milliseconds(100)
        #expect(Double(record.all.count) <= frames + 3, "\(record.all.count)")
        withExtendedLifetime(progress) {}
    }

    @Test("A window that changes its width is seen") func width() async throws {
        let record = Record()
        let progress = record.block()
        progress.note(.begins(dataset: "chunks", total: 100))
        progress.note(.advances(dataset: "chunks", self.progress(50, of: 100)))
        try await Task.sleep(for: .milliseconds(500))
        #expect(record.all.contains { $0.contains("[####") })
        record.columns.withLock { $0 = 12 }
        try await Task.sleep(for: .milliseconds(500))
        let last = try #require(record.all.last)
        progress.end()
        #expect(!last.contains("[#") && last.filter { $0 != "\r" }.count <= 9 + 3, "\(last)")
    }

    @Test("Without a terminal each at work is told of from time to time") func periodicLines() async throws {
        let record = Record()
        let progress = DataProgress(.lines(every: .milliseconds(200))) { record.add($0) }
        progress.note(.begins(dataset: "chunks", total: 1006), saying: "[HEALING] chunks: 1006 units\n")
        progress.note(.advances(dataset: "chunks", self.progress(412, of: 1006)))
        progress.note(.begins(dataset: "quick", total: 1))
        progress.note(.ends(DatasetOutcome("quick", .done)), saying: "[OK] quick\n")
        try await Task.sleep(for: .seconds(1.5))
        let lines = record.all
        #expect(lines.prefix(2) == ["[HEALING] chunks: 1006 units\n", "[OK] quick\n"])
        #expect((3...8).contains(lines.count - 2), "\(lines)")
        for line in lines.dropFirst(2) {
            #expect(line.contains(/^\[HEALING\] chunks: 412\/1,006 units, [0-9,]+\/s, [0-9]+ s left\n$/), "\(line)")
        }
        progress.note(.ends(DatasetOutcome("chunks", .done)))
        let count = record.all.count
        try await Task.sleep(for: .milliseconds(500))
        #expect(record.all.count == count)
        #expect(DataProgress.interval == .seconds(30))
    }

    @Test func nothingBesideLinesOfJSON() async throws {
        let record = Record()
        let progress = DataProgress(.nothing) { record.add($0) }
        progress.note(.begins(dataset: "chunks", total: 9), saying: "{}\n")
        try await Task.sleep(for: .milliseconds(300))
        #expect(record.all == ["{}\n"])
    }
}

/// `selfheal data heal` on a terminal.
@Suite struct DataTerminalTests {
    private static let manifest = """
        version: 1
        datasets:
          docs:
            relation: {database: app.db, table: docs}
          parts:
            relation: {database: app.db, table: parts}
            depends_on: [docs]
            unit: {parent: docs, key: id, column: doc}
            batch: 1
            populate: {command: [/bin/sh, slow.sh]}
          whole:
            relation: {database: app.db, table: whole}
            populate: {command: [/bin/sh, -c, "sleep 2; echo '{\\"x\\": 1}'"]}

        """

    /// Runs a program on a terminal of its own and prints what it sent there, as JSON: a list of the time and the text of each
    /// piece, and the exit status. Arguments: columns, rows, what happens after a second (`no`, `interrupt` or new columns), the
    /// program and its arguments.
    private static let driver = """
        import fcntl, json, os, pty, select, struct, sys, termios, time
        columns, rows, action = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        def size(fd, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        process, terminal = pty.fork()
        if process == 0:
            time.sleep(0.3)
            os.execv(sys.argv[4], sys.argv[4:])
        size(terminal, columns)
        start, pieces, first = time.monotonic(), [], None
        while True:
            now = time.monotonic()
            if action != 'no' and first and now - first > 1:
                if action == 'interrupt': os.write(terminal, b'\\x03')
                else: size(terminal, int(action))
                pieces.append([now - start, '@'])
                action = 'no'
            if now - start > 60: os.kill(process, 9)
            if not select.select([terminal], [], [], 0.05)[0]: continue
            try: data = os.read(terminal, 65536)
            except OSError: break
            if not data: break
            first = first or time.monotonic()
            pieces.append([time.monotonic() - start, data.decode('utf-8', 'replace')])
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        print(json.dumps({'pieces': pieces, 'status': status}))
        """

    private struct Session: Decodable {
        struct Piece: Decodable {
            var time: Double
            var text: String
            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                time = try values.decode(Double.self)
                text = try values.decode(String.self)
            }
        }
        var pieces: [Piece]
        var status: Int32
        var all: String { pieces.map(\.text).filter { $0 != "@" }.joined() }

        func screen(_ columns: Int, _ rows: Int) -> [String] {
            var screen = Screen(columns: columns, rows: rows)
            screen.feed(all)
            return screen.text
        }
    }

    private func session(
        _ columns: Int = 80, _ rows: Int = 24, _ action: String = "no",
        environment: String = "LC_ALL=C.UTF-8 TERM=xterm",
        arguments: String = ""
    ) async throws -> Session {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.manifest)
        try sandbox.write("driver.py", Self.driver)
        try sandbox.write(
            "slow.sh", #"sed 's/.*"id":\([0-9]*\).*/\1/' | while read id; do sleep 0.5; echo "{\"doc\":$id}"; done"#)
        _ = try await sandbox.sqlite(
            "app.db",
            "CREATE TABLE docs(id INTEGER PRIMARY KEY); INSERT INTO docs VALUES (1),(2),(3),(4),(5),(6);"
                + "CREATE TABLE parts(doc INTEGER); CREATE TABLE whole(x INTEGER)")
        let answer = try await sandbox.shell(
            """
            unset NO_COLOR
            \(environment) /usr/bin/python3 driver.py \(columns) \(rows) \(action) $BIN/selfheal data heal \(arguments)
            """)
        return try JSONDecoder().decode(Session.self, from: Data(answer.output.utf8))
    }

    @Test func barsAtOnceThatMoveAndGo() async throws {
        let session = try await session()
        #expect(session.status == 0, "\(session.all)")
        let draws = session.pieces.filter {
            $0.text.contains("parts") && $0.text.contains("whole") && $0.text.contains("░")
        }
        let first = try #require(draws.first)
        let last = try #require(draws.last)
        #expect(Double(draws.count) / (last.time - first.time) >= 5, "\(draws.count) in \(last.time - first.time) s")
        #expect(session.all.contains("█") && session.all.contains("\u{1B}[32m"), "\(session.all)")
        let screen = session.screen(80, 24)
        #expect(screen.count >= 5 && screen.allSatisfy { $0.hasPrefix("[") }, "\(screen)")
        #expect(screen.last?.hasPrefix("[INFO] readiness 100 %") == true, "\(screen)")
    }

    @Test(
        "Nothing that the terminal cannot show",
        arguments: [
            ("LC_ALL=C TERM=xterm", true, true, false), ("LC_ALL=C.UTF-8 TERM=xterm NO_COLOR=1", true, false, true),
            ("LC_ALL=C.UTF-8 TERM=dumb", false, false, false), ("LC_ALL=C.UTF-8 TERM=", false, false, false),
        ])
    func plainer(_ environment: String, _ hasBlock: Bool, _ hasColor: Bool, _ hasUnicode: Bool) async throws {
        let session = try await session(environment: environment)
        #expect(session.status == 0, "\(session.all)")
        #expect(session.all.contains("\u{1B}[J") == hasBlock, "\(session.all)")
        #expect(session.all.contains("\u{1B}[32m[") == (hasColor && !hasUnicode), "\(session.all)")
        #expect(session.all.contains("\u{1B}[32m") == hasColor, "\(session.all)")
        #expect(session.all.contains("█") == hasUnicode, "\(session.all)")
        #expect(hasUnicode || session.all.unicodeScalars.allSatisfy(\.isASCII), "\(session.all)")
        #expect(session.screen(80, 24).allSatisfy { $0.hasPrefix("[") })
    }

    @Test func gonePromptlyWhenInterrupted() async throws {
        let session = try await session(80, 24, "interrupt")
        #expect(session.status == 1, "\(session.all)")
        #expect(session.all.contains("^C") && session.all.contains("░"), "\(session.all)")
        let screen = session.screen(80, 24)
        #expect(screen.allSatisfy { $0.hasPrefix("[") }, "\(screen)")
        #expect(screen.contains { $0.hasPrefix("[WARNING] stopped on request") }, "\(screen)")
    }

    @Test func aWindowThatBecomesNarrower() async throws {
        let session = try await session(80, 24, "30")
        #expect(session.status == 0, "\(session.all)")
        let change = try #require(session.pieces.firstIndex { $0.text == "@" })
        // The first after the change may have been drawn before it.
        let after = session.pieces[change...].dropFirst(2).map(\.text).filter {
            $0.contains("parts ") && $0.contains("\u{1B}[J")
        }
        #expect(after.count >= 3)
        for text in after {
            let plain = text.replacing(/\u{1B}\[[0-9;]*[A-Za-z]/, with: "")
            let widths = plain.split(whereSeparator: \.isNewline)
                .filter { !$0.hasPrefix("[") }.map(\.count)
            #expect(widths.allSatisfy { $0 <= 27 }, "\(text.debugDescription)")
        }
        #expect(session.pieces[..<change].contains { $0.text.contains("░░░░░") })
    }

    @Test func aLowTerminal() async throws {
        let session = try await session(80, 2)
        #expect(session.status == 0 && session.all.contains("2 at work"), "\(session.all)")
    }

    @Test("Lines of JSON are all that there is, also on a terminal") func json() async throws {
        let session = try await session(arguments: "--format json")
        #expect(!session.all.contains("\u{1B}") && session.all.contains(#""event":"finished""#), "\(session.all)")
    }
}
