extension DotEnvFile {
    /// The lines of a file that the dialects do not all read alike, in order.
    ///
    /// A dialect that refuses the file appears in the note on the line that it refuses, and in none after that.
    ///
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - environment: The variables that substitutions may use besides the file's own.
    public static func portability(
        of bytes: [UInt8], environment: [String: String] = [:]
    ) -> [PortabilityNote] {
        var comparison = Comparison()
        for dialect in EnvDialect.allCases {
            comparison.add(Reading.of(bytes, dialect: dialect, environment: environment), of: dialect)
        }
        return comparison.notes()
    }
}

/// What the dialects make of the same file, side by side.
private struct Comparison {
    private struct Place: Hashable {
        let line: Int
        let name: String
    }

    /// What one dialect makes of one place.
    private enum Outcome: Hashable {
        case value([UInt8])
        case nameOnly
        case ignored
        case refused

        var reading: PortabilityNote.Reading {
            switch self {
            case .value: .value
            case .nameOnly: .nameOnly
            case .ignored: .ignored
            case .refused: .refused
            }
        }
    }

    private var outcomes: [Place: [EnvDialect: Outcome]] = [:]
    private var places: [Place] = []

    /// Lines on which some dialect meets a problem.
    private var troubled: Set<Int> = []

    /// Lines that the shell does not read in silence.
    private var complaints: Set<Int> = []

    /// The lines on which dialects refuse the file.
    private var refusals: [EnvDialect: Int] = [:]

    mutating func add(_ reading: Reading, of dialect: EnvDialect) {
        for assignment in reading.assignments {
            let place = Place(line: assignment.line, name: assignment.name)
            if outcomes[place] == nil {
                places.append(place)
            }
            outcomes[place, default: [:]][dialect] = assignment.bytes.map { .value($0) } ?? .nameOnly
        }
        for problem in reading.problems where problem.reason != .nulByte {
            troubled.insert(problem.line)
            if dialect == .shell, problem.reason != .array {
                complaints.insert(problem.line)
            }
        }
        if let refusal = reading.refusal {
            troubled.insert(refusal.line)
            refusals[dialect] = refusal.line
        }
    }

    func notes() -> [PortabilityNote] {
        let named = Set(places.map(\.line))
        let unnamed = troubled.subtracting(named).map { Place(line: $0, name: "") }
        // Sorting keeps the order of places on the same line.
        let all = (places + unnamed).enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
        return all.compactMap { note(on: $0.element) }
    }

    private func note(on place: Place) -> PortabilityNote? {
        var dialects: [Outcome: [EnvDialect]] = [:]
        for dialect in EnvDialect.allCases {
            guard let outcome = outcome(of: dialect, on: place) else { continue }
            dialects[outcome, default: []].append(dialect)
        }
        guard dialects.count > 1 else { return nil }
        let groups = dialects.map { PortabilityNote.Group(dialects: $0.value, reading: $0.key.reading) }
        return PortabilityNote(
            line: place.line,
            variable: variable(on: place),
            groups: groups.sorted { Comparison.rank($0) < Comparison.rank($1) }
        )
    }

    /// What a dialect makes of a place; `nil` if it has refused the file before.
    private func outcome(of dialect: EnvDialect, on place: Place) -> Outcome? {
        if let outcome = outcomes[place]?[dialect] { return outcome }
        if let line = refusals[dialect], line <= place.line {
            return line == place.line ? .refused : nil
        }
        return dialect == .shell && complaints.contains(place.line) ? .refused : .ignored
    }

    /// A place's name, if a dialect gives it a value: a name alone may be a stray line of a secret.
    private func variable(on place: Place) -> String? {
        let hasValue = outcomes[place]?.values.contains { $0.reading == .value } ?? false
        return hasValue ? ProperName.text(Array(place.name.utf8)[...]) : nil
    }

    /// Values first, those that most agree on before the others, then by the order of the dialects.
    private static func rank(_ group: PortabilityNote.Group) -> (Int, Int, Int) {
        let first = group.dialects.first.flatMap { EnvDialect.allCases.firstIndex(of: $0) } ?? 0
        return (group.reading == .value ? 0 : 1, -group.dialects.count, first)
    }
}
