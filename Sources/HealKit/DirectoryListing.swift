import HealModel

/// What is in a directory.
public struct DirectoryListing: Sendable, Hashable {
    /// An entry that no path can lead to.
    public struct Unnamable: Sendable, Hashable {
        public var name: UnnamableName
        public var kind: FileStatus.Kind

        public init(name: UnnamableName, kind: FileStatus.Kind) {
            self.name = name
            self.kind = kind
        }
    }

    /// Those names that a path can hold, sorted by their bytes.
    public var names: [String]
    /// All the others, sorted likewise. They must not pass as looked at.
    public var unnamable: [Unnamable]

    public init(names: [String] = [], unnamable: [Unnamable] = []) {
        self.names = names
        self.unnamable = unnamable
    }
}

extension Machine {
    /// The names in a directory, sorted, as far as paths can hold them.
    public func names(in path: ResourcePath?) throws(MachineError) -> [String] { try listing(of: path).names }
}
