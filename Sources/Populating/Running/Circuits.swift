import Datasets

/// Which sources are asked nothing more in this run, because they failed again and again; and which want to be left alone for a while.
actor Circuits {
    /// So many failures in a row open it.
    static let threshold = 5

    private struct Circuit {
        var failures = 0
        var failure: SourceFailure?
        var isOpen = false
        var restsUntil: Duration = .zero
    }

    private var circuits: [String: Circuit] = [:]

    /// Why nothing is asked of it any more.
    func refusal(_ origin: String) -> SourceFailure? {
        guard let circuit = circuits[origin], circuit.isOpen, let failure = circuit.failure else { return nil }
        return failure
    }

    /// Until when it wants to be left alone.
    func rest(_ origin: String) -> Duration { circuits[origin]?.restsUntil ?? .zero }

    func rest(_ origin: String, until moment: Duration) {
        circuits[origin, default: Circuit()].restsUntil = max(moment, circuits[origin]?.restsUntil ?? .zero)
    }

    func succeeded(_ origin: String) { circuits[origin]?.failures = 0 }

    /// - Returns: how many failures in a row there were, if this one has opened the circuit.
    func failed(_ origin: String, _ failure: SourceFailure) -> Int? {
        var circuit = circuits[origin] ?? Circuit()
        defer { circuits[origin] = circuit }
        circuit.failures += 1
        circuit.failure = failure
        guard !circuit.isOpen, circuit.failures >= Self.threshold || failure.kind == .authentication else {
            return nil
        }
        circuit.isOpen = true
        return circuit.failures
    }
}
