import HealModel
import ManifestShape

/// Another YAML file than a manifest, read by the same rules and within the same limits; variables mean nothing in it.
public enum YAMLFile {
    /// The file's tree; `nil` when it is empty, or after adding what is wrong with it to `problems`.
    public static func node(_ bytes: [UInt8], file: String, _ problems: inout ManifestProblems) -> ManifestNode? {
        guard bytes.count <= ManifestLimits.bytes else {
            problems.add(SourceLocation(file: file, line: 1, column: 1), "the file is too large")
            return nil
        }
        var budget = ManifestBudget()
        budget.bytes = bytes.count
        let outcome = Composer.compose(bytes, file: file, environment: [:], budget: budget)
        problems.add(contentsOf: outcome.problems)
        if outcome.root == nil, outcome.problems.isEmpty {
            problems.add(SourceLocation(file: file, line: 1, column: 1), "the file is empty")
        }
        return outcome.root
    }
}
