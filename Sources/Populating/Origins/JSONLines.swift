import Datasets
import HealKit
import HealModel

/// The lines of a file that a program has written, one JSON object each, without holding more than one in memory.
struct JSONLines {
    /// A longer line is none that a program meant.
    static let longest = 64 << 20

    let file: any TemporaryFile

    /// Gives each object to `body`, with the number of its line. Empty lines are passed over; the last one needs no end, but has to
    /// be whole.
    func read(_ body: (SourceRow) throws(SourceFailure) -> Void) throws(SourceFailure) {
        var offset: Int64 = 0
        var line: [UInt8] = []
        var number = 0
        while true {
            let chunk: [UInt8]
            do throws(MachineError) {
                chunk = try file.read(at: offset, count: 1 << 18)
            } catch {
                throw SourceFailure(error)
            }
            guard !chunk.isEmpty else { break }
            offset += Int64(chunk.count)
            var rest = chunk[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                if line.isEmpty {
                    try Self.row(rest[..<end], number).map(body)
                } else {
                    line += rest[..<end]
                    try Self.row(line[...], number).map(body)
                    line.removeAll(keepingCapacity: true)
                }
                rest = rest[(end + 1)...]
            }
            line += rest
            guard line.count <= Self.longest else {
                throw SourceFailure(.parse, "line \(number + 1) of its output is longer than \(Self.longest) bytes")
            }
        }
        if !line.isEmpty { try Self.row(line[...], number + 1).map(body) }
    }

    private static func row(_ line: ArraySlice<UInt8>, _ number: Int) throws(SourceFailure) -> SourceRow? {
        guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return nil }
        let content: JSONContent
        do throws(JSONReader.Fault) {
            content = try JSONReader.read(line)
        } catch {
            throw SourceFailure(.parse, "line \(number) of its output is not JSON: \(error.reason)")
        }
        guard let row = SourceRow(content) else {
            throw SourceFailure(.parse, "line \(number) of its output is JSON, but not an object")
        }
        return row
    }
}

extension Optional {
    fileprivate func map(_ body: (Wrapped) throws(SourceFailure) -> Void) throws(SourceFailure) {
        if let self { try body(self) }
    }
}
