import DotEnv
import Foundation
import Testing

@Suite("What the writer writes is read back equal")
struct RoundTripTests {
    @Test("By all four dialects", arguments: UInt64(1)...8)
    func everywhere(seed: UInt64) throws {
        var written = 0
        for value in RandomSource.values(seed: seed, count: 150) {
            guard let file = try? DotEnvWriter.appending(variables: [(name: "A", value: value)], to: []) else {
                #expect(value.utf8.contains { "'\\$".utf8.contains($0) })
                continue
            }
            written += 1
            for dialect in EnvDialect.allCases {
                let read = try DotEnvFile.parse(file, dialect: dialect)
                #expect(read.assignments == [DotEnvAssignment(name: "A", value: value, line: 1)])
                #expect(read.problems.isEmpty)
            }
            #expect(DotEnvFile.portability(of: file).isEmpty)
        }
        #expect(written > 75)
    }

    @Test("In one file with what other tools wrote")
    func together() throws {
        let old = Array("# settings\nA=b\nexport B='c d' # e\n".utf8)
        let values = RandomSource.values(seed: 99, count: 300)
        let variables = values.enumerated().map { (name: "V\($0.offset)", value: $0.element) }.filter { variable in
            (try? DotEnvWriter.appending(variables: [variable], to: [])) != nil
        }
        let file = try DotEnvWriter.appending(variables: variables, to: old)
        #expect(file.starts(with: old))
        for dialect in EnvDialect.allCases {
            let read = try DotEnvFile.parse(file, dialect: dialect)
            #expect(read.assignments.dropFirst(2).map(\.value) == variables.map(\.value))
        }
    }

    @Test("By bash itself", .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash")))
    func bash() throws {
        let values = RandomSource.values(seed: 4711, count: 600)
        let variables = values.enumerated().map { (name: "V\($0.offset)", value: $0.element) }.filter { variable in
            (try? DotEnvWriter.appending(variables: [variable], to: [])) != nil
        }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dotenv-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("f.env")
        try Data(DotEnvWriter.appending(variables: variables, to: [])).write(to: file)

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["--norc", "-c", "set -a; . \"$1\" && exec env -0", "bash", file.path]
        process.environment = ["PATH": "/usr/bin:/bin"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)

        let lines = Set(data.split(separator: 0).map { Array($0) })
        #expect(lines.count >= variables.count)
        for (name, value) in variables {
            #expect(lines.contains(Array("\(name)=\(value)".utf8)), "\(name)")
        }
    }
}
