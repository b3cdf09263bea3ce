import ExternalPlugins
import Glibc
import LiveMachine

extension PluginSearch {
    /// Looks beside the manifest, then where the command line says, and then where `make install` puts the plugins that ship.
    init(_ folders: [String], _ place: Place, _ machine: LiveMachine) throws(UsageFailure) {
        var absolute: [String] = []
        let manifestFolder = place.manifest.lastIndex(of: "/").map { String(place.manifest[..<$0]) } ?? "."
        if let folder = try Place.real(manifestFolder.isEmpty ? "/" : manifestFolder) {
            absolute.append(folder + "/plugins")
        }
        for folder in folders {
            guard let path = try Place.real(folder) else {
                throw UsageFailure(message: "--plugin-path \(folder): no such directory")
            }
            absolute.append(path)
        }
        if let program = try? Place.real("/proc/self/exe"), let bin = program.lastIndex(of: "/"),
            let shipped = try? Place.real(program[..<bin] + "/../share/selfheal/plugins")
        {
            absolute.append(shipped)
        }
        self.init(folders: absolute, taken: LoadedManifest.takenNames, machine: machine)
    }
}
