import HealModel

/// What stands in the marker file of a run that is at work: three lines.
struct Marker: Equatable {
    let number: Int64
    let tool: String
    let startedAt: Int64
    let contents: [UInt8]

    init(run: Int64, tool: String, startedAt: Int64) {
        number = run
        self.tool = tool
        self.startedAt = startedAt
        let line = tool.unicodeScalars.filter { $0.value >= 0x20 }
        contents = Array("\(run)\n\(startedAt)\n\(String(String.UnicodeScalarView(line)))\n".utf8)
    }

    /// Any marker is one, whatever became of its contents.
    init(contents: [UInt8]) {
        let lines = String(decoding: contents, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        number = lines.first.flatMap { Int64($0) } ?? 0
        startedAt = lines.dropFirst().first.flatMap { Int64($0) } ?? 0
        tool = lines.dropFirst(2).first.map(String.init) ?? ""
        self.contents = contents
    }

    /// The run as far as the marker knows it.
    func run(_ note: String?) -> JournalRun {
        JournalRun(
            id: number,
            header: RunHeader(
                tool: tool, toolVersion: "", manifest: "", planHash: "", startedAt: startedAt, pid: 0),
            state: .begun, note: note)
    }
}
