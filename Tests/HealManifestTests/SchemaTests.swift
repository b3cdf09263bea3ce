import Foundation
import HealManifest
import ManifestShape
import Testing

/// The JSON Schema and the decoder come from one declaration; here an independent YAML reader and validator (Python's
/// yaml and jsonschema) judge the same documents, and must agree.
struct SchemaTests {
    struct Judged: Sendable, CustomTestStringConvertible {
        var text: String
        /// What our decoder says.
        var valid: Bool
        /// What the schema says, where it cannot know what the decoder knows.
        var schemaSays: Bool?
        var testDescription: String { text }

        init(_ text: String, _ valid: Bool, schemaSays: Bool? = nil) {
            self.text = text
            self.valid = valid
            self.schemaSays = schemaSays
        }
    }

    static let samples: [Judged] = [
        Judged("version: 1", true),
        Judged("app: shop", false),
        Judged("version: 2", false),
        Judged("version: 0", false),
        Judged("version: '1'", false),
        Judged("version: [1]", false),
        Judged("version: ~", false),
        Judged("- version: 1", false),
        Judged("version: 1\napp: shop", true),
        Judged("version: 1\napp: ''", false),
        Judged("version: 1\napp: 5", false),
        Judged("version: 1\napp: no", false),
        Judged("version: 1\napp: 'no'", true),
        Judged("version: 1\napp: 012", false),
        Judged("version: 1\napp: 1:30", false),
        Judged("version: 1\napp: 1.0", false),
        Judged("version: 1\napp: 2020-01-31", false),
        Judged("version: 1\napp: true", false),
        Judged("version: 1\napp:", false),
        Judged("version: 1\napp: {a: b}", false),
        Judged("version: 1\napp: ${NAME}", true),
        Judged("version: 1\nunknown: 1", false),
        Judged("version: 1\ninclude: []", true),
        Judged("version: 1\ninclude: x.yaml", false),
        Judged("version: 1\ninclude: [5]", false),
        Judged("version: 1\nplugins: {a: 1, b: [x], c: {d: e}, f: ~}", true),
        Judged("version: 1\nplugins: [a]", false),
        Judged("version: 1\nplugins: {'': 1}", false),
        Judged("version: 1\npolicy: {}", true),
        Judged("version: 1\npolicy:", false),
        Judged("version: 1\npolicy: {max_risk: low}", true),
        Judged("version: 1\npolicy: {max_risk: critical}", false),
        Judged("version: 1\npolicy: {max_risk: 5}", false),
        Judged("version: 1\npolicy:\n  max_risk: ${RISK:-low}", true),
        Judged("version: 1\npolicy: {severity: {sqlite: warning}}", true),
        Judged("version: 1\npolicy: {severity: {sqlite: warn}}", false),
        Judged("version: 1\npolicy: {severity: [sqlite]}", false),
        Judged("version: 1\npolicy: {severity: {'A B': warning}}", false, schemaSays: true),
        Judged("version: 1\npolicy: {backups: {keep: 5}}", true),
        Judged("version: 1\npolicy: {backups: {keep: -1}}", false),
        Judged("version: 1\npolicy: {backups: {keep: 1001}}", false),
        Judged("version: 1\npolicy: {backups: {keep: '5'}}", false),
        Judged("version: 1\npolicy: {backups: {keep: 1.5}}", false),
        // JSON has one kind of number, so 5.0 is whole there.
        Judged("version: 1\npolicy: {backups: {keep: 5.0}}", false, schemaSays: true),
        Judged("version: 1\npolicy: {backups: {kept: 5}}", false),
        Judged("version: 1\npolicy:\n  backups:\n    keep: ${KEEP}", true),
        // Quotes make a text of what stands for a number; a schema sees no quotes.
        Judged("version: 1\npolicy: {backups: {keep: \"${KEEP}\"}}", false, schemaSays: true),
        Judged("version: 1\npolicy: {backups: {keep: \"$${KEEP}\"}}", false),
        Judged("version: 1\npolicy: {backups: {keep: \"${}\"}}", false),
        Judged("version: 1\nenv: {file: .env}", true),
        Judged("version: 1\nenv: .env", false),
        Judged("version: 1\nenv: {variables: {PORT: {type: port, default: 8000}}}", true),
        Judged("version: 1\nenv: {variables: {PORT: {type: prt}}}", false),
        Judged("version: 1\nenv: {variables: {PORT: {default: 1.5}}}", true),
        Judged("version: 1\nenv: {variables: {PORT: {default: true}}}", true),
        Judged("version: 1\nenv: {variables: {PORT: {default: ~}}}", false),
        Judged("version: 1\nenv: {variables: {PORT: {default: [1]}}}", false),
        Judged("version: 1\nenv: {variables: {PORT: {secret: true}}}", true),
        Judged("version: 1\nenv: {variables: {PORT: {secret: 'true'}}}", false),
        Judged("version: 1\nenv: {variables: {PORT: {secret: 1}}}", false),
        Judged("version: 1\nenv:\n  variables:\n    PORT:\n      secret: ${SECRET}", true),
        Judged("version: 1\ndirectories: [data]", true),
        Judged("version: 1\ndirectories: [data, {path: x, mode: '0750'}]", true),
        Judged("version: 1\ndirectories: [{mode: '0750'}]", false),
        Judged("version: 1\ndirectories: [{path: x, mode: '0980'}]", false),
        Judged("version: 1\ndirectories: [{path: x, mode: 750}]", false),
        Judged("version: 1\ndirectories: [{path: x, mode: 0750}]", false),
        Judged("version: 1\ndirectories:\n  - path: x\n    mode: \"${MODE}\"", true),
        Judged("version: 1\ndirectories: [[data]]", false),
        Judged("version: 1\ndirectories: ['']", false),
        Judged("version: 1\ndirectories: {data: x}", false),
        Judged("version: 1\ndatabases: {a.db: {tables: {t: {columns: {id: INTEGER, on: TEXT, 1: TEXT}}}}}", true),
        Judged("version: 1\ndatabases: {a.db: {tables: {t: {columns: {id: 1}}}}}", false),
        Judged("version: 1\ndatabases: {a.db: {tables: {t: {columns: [id]}}}}", false),
        Judged("version: 1\ndatabases: {a.db: {tables: {t: {indexes: {i: [a, b]}}}}}", true),
        Judged("version: 1\ndatabases: {a.db: {tables: {t: {indexes: {i: a}}}}}", false),
        Judged("version: 1\ndatabases: {a.db: {tabels: {}}}", false),
        Judged("{\"version\": 1, \"directories\": [\"a\"]}", true),
    ]

    static let environment = [
        "NAME": "shop", "RISK": "high", "KEEP": "7", "SECRET": "true", "MODE": "0750",
    ]

    @Test func independentValidatorAgrees() throws {
        let verdicts = try Self.validate(Self.samples.map(\.text))
        try #require(verdicts.count == Self.samples.count)
        for (sample, verdict) in zip(Self.samples, verdicts) {
            let found = faults(sample.text, environment: Self.environment)
            #expect(found.isEmpty == sample.valid, "our verdict on \(sample.text): \(found)")
            #expect(
                verdict.isEmpty == (sample.schemaSays ?? sample.valid), "the schema's on \(sample.text): \(verdict)")
        }
    }

    /// Nothing that we read is underlined in an editor.
    @Test func validFixturesSatisfyTheSchema() throws {
        let folder = Bundle.module.bundlePath + "/Fixtures/valid"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let texts = try names.map { try String(contentsOfFile: "\(folder)/\($0)/schemas.yaml", encoding: .utf8) }
        for (name, verdict) in zip(names, try Self.validate(texts)) {
            #expect(verdict == "", "\(name): \(verdict)")
        }
    }

    @Test func textIsTheSameEveryTime() {
        let first = ManifestSchema.render(sections: Sample.sections, id: "https://example.org/schema.json")
        #expect(first == ManifestSchema.render(sections: Sample.sections, id: "https://example.org/schema.json"))
        #expect(first.contains("\"$id\": \"https://example.org/schema.json\""))
        #expect(!ManifestSchema.render(sections: []).contains("$id"))
        #expect(
            ManifestSchema.render(sections: []).hasPrefix(
                """
                {
                  "$schema": "https://json-schema.org/draft/2020-12/schema",
                  "title": "SelfHeal manifest",
                """))
    }

    /// What is wrong with each document according to the schema; empty when nothing is.
    private static func validate(_ documents: [String]) throws -> [String] {
        let program = """
            import json, sys, yaml, jsonschema

            class Loader(yaml.SafeLoader):
                def construct_mapping(self, node, deep=False):
                    return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

            # A mapping's keys are texts in JSON, whatever YAML 1.1 takes them for.
            Loader.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node))
            request = json.load(sys.stdin)
            schema = json.loads(request["schema"])
            validator = jsonschema.Draft202012Validator
            validator.check_schema(schema)
            verdicts = []
            for text in request["documents"]:
                errors = list(validator(schema).iter_errors(yaml.load(text, Loader)))
                verdicts.append("; ".join(e.message for e in errors))
            json.dump(verdicts, sys.stdout)
            """
        let request = try JSONEncoder().encode(
            Request(schema: ManifestSchema.render(sections: Sample.sections), documents: documents))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", program]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        // Less than a pipe holds is written before anybody reads; more is taken as it comes, because all input is
        // read first.
        input.fileHandleForWriting.write(request)
        try input.fileHandleForWriting.close()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(
            process.terminationStatus == 0,
            "Python's jsonschema and yaml are needed: apt-get install python3-jsonschema python3-yaml")
        return try JSONDecoder().decode([String].self, from: answer)
    }

    private struct Request: Encodable {
        var schema: String
        var documents: [String]
    }
}
