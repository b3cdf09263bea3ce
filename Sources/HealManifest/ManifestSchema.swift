import ManifestShape

/// The manifest's JSON Schema, made from the same declarations that decode it.
public enum ManifestSchema {
    /// A schema document, the same text for the same sections: draft 2020-12, for editors and other tools.
    ///
    /// - Parameter id: the address under which the schema is published, if it is.
    public static func render(sections: [ManifestSection], id: String? = nil) -> String {
        let properties =
            ManifestCore.fields.map { (key: $0.name, value: $0.schema.json) }
            + sections.map { (key: $0.key, value: $0.schema.json) }
        var members: [(key: String, value: JSONValue)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema"))
        ]
        if let id { members.append(("$id", .text(id))) }
        members += [
            ("title", .text("SelfHeal manifest")),
            ("description", .text("The state that an application expects before it starts.")),
            ("type", .text("object")),
            ("properties", .object(properties)),
            ("required", .list(ManifestCore.fields.filter(\.required).map { .text($0.name) })),
            ("additionalProperties", .truth(false)),
            ("$defs", .object([(key: "variable", value: JSONSchema.variableDefinition)])),
        ]
        return JSONValue.object(members).pretty
    }
}
