import Datasets
import HealKit
import HealModel
import ManifestShape
import TestSupport
import Testing

@testable import Populating

private let origin = SourceLocation(file: "schemas.yaml", line: 1, column: 1)

private func document(_ key: SQLValue, title: SQLValue = .text("T"), content: SQLValue) -> Unit {
    Unit(key: key, row: [Cell("doc_id", key), Cell("title", title), Cell("content", content)])
}

private func model(_ server: StubServer, _ change: (inout LLMSource) -> Void = { _ in }) -> LLMRowSource {
    var source = LLMSource(
        baseURL: server.url + "/v1", model: "small", keyVariable: "KEY", textColumns: ["content", "title"])
    change(&source)
    return LLMRowSource(source)
}

/// An answer of the chat API that says this.
private func says(_ text: String) -> StubServer.Reaction {
    .json(#"{"choices": [{"message": {"role": "assistant", "content": \#(JSONContent.text(text).text)}}]}"#)
}

private let key = ["KEY": "s3cret-key-1234"]

@Suite("Rows from a language model")
struct LLMRowSourceTests {
    @Test("a text is shown to the model, and the entities that it names are rows of the unit")
    func entities() async throws {
        try await withServer([says(#"[{"name": "BRCA 1", "type": "GENE", "description": "d"}, {"name": "p53"}]"#)]) {
            server in
            let rows = try await ask(
                model(server), [document(.text("doc7"), content: .text("About \"BRCA 1\""))], on: webMachine(key)
            ).get()
            #expect(
                rows == [
                    SourceRow(
                        [
                            Cell("entity_id", .text("doc7_BRCA_1")), Cell("name", .text("BRCA 1")),
                            Cell("type", .text("GENE")), Cell("description", .text("d")),
                        ], unit: .text("doc7")),
                    SourceRow(
                        [
                            Cell("entity_id", .text("doc7_p53")), Cell("name", .text("p53")),
                            Cell("type", .text("UNKNOWN")), Cell("description", .text("")),
                        ], unit: .text("doc7")),
                ])
            let request = try #require(server.requests.first)
            #expect(request.method == "POST" && request.target == "/v1/chat/completions")
            #expect(request.headers["authorization"] == "Bearer s3cret-key-1234")
            let body = try JSONReader.read(request.body)
            #expect(body["model"] == .text("small"))
            let prompt = try #require(body.value(at: "/messages/0/content")?.sqlValue.text)
            #expect(prompt.contains("JSON list") && prompt.hasSuffix("Text: About \"BRCA 1\""))
        }
    }

    @Test("the manifest says which columns get what")
    func columns() async throws {
        try await withServer([says(#"[{"name": "x", "type": "T", "score": 0.5}]"#)]) { server in
            let source = model(server) {
                $0.columns = [("name", "entity_name"), ("entity_id", "id"), ("score", "score"), ("missing", "gap")]
                    .map { Keyed($0.0, origin, $0.1) }
            }
            let rows = try await ask(source, [document(.integer(3), content: .text("x"))], on: webMachine(key)).get()
            #expect(
                rows.map(\.cells) == [
                    [
                        Cell("entity_name", .text("x")), Cell("id", .text("3_x")), Cell("score", .real(0.5)),
                        Cell("gap", .null),
                    ]
                ])
        }
    }

    @Test("the first column that is not empty is the text; without any, nothing is asked and the unit has no rows")
    func texts() async throws {
        try await withServer([says("[]"), says("[]")]) { server in
            let units = [
                document(.integer(1), title: .text("The title"), content: .text(" \n")),
                document(.integer(2), title: .text(""), content: .null),
                document(.integer(3), title: .null, content: .integer(42)),
            ]
            let source = model(server) { $0.prompt = "{text}|{text}" }
            let result1 = try await ask(source, units, on: webMachine(key)).get()
            #expect(result1.isEmpty)
            let prompts = try server.requests.map { try JSONReader.read($0.body).value(at: "/messages/0/content") }
            #expect(prompts == [.text("The title|The title"), .text("42|42")])
            // Not even a key is needed.
            let unasked = try await ask(source, [units[1]]).get()
            #expect(unasked.isEmpty)
        }
    }

    @Test(
        "of a long text as much is sent as the manifest says, in characters; a text cannot change the prompt's places")
    func limits() async throws {
        try await withServer([says("[]"), says("[]")]) { server in
            let source = model(server) {
                $0.textLimit = 3
                $0.prompt = "no place"
                $0.temperature = 0.5
            }
            _ = try await ask(source, [document(.integer(1), content: .text("é😀e\u{301}xyz"))], on: webMachine(key))
                .get()
            let other = model(server) { $0.prompt = "<{text}>" }
            _ = try await ask(other, [document(.integer(1), content: .text("{text} {key}"))], on: webMachine(key)).get()
            let bodies = try server.requests.map { try JSONReader.read($0.body) }
            #expect(bodies[0].value(at: "/messages/0/content") == .text("no place\n\né😀e\u{301}"))
            #expect(bodies[0]["temperature"] == .real(0.5))
            #expect(bodies[1].value(at: "/messages/0/content") == .text("<{text} {key}>"))
        }
    }

    @Test("a column that the unit's row does not have")
    func unknownColumn() async throws {
        try await withServer([]) { server in
            let source = model(server) { $0.textColumns = ["body"] }
            let result = try await ask(source, [document(.integer(1), content: .text("x"))], on: webMachine(key))
            #expect(result.failure?.kind == .configuration)
            #expect(server.requests.isEmpty)
        }
    }

    @Test(
        "how it fails, and that no failure shows the key or what the server says",
        arguments: [
            (
                .answer(401, body: #"{"error": {"message": "wrong key s3cret-key-1234", "code": "invalid_api_key"}}"#),
                .authentication
            ),
            (.answer(403, body: "s3cret-key-1234"), .authentication),
            (.answer(404, body: #"{"error": {"code": "model_not_found"}}"#), .configuration),
            (.answer(429, body: #"{"error": {"code": "s3cret-key-1234", "type": "insufficient_quota"}}"#), .rateLimit),
            (.answer(500, body: "s3cret-key-1234"), .connection), (.answer(413, body: ""), .resource),
            (.answer(302, body: "", headers: ["Location: /s3cret-key-1234"]), .configuration), (.close, .connection),
            (.truncated("{"), .connection),
            (.json("<html>s3cret-key-1234"), .parse), (.json("{}"), .parse), (.json(#"{"choices": []}"#), .parse),
            (.json(#"{"choices": [{"message": {"content": null}}]}"#), .parse), (.json("[]"), .parse),
        ] as [(StubServer.Reaction, FailureClass)])
    func failures(_ reaction: StubServer.Reaction, _ kind: FailureClass) async throws {
        try await withServer([reaction]) { server in
            let result = try await ask(
                model(server), [document(.integer(1), content: .text("private"))], on: webMachine(key))
            #expect(result.failure?.kind == kind)
            #expect(result.failure?.message.contains("s3cret") == false)
            #expect(result.failure?.message.contains("private") == false)
            #expect(server.requests.count == 1)
        }
    }

    @Test("the server's own word for why is shown")
    func reason() async throws {
        try await withServer([
            .answer(429, body: #"{"error": {"code": "insufficient_quota"}}"#, headers: ["Retry-After: 20"])
        ]) { server in
            let result = try await ask(model(server), [document(.integer(1), content: .text("x"))], on: webMachine(key))
            #expect(result.failure?.message.hasSuffix("answered 429 (insufficient_quota)") == true)
            #expect(result.failure?.retryAfter == .seconds(20))
        }
    }

    @Test("a model that stalls is left; without its key it is not asked; a model without a key is")
    func keysAndTime() async throws {
        try await withServer([.stall, says("[]")]) { server in
            let unit = document(.integer(1), content: .text("x"))
            let late = try await ask(model(server), [unit], timeout: .milliseconds(400), on: webMachine(key))
            #expect(late.failure?.kind == .timeout)
            let locked = try await ask(model(server), [unit])
            #expect(locked.failure == SourceFailure(.configuration, "the environment variable 'KEY' is not set"))
            let result2 = try await ask(model(server) { $0.keyVariable = nil }, [unit]).get()
            #expect(result2.isEmpty)
            #expect(server.requests.count == 2)
            #expect(server.requests.last?.headers["authorization"] == nil)
        }
    }

    @Test("an answer in parts")
    func parts() async throws {
        try await withServer([
            .json(
                #"{"choices": [{"message": {"content": [{"type": "text", "text": "[{\"name\":"}, {"text": " \"x\"}]"}]}}]}"#
            )
        ]) { server in
            let rows = try await ask(model(server), [document(.integer(1), content: .text("x"))], on: webMachine(key))
                .get()
            #expect(rows.count == 1)
        }
    }
}

@Suite("What a language model says")
struct ChatAnswerTests {
    private func names(_ text: String, limit: Int = 10) -> [String] {
        ChatAnswer.entities(in: text, limit: limit).map(\.name)
    }

    @Test(
        "the first list of entities is found, wherever it stands",
        arguments: [
            (#"[{"name": "a"}]"#, ["a"]),
            ("Here:\n```json\n[{\"name\": \"a\"},\n {\"name\": \"b\"}]\n```\nThat is [all].", ["a", "b"]),
            (#"{"entities": [{"name": "a"}]}"#, ["a"]),
            (#"As in [1], [2]: [{"name": "a"}] and [{"name": "b"}]"#, ["a"]),
            (#"[{"name": "has ] and \" [ in it"}]"#, ["has ] and \" [ in it"]), (#"[x] [{"name": "a"}]"#, ["a"]),
            (#"[[{"name": "a"}]]"#, ["a"]), (#"[] then [{"name": "a"}]"#, ["a"]), (#"[{"name": 7}]"#, ["7"]),
            (#"[{"name": " a "}, {"type": "x"}, "b", {"name": ""}, {"name": null}]"#, ["a"]),
            // Broken off: what is whole counts.
            (#"[{"name": "a"}, {"name": "b"}, {"na"#, ["a", "b"]), (#"[{"name": "a"}, {"name": "gene: "#, ["a"]),
        ])
    func lists(_ text: String, _ expected: [String]) { #expect(names(text) == expected) }

    @Test(
        "without a list, lines that speak of proteins, genes, diseases or drugs",
        arguments: [
            ("BRCA1: a gene\nParis: a city\nAspirin : a Drug: for pain", ["BRCA1", "Aspirin"]),
            ("- **TP53**: tumour protein\n2. Flu: disease\r\n* x", ["TP53", "Flu"]), ("The genes are:\n", []),
            ("I cannot help with that.", []), ("", []), (#"{"name": "gene": "x""#, []), (": a gene", []),
            ("[BRCA1]: a gene", []),
        ])
    func lines(_ text: String, _ expected: [String]) { #expect(names(text) == expected) }

    @Test("a line's description is all behind its first colon, and its type that of the document")
    func line() {
        #expect(
            ChatAnswer.entities(in: "Aspirin: a drug: see http://x", limit: 1) == [
                Entity(name: "Aspirin", type: "BIOMEDICAL", description: "a drug: see http://x")
            ])
    }

    @Test("an empty list means that there is nothing, whatever the lines say")
    func empty() { #expect(names("gene: none\n[]").isEmpty) }

    @Test("no more than the limit, and none twice")
    func limit() {
        let many = "[" + (1...25).map { #"{"name": "n\#($0)"}"# }.joined(separator: ",") + "]"
        #expect(names(many) == (1...10).map { "n\($0)" })
        #expect(names(many, limit: 3).count == 3)
        #expect(names((1...25).map { "gene\($0): x" }.joined(separator: "\n")).count == 10)
        #expect(names(#"[{"name": "a b"}, {"name": "a_b"}, {"name": "a b"}, {"name": "c"}]"#) == ["a b", "c"])
    }

    @Test("hostile answers take no time", arguments: ["[", "{", "[{", "\"[", "[\"", "[]", "[1]", "gene:"])
    func hostile(_ piece: String) {
        let text = String(repeating: piece, count: 200_000 / piece.utf8.count)
        let start = ContinuousClock.now
        #expect(names(text).count <= 10)
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
