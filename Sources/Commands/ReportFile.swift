import Glibc
import Rendering

/// A file that a report is written to: complete under its name, or not at all. A device or pipe is written to as it is, and a
/// symbolic link stays one.
struct ReportFile {
    var path: String
    var format: OutputFormat

    /// - Returns: what went wrong.
    func write(_ text: String) -> String? {
        var status = stat()
        let exists = stat(path, &status) == 0
        // What `/dev/stderr` stands for may be a file; it is somebody else's, and goes on.
        let special =
            exists && (status.st_mode & S_IFMT != S_IFREG || path.hasPrefix("/dev/") || path.hasPrefix("/proc/"))
        let path = special ? path : Self.resolved(path)
        let target = special ? path : "\(path).\(getpid()).tmp"
        let descriptor = open(target, O_WRONLY | O_CLOEXEC | (special ? O_APPEND : O_CREAT | O_EXCL), 0o600)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        var failure: Int32 = 0
        if !special, fchmod(descriptor, exists ? status.st_mode & 0o777 : mode) != 0 { failure = errno }
        var rest = Array(text.utf8)[...]
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

    /// Without symbolic links, where there is something.
    private static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Writes where nothing is yet, or an earlier report: what the manifest names is not known when it could not be read, and a
    /// report must not take the place of a database.
    func replaceReport(with text: String) -> String? {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0, !isReport {
            return "is no earlier report in this format, and stays as it is"
        }
        return write(text)
    }

    /// Metrics hold nothing but numbers, and another user's process reads them; what is wrong by name is the owner's.
    private var mode: mode_t { format == .prometheus ? 0o644 : 0o600 }

    private var isReport: Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return false }
        return format.beginnings.contains { bytes.prefix(count).starts(with: $0.utf8) }
    }
}
