import ArgumentParser
import Foundation
import HealModel
import LiveMachine
import ManifestShape
import Rendering

/// Where output goes: the report to standard output and to files, everything else to standard error. Standard output that
/// cannot be written never stops a run.
struct Console: Sendable {
    var style: TextStyle
    var outputs: Outputs
    /// What speaks, as reports name it.
    var tool: String
    /// Whether standard error is a terminal on which a line may be drawn over.
    var showsProgress: Bool
    private var errorStyle: TextStyle

    init(
        format: OutputFormat? = nil, color: ColorChoice = .auto, verbosity: Verbosity = .normal,
        outputs: [OutputTarget] = [], tool: String = Program.selfheal.rawValue,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.outputs = Outputs(format: format, outputs)
        self.tool = tool
        style = TextStyle(
            color: color.applies(to: STDOUT_FILENO, environment), width: Self.width(of: STDOUT_FILENO, environment),
            verbosity: verbosity)
        errorStyle = TextStyle(
            color: color.applies(to: STDERR_FILENO, environment), width: Self.width(of: STDERR_FILENO, environment))
        showsProgress = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb" && verbosity != .quiet
    }

    init(_ options: RunSettings, tool: String) {
        self.init(
            format: options.format, color: options.color, verbosity: options.verbosity, outputs: options.outputs,
            tool: tool)
    }

    // MARK: Reports

    /// Writes the report wherever it belongs. - Returns: its verdict, or that it could not be written.
    func write(_ report: Report, explanations: @autoclosure () -> [Explanation]) -> ExitCode {
        if let format = outputs.standard {
            emit(Self.renderer(format, of: report, style, explanations()).render(report))
        }
        var troubles: [String] = []
        for file in outputs.files {
            // A file is not a terminal, whatever standard output is.
            let renderer = Self.renderer(
                file.format, of: report, TextStyle(verbosity: style.verbosity), explanations())
            if let trouble = ReportFile(path: file.path, format: file.format).write(renderer.render(report)) {
                troubles.append("\(file.path): \(trouble)")
            }
        }
        complain(troubles)
        if outputs.spoken == .nagios {
            let state = NagiosState(report)
            return ExitCode((troubles.isEmpty || state == .critical ? state : .unknown).rawValue)
        }
        return ExitCode(troubles.isEmpty ? ExitStatus(rawValue: report.exitStatus) ?? .critical : .critical)
    }

    private static func renderer(
        _ format: OutputFormat, of report: Report, _ style: TextStyle, _ explanations: @autoclosure () -> [Explanation]
    ) -> any ReportRenderer {
        switch (format, report.tool) {
        case (.text, PlanCommand.tool): PlanRenderer(style: style)
        case (.text, UndoCommand.tool), (.text, RestoreCommand.tool): UndoRenderer(style: style)
        case (.text, Program.validateStartup.rawValue): TextRenderer(layout: .validation, style: style)
        default: format.renderer(layout: .healing, style: style, explanations: explanations())
        }
    }

    /// Writes to standard output; a reader that went away or a full disk is not our failure.
    func emit(_ text: String) { Self.write(text, to: STDOUT_FILENO) }

    // MARK: Refusals

    /// Says why nothing was done: on standard error, and in the format that was asked for, so that standard output holds nothing
    /// else.
    func refuse(_ status: ExitStatus, _ messages: [String]) -> ExitCode {
        refuse(status, messages.map { Refusal.Fault($0) })
    }

    func refuse(_ status: ExitStatus, _ problems: ManifestProblems) -> ExitCode {
        refuse(status, problems.all.map { Refusal.Fault($0.message, source: $0.location) })
    }

    func refuse(_ status: ExitStatus, _ faults: [Refusal.Fault]) -> ExitCode {
        complain(faults.map(\.text))
        let refusal = Refusal(tool: tool, toolVersion: Program.version, status: status, faults: faults)
        func text(_ format: OutputFormat) -> String {
            format.renderer(layout: .healing, style: .plain).render(refusal)
        }
        if let format = outputs.standard { emit(text(format)) }
        // Where the command line is wrong, the files that it names may be, too.
        for file in outputs.files where status != .usage {
            let text = text(file.format)
            if text.isEmpty { continue }
            if let trouble = ReportFile(path: file.path, format: file.format).replaceReport(with: text) {
                complain(["\(file.path): \(trouble)"])
            }
        }
        return outputs.spoken == .nagios ? ExitCode(NagiosState.unknown.rawValue) : ExitCode(status)
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
        ProcessSetup.noteDrawnLines(1)
    }

    /// The same for many things of one kind.
    func progress(_ doing: String, _ done: Int, of total: Int, _ things: String, elapsed: Duration) {
        guard showsProgress else { return }
        let line = ProgressLine(width: errorStyle.width ?? 80)
        Self.write(line.show(doing, done, of: total, things, elapsed: elapsed), to: STDERR_FILENO)
        ProcessSetup.noteDrawnLines(1)
    }

    func progress(waitingFor what: String, elapsed: Duration) {
        guard showsProgress else { return }
        let line = ProgressLine(width: errorStyle.width ?? 80)
        Self.write(line.show(waitingFor: what, elapsed: elapsed), to: STDERR_FILENO)
        ProcessSetup.noteDrawnLines(1)
    }

    func clearProgress() {
        guard showsProgress else { return }
        Self.write(ProgressLine(width: errorStyle.width ?? 80).clear, to: STDERR_FILENO)
        ProcessSetup.noteDrawnLines(0)
    }

    /// Writes to the terminal as it is; nothing where there is none.
    func drawOver(_ text: String) {
        if showsProgress { Self.write(text, to: STDERR_FILENO) }
    }

    var colorsErrors: Bool { errorStyle.color }

    /// The size that standard error's terminal has now.
    static func terminalSize(_ environment: [String: String]) -> (columns: Int, rows: Int) {
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0
        func number(_ known: UInt16, _ name: String, _ usual: Int) -> Int {
            isKnown && known > 0 ? Int(known) : environment[name].flatMap { Int($0) } ?? usual
        }
        return (number(size.ws_col, "COLUMNS", 80), number(size.ws_row, "LINES", 24))
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
    var printable: String { SafeText.line(self) }
}

extension ExitCode {
    init(_ status: ExitStatus) { self.init(status.rawValue) }
}
