import HealKit
import HealModel
import ManifestShape

/// Who is told when datasets are not ready. It checks nothing by itself: the commands about data read its settings.
public enum ReadinessPlugin: Plugin {
    public static let key = "readiness"
    public static let checks: [CheckDescriptor] = []
    public static let shape = ReadinessSettings.shape

    public static func makeChecks(
        _ settings: ReadinessSettings, context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check] { [] }
}
