import Datasets
import HealKit

/// The plugins that are built in, in the order in which people read about them. A new one is one line here.
public enum PluginRegistry {
    public static let builtIn: [any Plugin.Type] = [
        EnvFilePlugin.self,
        DirectoriesPlugin.self,
        FilesPlugin.self,
        DependenciesPlugin.self,
        SQLitePlugin.self,
        DatasetsPlugin.self,
        ReadinessPlugin.self,
    ]
}
