import HealManifest
import HealModel
import ManifestShape

/// Files in memory: what a manifest reads in tests that are about something other than the disk.
struct MemorySource: ManifestSource {
    var files: [String: [UInt8]]

    init(_ files: [String: String]) { self.files = files.mapValues { Array($0.utf8) } }
    init(bytes: [UInt8]) { files = ["schemas.yaml": bytes] }

    func read(_ path: String, within folder: String?, limit: Int) throws(ManifestSourceError) -> [UInt8] {
        guard let bytes = files[path] else { throw .missing }
        guard bytes.count <= limit else { throw .tooLarge }
        return bytes
    }

    func list(_ path: String, within folder: String) throws(ManifestSourceError) -> [ManifestSourceItem] {
        let prefix = path == "." ? "" : path.hasSuffix("/") ? path : path + "/"
        var items: Set<ManifestSourceItem> = []
        for file in files.keys where file.hasPrefix(prefix) {
            let parts = file.dropFirst(prefix.count).split(separator: "/")
            guard let name = parts.first else { continue }
            items.insert(ManifestSourceItem(name: String(name), isDirectory: parts.count > 1))
        }
        if items.isEmpty { throw .missing }
        return Array(items)
    }
}

/// Loads a manifest that consists of one text.
func load(
    _ text: String, environment: [String: String] = [:], sections: [ManifestSection] = Sample.sections
) throws(ManifestProblems) -> ManifestDocument {
    try load(Array(text.utf8), environment: environment, sections: sections)
}

func load(
    _ bytes: [UInt8], environment: [String: String] = [:], sections: [ManifestSection] = Sample.sections
) throws(ManifestProblems) -> ManifestDocument {
    try ManifestDocument.load(
        path: "schemas.yaml", sections: sections, source: MemorySource(bytes: bytes), environment: environment)
}

/// All faults of a manifest, those of its sections too, as lines.
func faults(
    path: String = "schemas.yaml", source: any ManifestSource, environment: [String: String] = [:]
) -> String {
    var problems = ManifestProblems()
    let document = ManifestDocument.read(
        path: path, sections: Sample.sections, source: source, environment: environment, &problems)
    if let document { Sample.decode(document, &problems) }
    return problems.sorted.description
}

func faults(_ text: String, environment: [String: String] = [:]) -> String {
    faults(source: MemorySource(["schemas.yaml": text]), environment: environment)
}

func faults(_ bytes: [UInt8]) -> String { faults(source: MemorySource(bytes: bytes)) }

/// Sections like those of the built-in plugins, so that this module's tests need none of them.
enum Sample {
    enum VariableType: String, CaseIterable, Sendable { case string, int, port }

    struct Variable: Sendable {
        var type: VariableType?
        var secret: Bool?
        var required: Bool?
        var standIn: String?
    }

    struct Env: Sendable {
        var file: String?
        var template: String?
        var variables: [Keyed<Variable>] = []
    }

    struct Directory: Sendable {
        var path = ""
        var mode: FileMode?
    }

    struct Table: Sendable {
        var columns: [Keyed<String>] = []
        var indexes: [Keyed<[String]>] = []
    }

    struct Database: Sendable {
        var schema: String?
        var tables: [Keyed<Table>] = []
    }

    static let env = Shape<Env>.object(
        "The env file.", Env(),
        [
            Field("file", { $0.file = $1 }, Shape<String>.name.optional, "Its path."),
            Field("template", { $0.template = $1 }, Shape<String>.name.optional, "What it is made from."),
            Field(
                "variables", { $0.variables = $1 },
                .dictionary(
                    of: Shape<Variable>.object(
                        "", Variable(),
                        [
                            Field("type", { $0.type = $1 }, Shape<VariableType>.choice.optional, "Its type."),
                            Field("secret", { $0.secret = $1 }, Shape<Bool>.boolean.optional, "Never shown."),
                            Field("required", { $0.required = $1 }, Shape<Bool>.boolean.optional, "Must be there."),
                            Field(
                                "default", { $0.standIn = $1 }, Shape<String>.scalarText.optional, "Used when missing."),
                        ])), "Its variables."),
        ])

    static let directories = Shape<[Directory]>.list(
        of: .either(
            short: Shape<String>.name.map { Directory(path: $0) },
            long: .object(
                "A directory.", Directory(),
                [
                    Field("path", { $0.path = $1 }, Shape<String>.name, required: true, "Its path."),
                    Field("mode", { $0.mode = $1 }, Shape<FileMode>.fileMode.optional, "Its permissions."),
                ])))

    static let databases = Shape<[Keyed<Database>]>.dictionary(
        of: Shape<Database>.object(
            "A database.", Database(),
            [
                Field("schema", { $0.schema = $1 }, Shape<String>.name.optional, "A file with its SQL."),
                Field(
                    "tables", { $0.tables = $1 },
                    .dictionary(
                        of: Shape<Table>.object(
                            "A table.", Table(),
                            [
                                Field(
                                    "columns", { $0.columns = $1 }, .dictionary(of: Shape<String>.text), "Its columns."),
                                Field(
                                    "indexes", { $0.indexes = $1 },
                                    .dictionary(of: Shape<[String]>.list(of: Shape<String>.text)),
                                    "Its indexes."),
                            ])), "Its tables."),
            ]), spread: true)

    static let sections = [
        ManifestSection("env", env.schema),
        ManifestSection("directories", directories.schema),
        ManifestSection("databases", databases.schema),
    ]

    static func decode(_ document: ManifestDocument, _ problems: inout ManifestProblems) {
        _ = document.decode(env, at: "env", &problems)
        _ = document.decode(directories, at: "directories", &problems)
        _ = document.decode(databases, at: "databases", &problems)
    }
}

/// A tree as text, a line for each key and value: places, kinds and texts.
func outline(_ entries: [ManifestNode.Entry], indentation: String = "") -> String {
    entries.map { entry in
        "\(indentation)\(entry.key) @\(place(entry.keyLocation)): "
            + outline(entry.value, indentation: indentation)
    }.joined()
}

private func outline(_ node: ManifestNode, indentation: String) -> String {
    switch node.content {
    case .scalar(let scalar):
        let text = scalar.text.replacing("\n", with: "⏎")
        return "\(scalar.kind.rawValue) '\(text)' @\(place(node.location))\n"
    case .sequence(let nodes):
        return "list @\(place(node.location))\n"
            + nodes.map { "\(indentation)  - " + outline($0, indentation: indentation + "    ") }.joined()
    case .mapping(let entries):
        return "mapping @\(place(node.location))\n" + outline(entries, indentation: indentation + "  ")
    }
}

private func place(_ location: SourceLocation) -> String {
    let name = location.file.split(separator: "/").last.map(String.init) ?? location.file
    return "\(name):\(location.line):\(location.column)"
}
