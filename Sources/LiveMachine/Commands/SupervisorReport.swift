import HealKit

/// What a supervisor has said of a run, in the lines that it adds to the file in memory which is its standard input; see
/// `selfheal_supervise`. Nothing that is supervised can write there.
struct SupervisorReport: Hashable {
    /// The command's exit code, or 128 and its signal.
    var status: Int32 = 0
    var leftProcesses = false
    var isOverTime = false
    /// What the command tried to write, without being allowed to: the first absolute path below the root.
    var triedToWrite: String?
    /// Why the command was not run.
    var failure: String?

    /// The folder for temporary files that a supervisor has made, as far as it came.
    static func temporaryFolder(in text: String) -> String? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("folder ") }
        return line.map { String($0.dropFirst(7)) }.flatMap { $0.contains("/selfheal-plugin-") ? $0 : nil }
    }

    /// - Returns: `nil` when the report has no end: the supervisor was killed.
    init?(_ text: String) {
        var isComplete = false
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            let rest = parts.count == 2 ? String(parts[1]) : ""
            switch parts.first {
            case "folder": break
            case "left": leftProcesses = true
            case "time": isOverTime = true
            case "tried": triedToWrite = rest
            case "failed": failure = failure ?? rest
            case "done":
                guard let number = Int32(rest) else { return nil }
                status = number
                isComplete = true
            default: return nil
            }
        }
        guard isComplete else { return nil }
    }
}
