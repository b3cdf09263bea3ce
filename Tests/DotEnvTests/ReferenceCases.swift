import DotEnv
import Foundation
import Testing

/// The inputs of `Fixtures/dotenv-cases.json`, with what the real readers gave for each.
struct ReferenceCase: Decodable, Sendable, CustomTestStringConvertible {
    /// What one real reader gave.
    struct Outcome: Decodable, Sendable {
        /// The variables; `nil` for a name without a value.
        let values: [String: String?]?

        /// Whether the reader refuses the file or, in the shell's case, prints an error.
        let error: Bool?
    }

    let name: String
    let input: String
    let node: Outcome?
    let python: Outcome?
    let compose: Outcome?
    let shell: Outcome?

    var testDescription: String { name }

    var bytes: [UInt8] { Array(input.utf8) }

    func outcome(_ dialect: EnvDialect) -> Outcome? {
        switch dialect {
        case .node: node
        case .python: python
        case .compose: compose
        case .shell: shell
        }
    }

    static let all: [ReferenceCase] = {
        struct File: Decodable {
            let cases: [ReferenceCase]
        }
        guard
            let url = Bundle.module.url(forResource: "dotenv-cases", withExtension: "json", subdirectory: "Fixtures"),
            let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return file.cases
    }()
}
