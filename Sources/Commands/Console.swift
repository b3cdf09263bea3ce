import Foundation
import HealModel
import ManifestShape
import Rendering

/// Where output goes: standard output for the report, standard error for everything else. Output that cannot be written
/// never stops a run.
struct Console: Sendable {
    var format: OutputFormat
    var style: TextStyle
    var output: String?
    /// Whether standard error is a terminal on which a line may be drawn over.
    var showsProgress: Bool
    private var errorStyle: TextStyle

    init(
        format: OutputFormat = .text, color: ColorChoice = .auto, verbosity: Verbosity = .normal, output: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.format = format
        self.output = output
        style = TextStyle(
            color: color.applies(to: STDOUT_FILENO, environment), width: Self.width(of: STDOUT_FILENO, environment),
            verbosity: verbosity)
        errorStyle = TextStyle(
            color: color.applies(to: STDERR_FILENO, environment), width: Self.width(of: STDERR_FILENO, environment))
        showsProgress = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb" && verbosity != .quiet
    }

    init(_ options: RunSettings) {
        self.init(format: options.format, color: options.color, verbosity: options.verbosity, output: options.output)
    }

    // MARK: Reports

    /// Writes the report where it belongs. - Returns: its verdict.
    func write(_ report: Report) -> ExitStatus {
        let layout: TextLayout = report.tool == Program.validateStartup.rawValue ? .validation : .healing
        // A file is not a terminal, whatever standard output is.
        let style = output == nil ? style : TextStyle(verbosity: style.verbosity)
        let renderer: any ReportRenderer =
            format == .text && report.tool == PlanCommand.tool
            ? PlanRenderer(style: style) : format.renderer(layout: layout, style: style)
        let text = renderer.render(report)
        if let output {
            if let trouble = Self.replace(output, with: text) {
                complain(["\(output): \(trouble)"])
                return .critical
            }
        } else {
            emit(text)
        }
        return ExitStatus(rawValue: report.exitStatus) ?? .critical
    }

    /// Writes to standard output; a reader that went away or a full disk is not our failure.
    func emit(_ text: String) { Self.write(text, to: STDOUT_FILENO) }

    // MARK: Refusals

    /// Says why nothing was done. With `--format json`, standard output still holds nothing but JSON.
    func refuse(_ status: ExitStatus, _ messages: [String]) -> ExitStatus {
        refuse(status, messages.map { Fault(message: $0) })
    }

    func refuse(_ status: ExitStatus, _ problems: ManifestProblems) -> ExitStatus {
        refuse(status, problems.all.map { Fault(message: $0.message, location: $0.location) })
    }

    private struct Fault: Encodable {
        var message: String
        var file: String?
        var line: Int?
        var column: Int?

        init(message: String, location: SourceLocation? = nil) {
            self.message = message
            file = location?.file
            line = location?.line
            column = location?.column
        }

        var text: String {
            guard let file, let line, let column else { return message }
            return "\(file):\(line):\(column): \(message)"
        }
    }

    private struct Refusal: Encodable {
        var format = "selfheal-error/1"
        var exitStatus: Int32
        var errors: [Fault]
    }

    private func refuse(_ status: ExitStatus, _ faults: [Fault]) -> ExitStatus {
        complain(faults.map(\.text))
        if format == .json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let refusal = Refusal(exitStatus: status.rawValue, errors: faults)
            let json = (try? encoder.encode(refusal)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? "{}\n"
            if let output { _ = Self.replace(output, with: json) } else { emit(json) }
        }
        return status
    }

    /// Says something on standard error that is neither a report nor a refusal.
    func remark(_ message: String) {
        let tag = errorStyle.color ? "\u{1B}[33m[WARNING]\u{1B}[0m " : "[WARNING] "
        Self.write(tag + message.printable + "\n", to: STDERR_FILENO)
    }

    /// Says on standard error what goes on, where that takes long.
    func inform(_ message: String) {
        let tag = errorStyle.color ? "\u{1B}[34m[INFO]\u{1B}[0m " : "[INFO] "
        Self.write(tag + message.printable + "\n", to: STDERR_FILENO)
    }

    private func complain(_ messages: [String]) {
        let tag = errorStyle.color ? "\u{1B}[31m[ERROR]\u{1B}[0m " : "[ERROR] "
        Self.write(messages.map { tag + $0.printable + "\n" }.joined(), to: STDERR_FILENO)
    }

    // MARK: Progress

    /// Draws over the current line of the terminal; nothing where there is none.
    func progress(_ doing: String, elapsed: Duration = .zero) {
        guard showsProgress else { return }
        Self.write(ProgressLine(width: errorStyle.width ?? 80).show(doing, elapsed: elapsed), to: STDERR_FILENO)
    }

    /// The same for many things of one kind.
    func progress(_ doing: String, _ done: Int, of total: Int, _ things: String, elapsed: Duration) {
        guard showsProgress else { return }
        let line = ProgressLine(width: errorStyle.width ?? 80)
        Self.write(line.show(doing, done, of: total, things, elapsed: elapsed), to: STDERR_FILENO)
    }

    func progress(waitingFor what: String, elapsed: Duration) {
        guard showsProgress else { return }
        let line = ProgressLine(width: errorStyle.width ?? 80)
        Self.write(line.show(waitingFor: what, elapsed: elapsed), to: STDERR_FILENO)
    }

    func clearProgress() {
        guard showsProgress else { return }
        Self.write(ProgressLine(width: errorStyle.width ?? 80).clear, to: STDERR_FILENO)
    }

    // MARK: Descriptors

    private static func width(of descriptor: Int32, _ environment: [String: String]) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return environment["COLUMNS"].flatMap(Int.init) ?? 80
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                if poll(&waiting, 1, 10_000) <= 0 { return }
            } else if errno != EINTR {
                return
            }
        }
    }

    /// Writes a file the user named: complete under its name, or not at all; a device or pipe is written to as it is.
    /// - Returns: what went wrong.
    private static func replace(_ path: String, with text: String) -> String? {
        var status = stat()
        let special = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        let target = special ? path : "\(path).\(getpid()).tmp"
        let descriptor = open(target, O_WRONLY | O_CLOEXEC | (special ? 0 : O_CREAT | O_EXCL), 0o644)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        var rest = Array(text.utf8)[...]
        var failure: Int32 = 0
        while !rest.isEmpty && failure == 0 {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { failure = errno }
        }
        if close(descriptor) != 0 && failure == 0 { failure = errno }
        if !special {
            if failure == 0, rename(target, path) != 0 { failure = errno }
            if failure != 0 { unlink(target) }
        }
        return failure == 0 ? nil : String(cString: strerror(failure))
    }
}

extension ColorChoice {
    /// `NO_COLOR` (no-color.org) and a dumb terminal count only where the user did not say `always`.
    func applies(to descriptor: Int32, _ environment: [String: String]) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto:
            isatty(descriptor) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        }
    }
}

extension String {
    /// Without control characters that could fool a terminal.
    var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "\u{FFFD}" : $0 }))
    }
}
