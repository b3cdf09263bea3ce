import Datasets
import HealKit
import HealModel
import ManifestShape

/// Rows from a server that answers JSON: one request a unit, or one for all, and further ones for the pages that follow.
public struct HTTPRowSource: RowSource {
    private let source: HTTPSource
    private let url: UnitTemplate
    private let body: UnitTemplate?
    public let origin: String

    public init(_ source: HTTPSource) {
        self.source = source
        url = UnitTemplate(source.url)
        body = source.body.map { UnitTemplate($0) }
        origin = WebAddress(source.url)?.place ?? source.url
    }

    public func rows(
        for batch: UnitBatch, to sink: any RowSink, in context: SourceContext
    ) async throws(SourceFailure) {
        let end = ContinuousClock.now + context.timeout
        let token = try context.secret(source.tokenVariable)
        if batch.isWhole {
            try await rows(of: nil, token, until: end, to: sink, context)
        } else {
            for unit in batch.units { try await rows(of: unit, token, until: end, to: sink, context) }
        }
    }

    private func rows(
        of unit: Unit?, _ token: String?, until end: ContinuousClock.Instant, to sink: any RowSink,
        _ context: SourceContext
    ) async throws(SourceFailure) {
        var address = try firstAddress(unit)
        let body = try body(for: unit)
        var seen: Set<WebAddress> = []
        while true {
            guard seen.insert(address).inserted else {
                throw SourceFailure(.parse, "\(address.place): a page names one that was read before as its next")
            }
            guard seen.count <= source.maxPages else {
                throw SourceFailure(
                    .configuration, "\(address.place): there are more than \(source.maxPages) pages (max_pages)")
            }
            let page = try await page(at: address, body, token, until: end, context)
            guard let page else { return }
            try give(page, of: unit, from: address.place, to: sink)
            guard let next = try next(of: page, at: address) else { return }
            address = next
        }
    }

    private func firstAddress(_ unit: Unit?) throws(SourceFailure) -> WebAddress {
        let text = try filled(url, unit, keepsUnknown: false, WebAddress.escaped)
        guard let written = WebAddress(source.url), let address = WebAddress(text) else {
            throw SourceFailure(
                .configuration, "the URL is none of http or https with a host, and without a user's name")
        }
        // Who writes rows must not say where the token goes.
        guard address.isSameOrigin(as: written) else {
            throw SourceFailure(.configuration, "the URL's host cannot come from a unit's row")
        }
        return address
    }

    private func body(for unit: Unit?) throws(SourceFailure) -> String? {
        guard source.method == .post else { return nil }
        guard let body else { return "" }
        return try filled(body, unit, keepsUnknown: true) { String(JSONContent.text($0).text.dropFirst().dropLast()) }
    }

    private func filled(
        _ template: UnitTemplate, _ unit: Unit?, keepsUnknown: Bool, _ escape: (String) -> String
    ) throws(SourceFailure) -> String {
        do throws(UnitTemplate.Fault) {
            return try template.filled(with: unit, keepsUnknown: keepsUnknown, escape: escape)
        } catch {
            switch error {
            case .unknownColumn(let name):
                throw SourceFailure(.configuration, "the unit's row has no column '\(name)', which the URL names")
            case .null(let name): throw SourceFailure(.constraint, "the unit's '\(name)' is NULL, and the URL needs it")
            }
        }
    }

    /// How many redirections to another path of the same server are followed.
    private static let redirections = 5

    /// - Returns: `nil` for an answer without contents.
    private func page(
        at start: WebAddress, _ body: String?, _ token: String?, until end: ContinuousClock.Instant,
        _ context: SourceContext
    ) async throws(SourceFailure) -> JSONContent? {
        let client = HTTPClient(machine: context.machine)
        var address = start
        for _ in 0...Self.redirections {
            let answer = try await client.answer(
                to: HTTPRequest(
                    address: address, body: body, headers: source.headers.map { ($0.key, $0.value) }, token: token,
                    timeout: end - .now))
            if body == nil, (300..<400).contains(answer.status),
                let target = answer.redirection.flatMap({ WebAddress($0) }), target.isSameOrigin(as: start)
            {
                address = target
                continue
            }
            // What a unit names may be unknown there: that one is set aside, and the others go on.
            if let failure = HTTPFailure.of(
                answer, place: address.place, missing: url.hasPlaces ? .constraint : .configuration,
                refused: url.hasPlaces || self.body?.hasPlaces == true ? .constraint : .configuration)
            {
                throw failure
            }
            if answer.status == 204 || answer.status == 205 { return nil }
            do {
                return try JSONReader.read(answer.body)
            } catch {
                throw SourceFailure(
                    .parse, "\(address.place): the answer is not JSON (byte \(error.offset): \(error.reason))")
            }
        }
        throw SourceFailure(.configuration, "\(start.place): more than \(Self.redirections) redirections")
    }

    private func give(
        _ page: JSONContent, of unit: Unit?, from place: String, to sink: any RowSink
    ) throws(SourceFailure) {
        let pointer = source.rows.isEmpty ? "the answer" : "'\(source.rows)' in the answer"
        let items: [JSONContent]
        switch page.value(at: source.rows) {
        case .array(let list): items = list
        case .object(let members): items = [.object(members)]
        case .null: items = []
        case nil: throw SourceFailure(.parse, "\(place): there is no \(pointer)")
        default: throw SourceFailure(.parse, "\(place): \(pointer) is neither a list nor an object")
        }
        for item in items {
            guard let row = SourceRow(item, unit: unit?.key) else {
                throw SourceFailure(.parse, "\(place): \(pointer) holds something that is no object")
            }
            try sink.take(row)
        }
    }

    private func next(of page: JSONContent, at address: WebAddress) throws(SourceFailure) -> WebAddress? {
        guard let pointer = source.next, let value = page.value(at: pointer) else { return nil }
        switch value {
        case .null, .text(""), .boolean(false): return nil
        case .text(let link):
            guard let next = address.following(link) else {
                throw SourceFailure(.parse, "\(address.place): '\(pointer)' in the answer is not a URL")
            }
            // A page's author must not send the token, or us, anywhere else.
            guard next.isSameOrigin(as: address) else {
                throw SourceFailure(
                    .configuration,
                    "\(address.place): the next page is on another server, \(next.scheme)://\(next.place)")
            }
            return next
        default: throw SourceFailure(.parse, "\(address.place): '\(pointer)' in the answer is not a text")
        }
    }
}

extension SourceContext {
    /// The value of a variable that holds a secret.
    func secret(_ variable: String?) throws(SourceFailure) -> String? {
        guard let variable else { return nil }
        guard let value = machine.environment[variable], !value.isEmpty else {
            throw SourceFailure(.configuration, "the environment variable '\(variable)' is not set")
        }
        guard value.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
            throw SourceFailure(
                .configuration, "the environment variable '\(variable)' holds a space or a control character")
        }
        return value
    }
}
