/// `${NAME}` and `${NAME:-default}` as `python-dotenv` replaces them, in every value, however it is quoted.
///
/// The default is text: substitutions in it stay as they are. A variable that is set but empty is not replaced by it.
enum PythonSubstitution {
    /// The value with its substitutions replaced; `nil` when they produce too much.
    static func resolve(_ value: [UInt8], scope: inout VariableScope) -> [UInt8]? {
        guard value.contains(Ascii.dollar) else { return value }
        var result: [UInt8] = []
        var finder = Finder(value)
        var index = 0
        while index < value.count {
            guard value[index] == Ascii.dollar, let match = finder.match(at: index) else {
                result.append(value[index])
                index += 1
                continue
            }
            let replacement = scope.value(of: Array(value[match.name])) ?? Array(value[match.fallback])
            guard scope.spend(replacement.count) else { return nil }
            result += replacement
            index = match.end
        }
        return result
    }

    /// Matches `\$\{([^}:]*)(?::-([^}]*))?\}`, remembering how far it has looked.
    private struct Finder {
        struct Match {
            let name: Range<Int>
            let fallback: Range<Int>
            let end: Int
        }

        private let value: [UInt8]
        private var endOfName = -1
        private var closeBrace = -1

        init(_ value: [UInt8]) {
            self.value = value
        }

        mutating func match(at index: Int) -> Match? {
            let name = index + 2
            guard name < value.count, value[index + 1] == Ascii.openBrace else { return nil }
            if endOfName < name {
                endOfName = name
                while endOfName < value.count, value[endOfName] != Ascii.closeBrace, value[endOfName] != Ascii.colon {
                    endOfName += 1
                }
            }
            guard endOfName < value.count else { return nil }
            if value[endOfName] == Ascii.closeBrace {
                return Match(name: name..<endOfName, fallback: endOfName..<endOfName, end: endOfName + 1)
            }
            let fallback = endOfName + 2
            guard fallback <= value.count, value[endOfName + 1] == Ascii.minus else { return nil }
            if closeBrace < fallback {
                closeBrace = value.firstIndex(of: Ascii.closeBrace, from: fallback)
            }
            guard closeBrace < value.count else { return nil }
            return Match(name: name..<endOfName, fallback: fallback..<closeBrace, end: closeBrace + 1)
        }
    }
}
