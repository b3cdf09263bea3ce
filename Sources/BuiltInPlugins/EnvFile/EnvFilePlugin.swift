import DotEnv
import HealKit
import HealModel
import ManifestShape

/// The environment file: created from its template, and the variables that the application reads from it.
public enum EnvFilePlugin: Plugin {
    public static let key = "env"
    public static let checks = [EnvironmentFile.descriptor]

    public struct Variable: Sendable, Hashable {
        var type = VariableType.string
        var required = false
        var secret = false
        var defaultValue: String?
        var pattern: ValuePattern?
        var values: [String] = []
        var hint: String?
    }

    public struct Section: Sendable, Hashable {
        var file = PathText(text: ".env")
        var template: ResourcePath?
        var dialect = EnvDialect.compose
        var variables: [Keyed<Variable>] = []
    }

    static let variable = Shape.object(
        "What a variable must look like.", Variable(),
        [
            Field("type", { $0.type = $1 }, .choice, "What its value is."),
            Field(
                "required", { $0.required = $1 }, .boolean,
                "Without it the application cannot start: missing is critical, not a warning."),
            Field("secret", { $0.secret = $1 }, .boolean, "Its value is never shown, logged or recorded."),
            Field(
                "default", { $0.defaultValue = $1 }, Shape.scalarText.optional,
                "What the application takes when it is not set."),
            Field(
                "pattern", { $0.pattern = $1 }, pattern.optional,
                "A regular expression that the value must match somewhere."),
            Field("values", { $0.values = $1 }, .list(of: .scalarText), "The allowed values of an enum."),
            Field("hint", { $0.hint = $1 }, Shape.text.optional, "What a person is told when it is missing."),
        ])

    private static let pattern = Shape<String>.text.map { (text: String) throws(ShapeFailure) -> ValuePattern in
        guard let pattern = ValuePattern(text) else {
            throw ShapeFailure("the pattern is not a regular expression that can be read")
        }
        return pattern
    }

    public static let shape: Shape<Located<Section>> = Shape.object(
        "The environment file and its variables.", Section(),
        [
            Field("file", { $0.file.text = $1 }, .name, "The file, below the root; .env unless said otherwise."),
            PathText.outsideRootField { $1(&$0.file) },
            Field("template", { $0.template = $1 }, Shape.path.optional, "What it is copied from when it is missing."),
            Field("dialect", { $0.dialect = $1 }, .choice, "How the application reads the file."),
            Field(
                "variables", { $0.variables = $1 }, .dictionary(of: variable, keyFault: variableNameFault),
                "The variables that the application reads, by name."),
        ]
    ).located

    private static func variableNameFault(_ name: String) -> String? {
        let fine = { (byte: UInt8) in
            (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F || (0x30...0x39).contains(byte)
        }
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.allSatisfy(fine) else {
            return "a variable's name holds letters, digits and _ only, and does not begin with a digit"
        }
        return nil
    }

    public static func makeChecks(
        _ settings: Located<Section>, context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check] {
        for variable in settings.value.variables where variable.value.type == .oneOf && variable.value.values.isEmpty {
            problems.add(variable.location, "an enum needs its allowed 'values'")
        }
        for variable in settings.value.variables where variable.value.type != .oneOf && !variable.value.values.isEmpty {
            problems.add(variable.location, "'values' belongs to 'type: enum'")
        }
        do throws(ShapeFailure) {
            let path = try settings.value.file.resolved()
            return [
                EnvironmentFile(
                    path: path, template: settings.value.template, dialect: settings.value.dialect,
                    variables: settings.value.variables, source: settings.location)
            ]
        } catch {
            problems.add(settings.location, error.message)
            return []
        }
    }
}
