import Datasets

/// How a state looks, the same in every format.
enum StateLook: String, CaseIterable {
    case good, soft, bad, other

    init(_ state: DatasetState) {
        self =
            switch state {
            case .ready: .good
            case .waiting, .stale: .soft
            case .missing, .empty, .short, .incomplete, .invalid: .bad
            case .unknown: .other
            }
    }

    /// For pictures on white: ground and ink, the same as those of HTML reports.
    var ground: String {
        switch self {
        case .good: "#dcf5e3"
        case .soft: "#fff1cf"
        case .bad: "#ffe3e5"
        case .other: "#ebe7fb"
        }
    }

    var ink: String {
        switch self {
        case .good: "#116329"
        case .soft: "#7a4b00"
        case .bad: "#a40e26"
        case .other: "#4a3a86"
        }
    }

    /// The class of the badge in HTML reports.
    var badge: String {
        switch self {
        case .good: "ok"
        case .soft: "warning"
        case .bad: "critical"
        case .other: "unknown"
        }
    }

    var mark: Mark {
        switch self {
        case .good: .done
        case .soft: .withheld
        case .bad, .other: .failed
        }
    }
}
