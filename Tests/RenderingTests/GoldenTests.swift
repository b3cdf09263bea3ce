import Foundation
import HealModel
import Rendering
import Testing

/// A report, how it is shown, and the file that holds what it must look like.
struct Golden: Sendable, CustomTestStringConvertible {
    var sample: Sample
    var layout: TextLayout
    var style = TextStyle.plain
    var format = OutputFormat.text
    var variant = ""

    var output: String {
        format.renderer(layout: layout, style: style, explanations: OtherGoldens.kinds).render(sample.report)
    }

    /// Named with the exit status, so that a listing tells what is expected: `missing-column.exit1.txt`.
    var file: String {
        let name = sample.rawValue.reduce(into: "") { name, character in
            name += character.isUppercase ? "-\(character.lowercased())" : String(character)
        }
        let folder = format == .text ? layout.rawValue : format.rawValue
        let end =
            switch format {
            case .text, .nagios: "txt"
            case .json, .sarif: "json"
            case .junit: "xml"
            case .tap: "tap"
            case .github: "log"
            case .prometheus: "prom"
            case .markdown: "md"
            case .html: "html"
            }
        return "\(folder)/\(name)\(variant.isEmpty ? "" : ".\(variant)").exit\(sample.report.exitStatus).\(end)"
    }

    var testDescription: String { file }

    static let all: [Golden] = {
        var all: [Golden] = []
        for sample in Sample.allCases {
            let layout: TextLayout = sample.report.tool == "validate-startup" ? .validation : .healing
            all.append(Golden(sample: sample, layout: layout))
            all.append(
                Golden(sample: sample, layout: layout, style: TextStyle(verbosity: .quiet), variant: "quiet"))
        }
        for sample in [Sample.missingColumnHealed, .failures, .blocked, .dryRun, .medium] {
            let layout: TextLayout = sample.report.tool == "validate-startup" ? .validation : .healing
            all.append(
                Golden(sample: sample, layout: layout, style: TextStyle(verbosity: .verbose), variant: "verbose"))
            all.append(
                Golden(sample: sample, layout: layout, style: TextStyle(color: true, width: 72), variant: "terminal"))
        }
        // The layout follows from the tool, but nothing depends on that.
        for sample in [Sample.dryRun, .stray, .failures, .unneeded] {
            all.append(Golden(sample: sample, layout: .validation))
        }
        all.append(Golden(sample: .medium, layout: .healing))
        for sample in [Sample.missingEnv, .dryRun] {
            all.append(Golden(sample: sample, layout: .validation, format: .json))
        }
        for format in OutputFormat.allCases where ![.text, .json].contains(format) {
            for sample in [Sample.healthy, .missingEnv, .failures, .blocked, .dryRun, .faults, .stray, .empty] {
                all.append(Golden(sample: sample, layout: .validation, format: format))
            }
        }
        return all
    }()
}

/// The files beside the tests, and the texts that they hold.
enum Fixtures {
    static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    /// Compares with a file. With `SELFHEAL_UPDATE_GOLDENS` set, writes it instead and fails: a run that writes what it
    /// expects has tested nothing.
    static func expect(_ text: String, in name: String, at location: Testing.SourceLocation = #_sourceLocation) throws {
        let file = folder.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["SELFHEAL_UPDATE_GOLDENS"] != nil {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            Issue.record("\(name) was written, not compared", sourceLocation: location)
            return
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(text == expected, "\(name)", sourceLocation: location)
    }
}

@Suite struct GoldenTests {
    @Test(arguments: Golden.all) func looksAsExpected(_ golden: Golden) throws {
        try Fixtures.expect(golden.output, in: golden.file)
    }

    @Test func everyFileIsExpectedBySomeTest() throws {
        let files = try FileManager.default.subpathsOfDirectory(atPath: Fixtures.folder.path)
        let known = Set(Golden.all.map(\.file)).union(OtherGoldens.files)
        let ends = ["txt", "json", "md", "xml", "tap", "log", "prom", "html"]
        #expect(Set(files.filter { file in ends.contains { file.hasSuffix(".\($0)") } }) == known)
        #expect(Set(Golden.all.map(\.file)).count == Golden.all.count)
    }
}
