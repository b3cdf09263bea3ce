import Foundation
import HealManifest
import Testing

/// Reading from the disk: whatever stands at the path, an answer comes at once.
struct DiskSourceTests {
    let folder: String
    let source = DiskManifestSource()

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/selfheal-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/in/sub", withIntermediateDirectories: true)
        try Data("version: 1\n".utf8).write(to: URL(filePath: folder + "/in/a.yaml"))
        try Data("secret\n".utf8).write(to: URL(filePath: folder + "/out.yaml"))
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: folder + "/in/" + name, withDestinationPath: target)
    }

    private func cleanUp() { try? FileManager.default.removeItem(atPath: folder) }

    @Test func regularFile() throws {
        defer { cleanUp() }
        #expect(try source.read(folder + "/in/a.yaml", within: nil, limit: 11) == Array("version: 1\n".utf8))
        #expect(try source.read(folder + "/in/a.yaml", within: folder + "/in", limit: 11).count == 11)
        #expect(try source.read(folder + "/in/a.yaml", within: "/", limit: 11).count == 11)
        #expect(throws: ManifestSourceError.tooLarge) { try source.read(folder + "/in/a.yaml", within: nil, limit: 10) }
        let big = Data(repeating: 0x23, count: 3_000_000)
        try big.write(to: URL(filePath: folder + "/in/big.yaml"))
        #expect(try source.read(folder + "/in/big.yaml", within: nil, limit: 4_000_000) == Array(big))
    }

    @Test func whatIsNoFile() throws {
        defer { cleanUp() }
        let fifo = folder + "/in/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(throws: ManifestSourceError.missing) { try source.read(folder + "/no", within: nil, limit: 9) }
        #expect(throws: ManifestSourceError.missing) { try source.read(folder + "/no", within: folder, limit: 9) }
        #expect(throws: ManifestSourceError.missing) { try source.read("", within: nil, limit: 9) }
        #expect(throws: ManifestSourceError.missing) { try source.read("a\0b", within: nil, limit: 9) }
        #expect(throws: ManifestSourceError.notDirectory) {
            try source.read(folder + "/in/a.yaml/x", within: nil, limit: 9)
        }
        #expect(throws: ManifestSourceError.notRegularFile) { try source.read(folder, within: nil, limit: 9) }
        #expect(throws: ManifestSourceError.notRegularFile) { try source.read(fifo, within: nil, limit: 9) }
        #expect(throws: ManifestSourceError.notRegularFile) { try source.read("/dev/null", within: nil, limit: 9) }
        #expect(throws: ManifestSourceError.notRegularFile) { try source.read("/dev/zero", within: nil, limit: 9) }
        #expect(throws: ManifestSourceError.notDirectory) { try source.list(folder + "/in/a.yaml", within: folder) }
        #expect(throws: ManifestSourceError.missing) { try source.list(folder + "/no", within: folder) }
    }

    @Test func aFileThatSaysItIsEmpty() throws {
        defer { cleanUp() }
        #if os(Linux)
            #expect(try !source.read("/proc/self/status", within: nil, limit: 1_000_000).isEmpty)
            #expect(throws: ManifestSourceError.tooLarge) {
                try source.read("/proc/self/status", within: nil, limit: 10)
            }
        #endif
    }

    @Test func symbolicLinks() throws {
        defer { cleanUp() }
        try link("inside", to: "a.yaml")
        try link("outside", to: "../out.yaml")
        try link("folder", to: "sub")
        try link("away", to: "..")
        try link("loop", to: "loop")
        let top = folder + "/in"
        #expect(try source.read(top + "/inside", within: top, limit: 99).count == 11)
        #expect(throws: ManifestSourceError.leavesFolder) { try source.read(top + "/outside", within: top, limit: 99) }
        #expect(throws: ManifestSourceError.leavesFolder) {
            try source.read(top + "/away/out.yaml", within: top, limit: 99)
        }
        #expect(throws: ManifestSourceError.leavesFolder) { try source.list(top + "/away", within: top) }
        // The manifest itself may be a link: who starts the tool names it.
        #expect(try source.read(top + "/outside", within: nil, limit: 99).count == 7)
        do {
            _ = try source.read(top + "/loop", within: nil, limit: 99)
            #expect(Bool(false), "a link to itself was read")
        } catch {
            guard case .unreadable(let code, let meaning) = error else { throw error }
            #expect(code == ELOOP)
            #expect(error.explanation == "cannot be read: \(meaning)")
        }
        let items = try source.list(top, within: top)
        #expect(
            Set(items)
                == [
                    ManifestSourceItem(name: "a.yaml", isDirectory: false),
                    ManifestSourceItem(name: "sub", isDirectory: true),
                    ManifestSourceItem(name: "inside", isDirectory: false),
                    ManifestSourceItem(name: "outside", isDirectory: false),
                    ManifestSourceItem(name: "folder", isDirectory: true),
                    ManifestSourceItem(name: "away", isDirectory: true),
                    ManifestSourceItem(name: "loop", isDirectory: false),
                ])
    }

    @Test func aFolderWithASimilarNameIsOutside() throws {
        defer { cleanUp() }
        try FileManager.default.createDirectory(atPath: folder + "/inner", withIntermediateDirectories: true)
        try Data("x\n".utf8).write(to: URL(filePath: folder + "/inner/x.yaml"))
        #expect(throws: ManifestSourceError.leavesFolder) {
            try source.read(folder + "/inner/x.yaml", within: folder + "/in", limit: 99)
        }
    }

    @Test func includesThroughTheDisk() throws {
        defer { cleanUp() }
        try link("b.yaml", to: "../out.yaml")
        try Data("version: 1\ninclude: [b.yaml, \"away/*.yaml\"]\n".utf8).write(
            to: URL(filePath: folder + "/in/schemas.yaml"))
        try link("away", to: "..")
        let found = faults(path: folder + "/in/schemas.yaml", source: source).replacing(folder + "/in/", with: "")
        #expect(
            found == """
                schemas.yaml:2:11: 'b.yaml' leads out of the manifest's folder through a symbolic link
                schemas.yaml:2:19: the folder of the pattern leads out of the manifest's folder through a symbolic link
                """)
    }

    @Test func missingManifest() {
        defer { cleanUp() }
        #expect(
            faults(path: folder + "/no.yaml", source: source) == "\(folder)/no.yaml:1:1: the manifest does not exist")
        #expect(faults(path: folder, source: source) == "\(folder):1:1: the manifest is not a regular file")
    }

    @Test(arguments: [
        ManifestSourceError.missing, .notRegularFile, .notDirectory, .leavesFolder, .tooLarge,
        .unreadable(code: 13, meaning: "Permission denied"),
    ])
    func everyErrorIsExplained(_ error: ManifestSourceError) { #expect(!error.explanation.isEmpty) }
}
