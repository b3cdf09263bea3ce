/// Names that all dialects take: only these appear in problems and notes.
enum ProperName {
    /// The name as text, if it is one that a shell variable may have.
    static func text(_ name: ArraySlice<UInt8>) -> String? {
        guard let first = name.first, first.startsName, name.allSatisfy(\.continuesName) else { return nil }
        return String(decoding: name, as: UTF8.self)
    }
}
