import HealKit
import HealModel
import Synchronization

/// Rows on their way from a source to the database: in memory while they are few, else in a file without a name.
final class RowSpool: RowSink {
    private struct State {
        var buffer: [UInt8] = []
        var file: (any TemporaryFile)?
        var count = 0
    }

    /// What is kept in memory.
    static let memoryLimit = 1 << 20

    private let machine: any Machine
    private let state = Mutex(State())

    init(machine: any Machine) { self.machine = machine }

    /// How many rows were taken.
    var count: Int { state.withLock { $0.count } }

    func take(_ row: SourceRow) throws(SourceFailure) {
        let failure = state.withLock { state -> MachineError? in
            row.encode(to: &state.buffer)
            state.count += 1
            guard state.buffer.count >= Self.memoryLimit else { return nil }
            do throws(MachineError) {
                if state.file == nil { state.file = try machine.temporaryFile() }
                try state.file?.append(state.buffer)
                state.buffer.removeAll(keepingCapacity: true)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw SourceFailure(failure) }
    }

    /// Reads what was taken, from the beginning.
    func reader() -> Reader {
        state.withLock { Reader(file: $0.file, fileSize: $0.file?.size ?? 0, rest: $0.buffer) }
    }

    struct Reader {
        fileprivate let file: (any TemporaryFile)?
        fileprivate let fileSize: Int64
        /// What did not go into the file.
        fileprivate let rest: [UInt8]
        private var offset: Int64 = 0
        private var chunk = ByteReader([])
        private var isInRest = false

        fileprivate init(file: (any TemporaryFile)?, fileSize: Int64, rest: [UInt8]) {
            self.file = file
            self.fileSize = fileSize
            self.rest = rest
        }

        /// - Returns: `nil` after the last one.
        mutating func next() throws(MachineError) -> SourceRow? {
            var wanted = RowSpool.memoryLimit
            while true {
                let start = chunk.position
                if !chunk.isAtEnd, let row = SourceRow(decoding: &chunk) { return row }
                guard !isInRest else { return nil }
                let consumed = offset - Int64(chunk.bytes.count - start)
                guard let file, consumed < fileSize else {
                    chunk = ByteReader(rest)
                    isInRest = true
                    continue
                }
                // A row that ends beyond what was read is read again, with more behind it.
                if start == 0, !chunk.bytes.isEmpty { wanted = chunk.bytes.count * 2 }
                let bytes = try file.read(at: consumed, count: Int(min(Int64(wanted), fileSize - consumed)))
                if bytes.isEmpty || (start == 0 && bytes.count == chunk.bytes.count) {
                    throw .malfunction(subject: "a temporary file", reason: "it has lost what was written to it")
                }
                offset = consumed + Int64(bytes.count)
                chunk = ByteReader(bytes)
            }
        }
    }
}

/// Reads numbers and bytes one after the other.
struct ByteReader {
    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    /// Seven bits a byte, the lowest first.
    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = byte() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    mutating func slice() -> ArraySlice<UInt8>? {
        guard let count = number(), count <= UInt64(bytes.count - position) else { return nil }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }
}

extension SourceRow {
    fileprivate func encode(to bytes: inout [UInt8]) {
        if let unit {
            bytes.append(1)
            unit.encode(to: &bytes)
        } else {
            bytes.append(0)
        }
        UInt64(cells.count).encode(to: &bytes)
        for cell in cells {
            UInt64(cell.column.utf8.count).encode(to: &bytes)
            bytes += cell.column.utf8
            cell.value.encode(to: &bytes)
        }
    }

    /// - Returns: `nil`, and the reader where it was, when the row goes on beyond what there is.
    fileprivate init?(decoding reader: inout ByteReader) {
        let start = reader.position
        func read() -> SourceRow? {
            guard let hasUnit = reader.byte() else { return nil }
            var unit: SQLValue?
            if hasUnit == 1 {
                guard let value = SQLValue(decoding: &reader) else { return nil }
                unit = value
            }
            guard let count = reader.number() else { return nil }
            var cells: [Cell] = []
            for _ in 0..<count {
                guard let column = reader.slice(), let value = SQLValue(decoding: &reader) else { return nil }
                cells.append(Cell(String(decoding: column, as: UTF8.self), value))
            }
            return SourceRow(cells, unit: unit)
        }
        guard let row = read() else {
            reader.position = start
            return nil
        }
        self = row
    }
}

extension UInt64 {
    fileprivate func encode(to bytes: inout [UInt8]) {
        var rest = self
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension SQLValue {
    fileprivate func encode(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(0)
        case .integer(let value):
            bytes.append(1)
            UInt64(bitPattern: value).encode(to: &bytes)
        case .real(let value):
            bytes.append(2)
            value.bitPattern.encode(to: &bytes)
        case .text(let value):
            bytes.append(3)
            UInt64(value.utf8.count).encode(to: &bytes)
            bytes += value.utf8
        case .blob(let value):
            bytes.append(4)
            UInt64(value.count).encode(to: &bytes)
            bytes += value
        }
    }

    fileprivate init?(decoding reader: inout ByteReader) {
        switch reader.byte() {
        case 0: self = .null
        case 1:
            guard let value = reader.number() else { return nil }
            self = .integer(Int64(bitPattern: value))
        case 2:
            guard let value = reader.number() else { return nil }
            self = .real(Double(bitPattern: value))
        case 3:
            guard let value = reader.slice() else { return nil }
            self = .text(String(decoding: value, as: UTF8.self))
        case 4:
            guard let value = reader.slice() else { return nil }
            self = .blob(Array(value))
        default: return nil
        }
    }
}
