import Datasets
import Glibc
import Rendering

/// A file that changes when a dataset's rows have: what is made from the rows depends on it, in Make.
struct StampFile {
    var path: String

    /// Writes what it says of the dataset, unless it says so already: its time is that of the last change.
    /// - Returns: what went wrong.
    func write(_ status: DatasetStatus) -> String? {
        let generation = status.ledger?.generation ?? Generation()
        let incarnation = generation.incarnation.map { " of \($0)" } ?? ""
        let rows = status.rows.map { "\($0)" } ?? "?"
        let text = "\(status.name) generation \(generation.number)\(incarnation), \(rows) rows\n"
        if text == current { return nil }
        if let trouble = makeFolders() { return trouble }
        return ReportFile(path: path, format: .text).write(text)
    }

    private var current: String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Those that it lies in. - Returns: what went wrong.
    func makeFolders() -> String? {
        var end = path.startIndex
        while let slash = path[end...].dropFirst().firstIndex(of: "/") {
            if mkdir(String(path[..<slash]), 0o777) != 0, errno != EEXIST {
                return "\(path[..<slash]): \(String(cString: strerror(errno)))"
            }
            end = slash
        }
        return nil
    }
}
