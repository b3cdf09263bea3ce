import Datasets
import HealKit
import HealModel
import ManifestShape

/// Rows from a language model: each unit's text is shown to it, and what it says is in it becomes rows.
public struct LLMRowSource: RowSource {
    /// What is asked unless the manifest says otherwise.
    public static let prompt = """
        Extract named entities from the following text. \
        Return entities as JSON list with fields: name, type, description.

        Text: {text}
        """

    private let source: LLMSource
    private let address: WebAddress?
    public let origin: String

    public init(_ source: LLMSource) {
        self.source = source
        var base = source.baseURL[...]
        while base.last == "/" { base.removeLast() }
        address = WebAddress(base + "/chat/completions")
        origin = address?.place ?? source.baseURL
    }

    public func rows(
        for batch: UnitBatch, to sink: any RowSink, in context: SourceContext
    ) async throws(SourceFailure) {
        let end = ContinuousClock.now + context.timeout
        guard let address else {
            throw SourceFailure(
                .configuration, "'base_url' is none of http or https with a host, and without a user's name")
        }
        for unit in batch.units {
            let text = try text(of: unit)
            // Nothing can be in it: that is known without asking.
            if text.isEmpty { continue }
            let key = try context.secret(source.keyVariable)
            let answer = try await HTTPClient(machine: context.machine).answer(
                to: HTTPRequest(address: address, body: question(text), token: key, timeout: end - .now))
            for entity in ChatAnswer.entities(in: try content(of: answer, address.place), limit: source.maxRows) {
                try sink.take(SourceRow(cells(of: entity, unit), unit: unit.key))
            }
        }
    }

    /// The first of the columns that is not empty.
    private func text(of unit: Unit) throws(SourceFailure) -> String {
        for column in source.textColumns {
            guard let value = unit[column] else {
                throw SourceFailure(.configuration, "the unit's row has no column '\(column)', which 'text' names")
            }
            let text = value.shownText ?? ""
            if !text.allSatisfy(\.isWhitespace) { return String(text.prefix(source.textLimit)) }
        }
        return ""
    }

    private func question(_ text: String) -> String {
        let template = source.prompt ?? Self.prompt
        let place = "{text}"
        // Only where the prompt has it: the text may hold '{text}' itself.
        var parts: [Substring] = []
        var rest = template[...]
        while let range = rest.firstRange(of: place) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        parts.append(rest)
        let prompt = parts.count == 1 ? "\(template)\n\n\(text)" : parts.joined(separator: text)
        return JSONContent.object([
            .init("model", .text(source.model)), .init("temperature", .real(source.temperature)),
            .init(
                "messages",
                .array([.object([.init("role", .text("user")), .init("content", .text(prompt))])])),
        ]).text
    }

    /// What the model says.
    private func content(of answer: HTTPAnswer, _ place: String) throws(SourceFailure) -> String {
        let content = Result { () throws(JSONReader.Fault) in try JSONReader.read(answer.body) }
        let code = (try? content.get()).flatMap { Self.errorCode($0) }
        if let failure = HTTPFailure.of(
            answer, place: place, missing: .configuration, refused: .constraint, detail: code)
        {
            throw failure
        }
        switch content {
        case .failure(let fault):
            throw SourceFailure(.parse, "\(place): the answer is not JSON (byte \(fault.offset): \(fault.reason))")
        case .success(let value):
            switch value.value(at: "/choices/0/message/content") {
            case .text(let text): return text
            // In parts, as some servers have it.
            case .array(let parts): return parts.compactMap { $0["text"]?.sqlValue.text }.joined()
            default: throw SourceFailure(.parse, "\(place): the answer has no '/choices/0/message/content'")
            }
        }
    }

    /// A word for why, if the server gives one. Its sentences are not shown: they may hold a part of the key.
    private static func errorCode(_ content: JSONContent) -> String? {
        for pointer in ["/error/code", "/error/type"] {
            guard case .text(let code)? = content.value(at: pointer), !code.isEmpty, code.utf8.count <= 40,
                code.unicodeScalars.allSatisfy({ $0.isASCII && ($0.properties.isLowercase || $0 == "_") })
            else { continue }
            return code
        }
        return nil
    }

    /// Under the names that the manifest gives; without any, under those of the answer. The key of its unit and its name make an
    /// entity's identifier.
    private func cells(of entity: Entity, _ unit: Unit) -> [Cell] {
        let identifier = "\(unit.key.shownText ?? "")_\(ChatAnswer.identifier(entity.name))"
        let known = [
            Cell("entity_id", .text(identifier)), Cell("name", .text(entity.name)), Cell("type", .text(entity.type)),
            Cell("description", .text(entity.description)),
        ]
        guard !source.columns.isEmpty else { return known }
        return source.columns.map { column in
            let value =
                known.first { $0.column == column.key }?.value
                ?? entity.others.last { $0.name == column.key }?.value.sqlValue
            return Cell(column.value, value ?? .null)
        }
    }
}
