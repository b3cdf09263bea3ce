import ArgumentParser

/// Where the manifest and the application are.
struct LocationOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp("The manifest.", discussion: "Default: schemas.yaml in the root.", valueName: "file"),
        completion: .manifest)
    var manifest: String?

    @Option(
        help: ArgumentHelp("The application's root.", discussion: "Default: the manifest's folder.", valueName: "dir"),
        completion: .directory)
    var root: String?

    func place() throws(UsageFailure) -> Place { try Place(manifest: manifest, root: root) }
}

/// Where the application is, for commands that need no manifest.
struct RootOption: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("The application's root.", valueName: "dir"), completion: .directory)
    var root: String = "."

    func place() throws(UsageFailure) -> Place { try Place(manifest: nil, root: root) }
}

/// Where plugins are looked for.
struct PluginOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Look for plugins in this folder too, after plugins/ beside the manifest.", valueName: "dir"),
        completion: .directory)
    var pluginPath: [String] = []
}

/// How long something may take, as command lines say it.
enum Seconds {
    /// - Throws: when it is no time, or more than a day.
    static func require(_ seconds: Double, of option: String) throws {
        guard seconds.isFinite, seconds >= 0, seconds <= 86_400 else {
            throw ValidationError("\(option) takes seconds from 0 to 86400")
        }
    }
}
