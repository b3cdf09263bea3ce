import CYaml
import HealModel
import ManifestShape

/// What a YAML file consists of, one piece at a time. libyaml (which comes with Yams) reads; nothing is built from
/// its pieces here, so a file that would grow without bound is harmless.
final class YAMLEvents {
    enum Event {
        case start
        case alias(String)
        case scalar(text: String, plain: Bool, anchor: String?, tag: String?)
        case sequence(anchor: String?, tag: String?)
        case mapping(anchor: String?, tag: String?)
        case endOfCollection
        case documentStart
        /// Where the document ended, for what may follow it.
        case documentEnd(line: Int, column: Int)
        case end
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeBufferPointer<UInt8>
    private let file: String

    /// - Parameter input: checked bytes; must outlive this reader.
    init(_ input: UnsafeBufferPointer<UInt8>, file: String) throws(ManifestProblem) {
        self.input = input
        self.file = file
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else {
            throw ManifestProblem(SourceLocation(file: file, line: 1, column: 1), "no memory to read the file")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    func next() throws(ManifestProblem) -> (event: Event, location: SourceLocation) {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw fault() }
        defer { yaml_event_delete(&raw) }
        return (event(raw), location(raw.start_mark))
    }

    private func event(_ raw: yaml_event_t) -> Event {
        switch raw.type {
        case YAML_STREAM_START_EVENT: return .start
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT:
            return .documentEnd(line: raw.end_mark.line, column: raw.end_mark.column)
        case YAML_ALIAS_EVENT: return .alias(Self.text(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            return .scalar(
                text: String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self),
                plain: scalar.style == YAML_PLAIN_SCALAR_STYLE, anchor: Self.text(scalar.anchor),
                tag: Self.text(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            return .sequence(
                anchor: Self.text(raw.data.sequence_start.anchor), tag: Self.text(raw.data.sequence_start.tag))
        case YAML_MAPPING_START_EVENT:
            return .mapping(
                anchor: Self.text(raw.data.mapping_start.anchor), tag: Self.text(raw.data.mapping_start.tag))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .endOfCollection
        default: return .end
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func location(_ mark: yaml_mark_t) -> SourceLocation {
        SourceLocation(file: file, line: mark.line + 1, column: mark.column + 1)
    }

    // MARK: - Faults

    /// libyaml's own sentence, which never holds a part of the file, and what people usually did.
    private func fault() -> ManifestProblem {
        let mark = parser.pointee.problem_mark
        if parser.pointee.flow_level > ManifestLimits.depth {
            // libyaml looks ahead, and has a limit of its own.
            return ManifestProblem(location(parser.pointee.mark), "nested deeper than \(ManifestLimits.depth) levels")
        }
        var message = parser.pointee.problem.map { String(cString: $0) } ?? "the file cannot be read as YAML"
        if let context = parser.pointee.context {
            message += " (\(String(cString: context)), which began in line \(parser.pointee.context_mark.line + 1))"
        }
        if let hint = hint(at: mark) { message += "; \(hint)" }
        return ManifestProblem(location(mark), message)
    }

    private func hint(at mark: yaml_mark_t) -> String? {
        let place = offset(line: mark.line, column: mark.column)
        guard place < input.count else { return nil }
        if place > 0, input[place] == UInt8(ascii: "{"), input[place - 1] == UInt8(ascii: "$") {
            return "inside […] and {…} a value with '${' needs quotes"
        }
        switch input[place] {
        case 0x09: return "indent with spaces, not with tabs"
        case UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "%"):
            return "a value that begins with this character needs quotes"
        case UInt8(ascii: ":"): return "a value with ': ' in it needs quotes"
        default: return nil
        }
    }

    /// Where a line and column (from 0, in characters) lie in the bytes.
    func offset(line: Int, column: Int) -> Int {
        var index = 0
        var lines = 0
        while lines < line, index < input.count {
            if input[index] == 0x0A { lines += 1 }
            index += 1
        }
        var columns = 0
        while index < input.count {
            if input[index] & 0xC0 != 0x80 {
                if columns == column { break }
                columns += 1
            }
            index += 1
        }
        return index
    }

    /// What comes first after a place, white space and comments aside; looked for here because libyaml, going on,
    /// would read whatever a second document holds.
    func firstText(afterLine line: Int, column: Int) -> (location: SourceLocation, byte: UInt8)? {
        var index = offset(line: line, column: column)
        var place = SourceLocation(file: file, line: line + 1, column: column + 1)
        while index < input.count {
            switch input[index] {
            case 0x0A:
                place.line += 1
                place.column = 0
            case 0x20, 0x09, 0x0D: break
            case UInt8(ascii: "#"):
                while index + 1 < input.count, input[index + 1] != 0x0A { index += 1 }
            default: return (place, input[index])
            }
            index += 1
            place.column += 1
        }
        return nil
    }
}
