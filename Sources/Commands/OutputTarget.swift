import ArgumentParser
import Rendering

/// Where a rendering of the report goes, as one `--output` says it: `FILE` or `FORMAT=FILE`; `-` is standard output.
struct OutputTarget: Sendable, Hashable {
    /// `nil`: what `--format` says.
    var format: OutputFormat?
    var path: String

    static let standardOutput = "-"

    var isStandardOutput: Bool { path == Self.standardOutput || path == "/dev/stdout" }

    /// What stands before the first `=` is a format when it could be the name of one; a file with such a name is `./a=b`.
    init(_ text: String) throws {
        format = nil
        path = text
        if let equals = text.firstIndex(of: "="), equals != text.startIndex {
            let name = text[..<equals]
            if name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }) {
                guard let format = OutputFormat(rawValue: String(name)) else {
                    let all = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("there is no format '\(name)'; there are: \(all) (a file is ./\(text))")
                }
                self.format = format
                path = String(text[text.index(after: equals)...])
            }
        }
        if path.isEmpty { throw ValidationError("--output \(text): the file has no name") }
    }
}

/// All places that a report goes to.
struct Outputs: Sendable, Hashable {
    struct File: Sendable, Hashable {
        var format: OutputFormat
        var path: String
    }

    /// What standard output holds; `nil` when that is nothing.
    var standard: OutputFormat?
    var files: [File]
    /// The format that whoever called understands: it decides the exit status.
    var spoken: OutputFormat

    init(format: OutputFormat? = nil, _ targets: [OutputTarget] = []) {
        let plain = format ?? .text
        files = targets.filter { !$0.isStandardOutput }.map { File(format: $0.format ?? plain, path: $0.path) }
        let here = targets.first(where: \.isStandardOutput)
        // A file that is named without a format takes the place of standard output.
        let isMoved = targets.contains { $0.format == nil && !$0.isStandardOutput }
        standard = here.map { $0.format ?? plain } ?? (isMoved ? nil : plain)
        spoken = standard ?? plain
    }

    /// Why these cannot stand together.
    static func fault(format: OutputFormat?, _ targets: [OutputTarget]) -> String? {
        let here = targets.filter(\.isStandardOutput)
        if here.count > 1 { return "--output - is given \(here.count) times, and standard output takes one format" }
        let isMoved = targets.contains { $0.format == nil && !$0.isStandardOutput }
        if let format, let other = here.first?.format, !isMoved {
            return "--format \(format.rawValue) and --output \(other.rawValue)=- are both for standard output"
        }
        var paths: Set<String> = []
        for target in targets where !paths.insert(target.path).inserted {
            return "--output \(target.path) is given twice"
        }
        return nil
    }
}

/// The formats of what is no report: lists, and pages of documentation.
enum ListFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
    case text, json

    var output: OutputFormat { self == .json ? .json : .text }
}
