import HealKit
import HealModel

extension Machine {
    /// The path of a program that the manifest names.
    func program(named name: String) throws(MachineError) -> String {
        if let found = try executable(named: name) { return found.path }
        // Whoever sees the file there looks for the fault elsewhere.
        if name.utf8.contains(UInt8(ascii: "/")), let path = try? ResourcePath(name, outsideRoot: true),
            try target(of: path)?.kind == .regular
        {
            throw .system(operation: "run", subject: name, errno: 13, meaning: "it is not executable; chmod +x it")
        }
        throw .system(operation: "run", subject: name, errno: 2, meaning: "there is no such program")
    }
}
