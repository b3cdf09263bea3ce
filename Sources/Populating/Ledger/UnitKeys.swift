import Datasets
import HealModel

/// The keys of a batch, as rows name them.
struct UnitKeys {
    enum Match {
        case known(SQLValue)
        case foreign(SQLValue)
        case none
    }

    private let isWhole: Bool
    private let keys: [UnitKey: SQLValue]
    /// Programs make texts out of numbers, bring texts into another form of Unicode (which Swift takes for the same), and we made texts
    /// out of blobs. `nil` where several units could be meant.
    private let written: [String: SQLValue?]
    /// Keys that are numbers, by what they are; `nil` where several units could be meant, also by a text that reads so.
    private let numbers: [UnitKey: SQLValue?]
    private let only: SQLValue?

    init(_ batch: UnitBatch) {
        isWhole = batch.isWhole
        let all = batch.isWhole ? [WorkLedger.whole] : batch.units.map(\.key)
        keys = Dictionary(all.map { (UnitKey($0), $0) }, uniquingKeysWith: { first, _ in first })
        written = Dictionary(keys.values.map { (Self.text($0), $0) }, uniquingKeysWith: { _, _ in nil })
        var numbers: [UnitKey: SQLValue?] = [:]
        for key in keys.values where key.isNumber { numbers[UnitKey(key)] = key }
        // Programs of a language that has but one type of numbers write 1.0 as 1.
        for case .text(let text) in keys.values {
            if let number = SQLValue.number(text).map(UnitKey.init), numbers[number] != nil {
                numbers[number] = .some(nil)
            }
        }
        self.numbers = numbers
        only = keys.count == 1 ? all.first : nil
    }

    func unit(of row: SourceRow, _ column: String?) -> Match {
        if isWhole { return .known(WorkLedger.whole) }
        let name = column?.asciiLowercased
        let named = row.unit ?? row.cells.first { $0.column.asciiLowercased == name }?.value
        guard let named, !named.isNull else { return only.map { .known($0) } ?? .none }
        if let key = keys[UnitKey(named)] { return .known(key) }
        if let key = written[Self.text(named)] ?? nil { return .known(key) }
        if let text = named.text, let number = SQLValue.number(text), let key = numbers[UnitKey(number)] ?? nil {
            return .known(key)
        }
        return .foreign(named)
    }

    private static func text(_ value: SQLValue) -> String {
        switch value {
        case .text(let text): text
        case .blob: JSONContent(value).text.trimming("\"")
        default: JSONContent(value).text
        }
    }
}

extension SQLValue {
    fileprivate var isNumber: Bool {
        switch self {
        case .integer, .real: true
        case .null, .text, .blob: false
        }
    }

    /// The number that a text is in JSON or SQL, and nothing else.
    fileprivate static func number(_ text: String) -> SQLValue? {
        guard !text.isEmpty, text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }) else { return nil }
        if let whole = Int64(text) { return .integer(whole) }
        return Double(text).flatMap { $0.isFinite ? .real($0) : nil }
    }
}

extension String {
    fileprivate func trimming(_ character: Character) -> String {
        String(drop { $0 == character }.reversed().drop { $0 == character }.reversed())
    }
}

extension [Cell] {
    /// Gives a column its value, whatever it had.
    mutating func set(_ column: String, _ value: SQLValue) {
        let name = column.asciiLowercased
        if let index = firstIndex(where: { $0.column.asciiLowercased == name }) {
            self[index].value = value
        } else {
            append(Cell(column, value))
        }
    }
}
