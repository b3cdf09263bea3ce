import HealModel

/// A row as the quarantine keeps it: a JSON object that people can read, of which each value comes back as it was.
///
/// What JSON has no value for is an object with one member: `{"blob": "00ff"}`, `{"real": "Infinity"}`. No other objects are kept, since
/// no column holds one; what was kept before blobs were told apart has texts in their places.
enum KeptRow {
    static func text(_ cells: [Cell]) -> String {
        JSONContent.object(cells.map { JSONContent.Member($0.column, kept($0.value)) }).text
    }

    /// - Returns: `nil` when that is no row.
    static func read(_ text: String) -> SourceRow? {
        guard let content = try? JSONReader.read(text), case .object(let members) = content else { return nil }
        var cells: [Cell] = []
        for member in members {
            guard let value = value(member.value) else { return nil }
            cells.append(Cell(member.name, value))
        }
        return SourceRow(cells)
    }

    private static func kept(_ value: SQLValue) -> JSONContent {
        switch value {
        case .blob: .object([.init("blob", JSONContent(value))])
        case .real(let number) where !number.isFinite:
            .object([.init("real", .text(number < 0 ? "-Infinity" : "Infinity"))])
        default: JSONContent(value)
        }
    }

    private static func value(_ content: JSONContent) -> SQLValue? {
        let members: [JSONContent.Member]
        switch content {
        case .array: return nil
        case .object(let own): members = own
        case .null, .boolean, .integer, .real, .text: return content.sqlValue
        }
        guard let member = members.first, members.count == 1, case .text(let text) = member.value else { return nil }
        switch (member.name, text) {
        case ("blob", _): return bytes(text).map { .blob($0) }
        case ("real", "Infinity"): return .real(.infinity)
        case ("real", "-Infinity"): return .real(-.infinity)
        default: return nil
        }
    }

    /// Of hexadecimal digits.
    static func bytes(_ digits: String) -> [UInt8]? {
        let values = digits.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard values.count == digits.utf8.count, values.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
