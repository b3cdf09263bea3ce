import HealKit
import HealModel
import ManifestShape

/// Directories the application needs.
public enum DirectoriesPlugin: Plugin {
    public static let key = "directories"
    public static let checks = [RequiredDirectory.descriptor]

    public struct Entry: Sendable, Hashable {
        var path = PathText()
        var mode: FileMode?
        var writable = true
    }

    public static let shape: Shape<[Located<Entry>]> = {
        let short = Shape<String>.name.map { (text: String) throws(ShapeFailure) -> Entry in
            Entry(path: PathText(text: text))
        }
        let long = Shape.object(
            "A directory the application needs.", Entry(),
            PathText.fields { $1(&$0.path) } + [
                Field("mode", { $0.mode = $1 }, Shape.fileMode.optional, "Its permission bits, in quotes: \"0750\"."),
                Field(
                    "writable", { $0.writable = $1 }, .boolean,
                    "Whether the application writes into it; true unless said otherwise."),
            ])
        return Shape.list(of: Shape.either(short: short, long: long).located)
            .described("Directories the application needs; missing ones are created.")
    }()

    public static func makeChecks(
        _ settings: [Located<Entry>], context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check] {
        var checks: [any Check] = []
        for entry in settings {
            do throws(ShapeFailure) {
                let path = try entry.value.path.resolved()
                checks.append(
                    RequiredDirectory(
                        path: path, mode: entry.value.mode, writable: entry.value.writable, source: entry.location))
            } catch {
                problems.add(entry.location, error.message)
            }
        }
        return checks
    }
}
