import Datasets
import HealKit
import HealModel
import Populating

/// A plugin that has the capability `populate`, as a source of rows: it is given a request and the units' rows as JSON lines, and answers
/// rows as JSON lines.
public struct PluginRowSource: RowSource {
    private let plugin: ExternalPlugin

    /// - Throws: when it cannot populate.
    public init(_ plugin: ExternalPlugin) throws(SourceFailure) {
        guard plugin.description.capabilities.contains(.populate) else {
            throw SourceFailure(
                .configuration,
                "the plugin '\(plugin.description.name)' does not have 'populate' among its capabilities")
        }
        self.plugin = plugin
    }

    public var origin: String { plugin.executable }

    public func rows(
        for batch: UnitBatch, to sink: any RowSink, in context: SourceContext
    ) async throws(SourceFailure) {
        let request = JSONText.object([
            ("protocol", "\(PluginDescription.protocolVersion)"), ("action", JSONText.string("populate")),
            ("root", JSONText.string(plugin.root)), ("settings", JSONText.value(plugin.settings)),
            ("dataset", JSONText.string(context.dataset)), ("units", "\(batch.units.count)"),
            ("unit_column", batch.unitColumn.map(JSONText.string) ?? "null"), ("attempt", "\(context.attempt)"),
        ])
        let input = ([request] + batch.units.map(\.jsonLine)).map { $0 + "\n" }.joined()
        do throws(SourceFailure) {
            try await CommandRowSource.Program(
                name: plugin.executable, arguments: plugin.arguments + ["populate"],
                variables: plugin.description.environment, input: Array(input.utf8),
                supervision: Supervision(
                    isConfined: plugin.description.isConfined, writable: plugin.description.writes)
            ).rows(to: sink, in: context)
        } catch {
            // What the plugin says may hold what is secret to it alone.
            var failure = error
            failure.message = plugin.redactor(context.machine)(failure.message)
            throw failure
        }
    }
}
