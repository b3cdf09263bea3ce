import HealModel

extension Shape where Value == Double {
    /// A number, whole or decimal.
    public static func number(_ range: ClosedRange<Double>) -> Shape<Double> {
        Shape(schema: JSONSchema(.number)) { node, problems in
            guard let scalar = node.scalar(wanted: "a number", &problems) else { return nil }
            guard scalar.kind == .integer || scalar.kind == .float, let value = Double(scalar.text) else {
                problems.add(node.location, "expected a number, found \(scalar.kind.article)")
                return nil
            }
            // A NaN is in no range.
            guard range.contains(value) else {
                problems.add(node.location, "expected a number from \(range.lowerBound) to \(range.upperBound)")
                return nil
            }
            return value
        }
    }
}

extension Shape where Value == Duration {
    /// A length of time with its unit: `500ms`, `30s`, `10m`, `24h`, `7d`, `1.5h`. Never negative.
    public static var duration: Shape<Duration> {
        Shape<String>(
            schema: JSONSchema(.string).with { $0.pattern = #"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"# },
            decode: { node, problems in
                // A plain 30 would leave open of what.
                guard let scalar = node.scalar(wanted: "a length of time such as 30s", &problems) else { return nil }
                return scalar.text
            }
        )
        .map { (text: String) throws(ShapeFailure) -> Duration in
            guard let duration = Duration(text: text) else {
                throw ShapeFailure("expected a length of time with its unit, such as 500ms, 30s, 10m, 24h or 7d")
            }
            return duration
        }
    }
}

extension Duration {
    /// The units, each with how many milliseconds it has. `ms` comes first: it ends in an `s`.
    private static let units: [(suffix: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// A number and one of the units `ms`, `s`, `m`, `h`, `d`, at most a hundred years; `nil` for anything else.
    public init?(text: String) {
        guard let unit = Self.units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let number = text.dropLast(unit.suffix.count)
        let isPlain = number.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
        }
        guard isPlain, number.first != ".", number.last != ".", let value = Double(number) else { return nil }
        let milliseconds = value * unit.milliseconds
        guard milliseconds <= 36525 * 86_400_000 else { return nil }
        self = .microseconds(Int64((milliseconds * 1000).rounded()))
    }

    /// As a manifest writes it, in the largest unit that gives a whole number.
    public var manifestText: String {
        let milliseconds = Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
        let unit = Self.units.last {
            milliseconds >= $0.milliseconds && milliseconds.truncatingRemainder(dividingBy: $0.milliseconds) == 0
        }
        guard let unit else { return "\(milliseconds)ms" }
        return "\(Int64(milliseconds / unit.milliseconds))\(unit.suffix)"
    }
}
