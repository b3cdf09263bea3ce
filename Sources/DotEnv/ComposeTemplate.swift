/// Substitutions as `compose-go` makes them: `$NAME`, `${NAME}`, `${NAME:-default}` and the like; `$$` is a dollar.
///
/// A default may hold substitutions itself. The reader's expression takes `${NAME:-` up to the *last* `}` on the line
/// and then looks for the brace that balances it, reading the rest again; here both braces are found in one pass.
struct ComposeTemplate {
    /// The value cannot be read.
    struct Failure: Error {
        let reason: DotEnvReason
    }

    /// The template with its substitutions made.
    static func substitute(_ template: [UInt8], scope: inout VariableScope) throws(Failure) -> [UInt8] {
        guard template.contains(Ascii.dollar) else { return template }
        var result: [UInt8] = []
        try substitute(template, 0..<template.count, depth: 0, scope: &scope, into: &result)
        return result
    }

    private static func substitute(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        depth: Int,
        scope: inout VariableScope,
        into result: inout [UInt8]
    ) throws(Failure) {
        guard depth <= VariableScope.depthLimit else { throw Failure(reason: .nestedTooDeeply) }
        var braces = ComposeBraces(bytes, range)
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == Ascii.dollar, index + 1 < range.upperBound else {
                result.append(bytes[index])
                index += 1
                continue
            }
            if bytes[index + 1] == Ascii.dollar {
                result.append(Ascii.dollar)
                index += 2
            } else if bytes[index + 1] == Ascii.openBrace {
                guard let braced = braces.substitution(at: index) else { throw Failure(reason: .badSubstitution) }
                try substitute(bytes, braced, depth: depth, scope: &scope, into: &result)
                index = braced.end
            } else {
                let end = bytes.endOfName(from: index + 1, limit: range.upperBound)
                if end == index + 1 {
                    result.append(Ascii.dollar)
                } else {
                    try append(scope.value(of: Array(bytes[index + 1..<end])) ?? [], scope: &scope, into: &result)
                }
                index = end
            }
        }
    }

    private static func substitute(
        _ bytes: [UInt8],
        _ braced: ComposeBraces.Substitution,
        depth: Int,
        scope: inout VariableScope,
        into result: inout [UInt8]
    ) throws(Failure) {
        let value = scope.value(of: Array(bytes[braced.name]))
        let isPresent = value.map { !(braced.emptyIsUnset && $0.isEmpty) } ?? false
        switch braced.operation {
        case Ascii.minus where !isPresent, Ascii.plus where isPresent:
            try substitute(bytes, braced.word, depth: depth + 1, scope: &scope, into: &result)
        case Ascii.question where !isPresent:
            throw Failure(reason: .requiredVariable)
        default:
            try append(value ?? [], scope: &scope, into: &result)
        }
    }

    private static func append(
        _ value: [UInt8], scope: inout VariableScope, into result: inout [UInt8]
    ) throws(Failure) {
        guard scope.spend(value.count) else { throw Failure(reason: .expansionTooLarge) }
        result += value
    }
}
