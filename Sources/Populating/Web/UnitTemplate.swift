import HealModel

/// A text with places for a unit's values: `{key}` for its key, `{name}` for a column of its row.
struct UnitTemplate: Sendable, Hashable {
    enum Fault: Error, Sendable, Hashable {
        /// There is no such column in the unit's row.
        case unknownColumn(String)
        case null(String)
    }

    private enum Part: Sendable, Hashable {
        case text(String)
        case place(String)
    }

    private let parts: [Part]

    init(_ text: String) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            let inside = rest[rest.index(after: open)...]
            let name = inside.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "." }
            guard !name.isEmpty, name.endIndex < rest.endIndex, rest[name.endIndex] == "}" else {
                parts.append(.text(String(rest[...open])))
                rest = inside
                continue
            }
            parts.append(.text(String(rest[..<open])))
            parts.append(.place(String(name)))
            rest = rest[rest.index(after: name.endIndex)...]
        }
        parts.append(.text(String(rest)))
        self.parts = parts.filter { $0 != .text("") }
    }

    /// Whether there is a place for a unit's value in it.
    var hasPlaces: Bool {
        parts.contains { if case .place = $0 { true } else { false } }
    }

    /// - Parameters:
    ///   - unit: `nil` leaves the places as they are written.
    ///   - keepsUnknown: whether a place that names no column stays as it is written.
    func filled(
        with unit: Unit?, keepsUnknown: Bool = false, escape: (String) -> String
    ) throws(Fault) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .place(let name):
                guard let unit, let value = name == "key" ? unit.key : unit[name] else {
                    if unit != nil && !keepsUnknown { throw .unknownColumn(name) }
                    result += "{\(name)}"
                    continue
                }
                guard let text = value.shownText else { throw .null(name) }
                result += escape(text)
            }
        }
        return result
    }
}

extension SQLValue {
    /// The value as a text: numbers as JSON writes them, blobs in hexadecimal digits; `nil` for NULL.
    var shownText: String? {
        switch JSONContent(self) {
        case .null: nil
        case .text(let text): text
        case let other: other.text
        }
    }
}
