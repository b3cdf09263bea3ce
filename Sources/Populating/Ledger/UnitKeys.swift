import Datasets
import HealModel

/// The keys of a batch, as rows name them.
struct UnitKeys {
    enum Match {
        case known(SQLValue)
        case foreign(SQLValue)
        case none
    }

    private let keys: Set<SQLValue>
    /// Programs make texts out of numbers, and we made texts out of blobs.
    private let written: [String: SQLValue]
    private let only: SQLValue?

    init(_ batch: UnitBatch) {
        keys = Set(batch.isWhole ? [WorkLedger.whole] : batch.units.map(\.key))
        written = Dictionary(keys.map { (Self.text($0), $0) }, uniquingKeysWith: { first, _ in first })
        only = keys.count == 1 ? keys.first : nil
    }

    func unit(of row: SourceRow, _ column: String?) -> Match {
        if only == WorkLedger.whole { return .known(WorkLedger.whole) }
        let name = column?.asciiLowercased
        let named = row.unit ?? row.cells.first { $0.column.asciiLowercased == name }?.value
        guard let named, !named.isNull else { return only.map { .known($0) } ?? .none }
        if keys.contains(named) { return .known(named) }
        if let key = written[Self.text(named)] { return .known(key) }
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
