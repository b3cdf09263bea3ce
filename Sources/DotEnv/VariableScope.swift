/// The variables that substitutions in a file may use: the environment's and those assigned so far.
struct VariableScope {
    /// Who wins when both hold a name.
    enum Precedence {
        case environment, file
    }

    /// How much all substitutions of a file may produce together: `A=$A$A`, forty times, would fill any memory.
    static let expansionLimit = 16 << 20

    /// How deep substitutions may be nested: each level is read again for the one inside it.
    static let depthLimit = 50

    private let environment: [String: String]
    private let precedence: Precedence
    private var own: [[UInt8]: [UInt8]] = [:]
    private var remaining = VariableScope.expansionLimit

    init(environment: [String: String], precedence: Precedence) {
        self.environment = environment
        self.precedence = precedence
    }

    /// Sets a variable of the file; one without a value counts as empty.
    mutating func set(_ name: [UInt8], to value: [UInt8]?) {
        own[name] = value ?? []
    }

    /// Whether the file has set a variable.
    func hasOwn(_ name: [UInt8]) -> Bool {
        own[name] != nil
    }

    /// A variable of the environment alone.
    func inherited(_ name: [UInt8]) -> [UInt8]? {
        // The name is compared byte by byte: String's own equality takes é and e + ´ for the same.
        guard let index = environment.index(forKey: String(decoding: name, as: UTF8.self)),
            environment[index].key.utf8.elementsEqual(name)
        else { return nil }
        return Array(environment[index].value.utf8)
    }

    /// A variable's value; `nil` if it is not set.
    func value(of name: [UInt8]) -> [UInt8]? {
        switch precedence {
        case .environment: inherited(name) ?? own[name]
        case .file: own[name] ?? inherited(name)
        }
    }

    /// Counts what a substitution produces. False when the file as a whole produces too much.
    mutating func spend(_ count: Int) -> Bool {
        remaining -= count
        return remaining >= 0
    }
}
