import HealKit
import HealModel
import ManifestShape

/// Files the application needs, made from templates where there are any.
public enum FilesPlugin: Plugin {
    public static let key = "files"
    public static let checks = [RequiredFile.descriptor]

    public struct Entry: Sendable, Hashable {
        var path = PathText()
        var template: ResourcePath?
        var mode: FileMode?
    }

    public static let shape: Shape<[Located<Entry>]> = {
        let short = Shape<String>.name.map { (text: String) throws(ShapeFailure) -> Entry in
            Entry(path: PathText(text: text))
        }
        let long = Shape.object(
            "A file the application needs.", Entry(),
            PathText.fields { $1(&$0.path) } + [
                Field(
                    "template", { $0.template = $1 }, Shape.path.optional, "The file it is copied from when missing."),
                Field("mode", { $0.mode = $1 }, Shape.fileMode.optional, "Its permission bits, in quotes: \"0640\"."),
            ])
        return Shape.list(of: Shape.either(short: short, long: long).located)
            .described("Files the application needs; missing ones are copied from their template.")
    }()

    public static func makeChecks(
        _ settings: [Located<Entry>], context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check] {
        var checks: [any Check] = []
        for entry in settings {
            do throws(ShapeFailure) {
                let path = try entry.value.path.resolved()
                checks.append(
                    RequiredFile(
                        path: path, template: entry.value.template, mode: entry.value.mode, source: entry.location))
            } catch {
                problems.add(entry.location, error.message)
            }
        }
        return checks
    }
}
