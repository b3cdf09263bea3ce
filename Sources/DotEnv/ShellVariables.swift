/// The shell's variables while it reads a file.
struct ShellVariables {
    private var scope: VariableScope

    /// Variables that have a value which cannot be told.
    private var unknown: Set<[UInt8]> = []

    /// Variables that are arrays: assigning to them sets an element, and they are not exported.
    private var arrays: Set<[UInt8]> = []

    init(environment: [String: String]) {
        scope = VariableScope(environment: environment, precedence: .file)
    }

    /// A variable's value; `nil` if it is not set.
    func value(of name: [UInt8], at index: Int) throws(ShellFault) -> [UInt8]? {
        if unknown.contains(name) { throw .value(.unknownVariable, at: index) }
        if scope.hasOwn(name) { return scope.value(of: name) }
        if ShellNames.live.contains(name) || ShellNames.initial.contains(name) || ShellNames.readonly.contains(name) {
            throw .value(.specialVariable, at: index)
        }
        if let value = scope.value(of: name) { return value }
        if ShellNames.defaulted.contains(name) { throw .value(.specialVariable, at: index) }
        return nil
    }

    /// A variable's value if it comes from the environment and the file has not touched it.
    func untouched(_ name: [UInt8]) -> [UInt8]? {
        unknown.contains(name) || scope.hasOwn(name) ? nil : scope.inherited(name)
    }

    /// Sets a variable.
    mutating func set(_ name: [UInt8], to value: [UInt8], at index: Int) throws(ShellFault) {
        if ShellNames.readonly.contains(name) { throw .line(.readonlyVariable, at: index) }
        if ShellNames.live.contains(name) { throw .value(.specialVariable, at: index) }
        if arrays.contains(name) { throw .value(.array, at: index) }
        unknown.remove(name)
        scope.set(name, to: value)
    }

    /// Marks a variable as having a value that cannot be told.
    mutating func forget(_ name: [UInt8], isArray: Bool = false) {
        unknown.insert(name)
        if isArray {
            arrays.insert(name)
        }
    }

    /// Counts what a substitution produces.
    mutating func spend(_ count: Int, at index: Int) throws(ShellFault) {
        guard scope.spend(count) else { throw .file(.expansionTooLarge, at: index) }
    }
}
