import HealModel
import ManifestShape
import Testing

struct JSONSchemaTests {
    private func text(_ schema: JSONSchema) -> String {
        // One line is easier to compare; no text in these schemas holds two spaces.
        schema.json.pretty.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
    }

    private static let variable = ##"{ "$ref": "#/$defs/variable" }"##

    @Test func scalars() {
        #expect(text(Shape<String>.text.schema) == #"{ "type": "string" }"#)
        #expect(text(Shape<String>.name.schema) == #"{ "type": "string", "minLength": 1 }"#)
        #expect(
            text(Shape<Int>.integer(1...9).described("A number.").schema)
                == #"{ "description": "A number.", "anyOf": [ { "type": "integer", "minimum": 1, "maximum": 9 }, "#
                + Self.variable + " ] }")
        #expect(
            text(Shape<FileMode>.fileMode.schema)
                == #"{ "anyOf": [ { "type": "string", "pattern": "^[0-7]{3,4}$" }, "# + Self.variable + " ] }")
        #expect(text(Shape<ManifestNode>.node.schema) == "{}")
    }

    private enum Color: String, CaseIterable, Sendable { case red, green }

    @Test func choice() {
        #expect(
            text(Shape<Color>.choice.schema)
                == #"{ "anyOf": [ { "type": "string", "enum": [ "red", "green" ] }, "# + Self.variable + " ] }")
    }

    /// A text is among the alternatives, so a variable needs no mention.
    @Test func scalarText() {
        #expect(
            text(Shape<String>.scalarText.schema)
                == #"{ "anyOf": [ { "type": "string" }, { "type": "integer" }, { "type": "number" }, { "type": "boolean" } ] }"#
        )
    }

    @Test func alternatives() {
        let schema = JSONSchema(anyOf: [JSONSchema(.integer), JSONSchema(.array)])
        #expect(text(schema) == #"{ "anyOf": [ { "type": "integer" }, { "type": "array" }, "# + Self.variable + " ] }")
        var list = JSONSchema(.array)
        list.items = [schema]
        let nested = JSONSchema(anyOf: [list, schema])
        #expect(
            text(nested)
                == #"{ "anyOf": [ { "type": "array", "items": "# + text(schema) + " }, " + text(schema) + " ] }")
    }

    @Test func collections() {
        let dictionary = Shape<[Keyed<String>]>.dictionary(of: Shape<String>.text).schema
        #expect(
            text(dictionary)
                == #"{ "type": "object", "additionalProperties": { "type": "string" }, "propertyNames": { "minLength": 1 } }"#
        )
        let object = Shape<Int>.object(
            "It.", 0, [Field("n", { $0 = $1 }, Shape<Int>.integer(0...1), required: true, "N.")]
        )
        .schema
        #expect(
            text(object)
                == #"{ "description": "It.", "type": "object", "properties": { "n": { "description": "N.", "anyOf": [ "#
                + #"{ "type": "integer", "minimum": 0, "maximum": 1 }, "# + Self.variable
                + #" ] } }, "required": [ "n" ], "additionalProperties": false }"#)
    }

    @Test func texts() {
        #expect(
            JSONValue.list([
                .text("a\"b\\c\n\t\u{1}\u{7F}é/"), .truth(true), .truth(false), .number(-1), .list([]), .object([]),
            ])
            .pretty == """
                [
                  "a\\"b\\\\c\\n\\t\\u0001\\u007fé/",
                  true,
                  false,
                  -1,
                  [],
                  {}
                ]

                """)
    }
}
