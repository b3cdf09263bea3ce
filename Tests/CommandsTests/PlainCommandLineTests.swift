import ArgumentParser
import Testing

@testable import Commands

/// The quick reader of command lines and the argument parser agree, wherever the quick one answers at all.
@Suite struct PlainCommandLineTests {
    private func parsed(_ program: Program, _ arguments: [String]) -> RunRequest? {
        switch program {
        case .validateStartup: try? ValidateStartupCommand.parse(arguments).request
        case .autoHeal: try? AutoHealCommand.parse(arguments).request
        case .selfheal: nil
        }
    }

    private static let words = [
        "--check-only", "--dry-run", "--db-only", "--fs-only", "--quiet", "-q", "-v", "--manifest", "--root", "--only",
        "--skip",
        "--format", "json", "text", "nagios", "html", "--output", "junit=a.xml", "-", "x", "a=b", "-x", "--", "",
        "--jobs", "4", "--manifest=x", "--color", "never",
        "--max-risk", "low",
    ]

    @Test(arguments: [Program.validateStartup, .autoHeal]) func agree(program: Program) {
        var state: UInt64 = 42
        var answered = 0
        for _ in 0..<4000 {
            var arguments: [String] = []
            state = state &* 6_364_136_223_846_793_005 &+ 1
            for _ in 0..<(state >> 33) % 6 {
                state = state &* 6_364_136_223_846_793_005 &+ 1
                arguments.append(Self.words[Int((state >> 33) % UInt64(Self.words.count))])
            }
            guard let quick = PlainCommandLine.request(of: program, arguments) else { continue }
            answered += 1
            #expect(quick == parsed(program, arguments), "\(arguments)")
        }
        #expect(answered > 200)
    }

    @Test(arguments: [
        [], ["--check-only"], ["--check-only", "--format", "json"], ["--format", "sarif"],
        ["-q", "--manifest", "a b.yaml", "--root", "r"],
        ["--only", "sqlite", "--only", "env", "--skip", "env.file"],
    ]) func whatIsPlain(arguments: [String]) {
        #expect(PlainCommandLine.request(of: .validateStartup, arguments) == parsed(.validateStartup, arguments))
        #expect(PlainCommandLine.request(of: .validateStartup, arguments) != nil)
    }

    @Test(arguments: [
        ["--help"], ["--version"], ["--check"], ["--check-only", "extra"], ["--dry-run"], ["--manifest"],
        ["--format", "xml"], ["--output", "a"], ["--output", "junit=a"],
        ["--quiet", "--verbose"], ["--root", "-q"], ["--jobs", "0"],
    ]) func whatIsNot(arguments: [String]) {
        #expect(PlainCommandLine.request(of: .validateStartup, arguments) == nil)
    }

    /// A command below others, read alone, is what it is when the whole line is read.
    @Test(arguments: [
        ["data", "heal"], ["data", "heal", "--dry-run", "+a", "tag:x"], ["data", "status", "--format", "json"],
        ["data", "heal", "--target", "0.5", "--jobs", "3", "--no-wait"], ["validate-startup", "--check-only"],
        ["explain", "sqlite.column"], ["data", "quarantine", "replay", "a/1", "b"],
        ["plugins", "new", "x", "--in", "y"],
        ["history", "--", "-1"], ["undo", "3"],
    ]) func aloneOrNot(arguments: [String]) throws {
        let whole = try? SelfHealCommand.parseAsRoot(arguments)
        let alone = PlainCommandLine.command(below: SelfHealCommand.self, arguments)
        #expect((whole == nil) == (alone == nil))
        #expect(shown(alone) == shown(whole))
    }

    private func shown(_ command: (any ParsableCommand)?) -> String {
        var text = ""
        if let command { dump(command, to: &text) }
        return text
    }

    @Test(arguments: [
        [], ["data"], ["nothing"], ["data", "nothing"], ["data", "heal", "--help"], ["data", "heal", "-h"],
        ["--version"],
        ["help", "data", "heal"], ["data", "help", "heal"], ["data", "heal", "--jobs", "0"],
        ["data", "heal", "--nothing"],
        ["data", "heal", "--version"], ["data", "heal", "--generate-completion-script", "bash"],
        ["--help", "data", "heal"],
        ["data", "heal", "--target", "$(id)"], ["plugins"], ["data", "quarantine", "parts"],
    ]) func leftToTheParser(arguments: [String]) {
        #expect(PlainCommandLine.command(below: SelfHealCommand.self, arguments) == nil)
    }
}
