import Foundation
import HealKit
import Testing

@testable import LiveMachine

@Suite struct AnswerCacheTests {
    let sandbox: Sandbox
    private var file: String { sandbox.cache.appending(path: "answers").path }

    init() throws { sandbox = try Sandbox() }

    private func cache(mayWrite: Bool = true) -> AnswerCache {
        AnswerCache(folder: sandbox.cache.path, mayWrite: mayWrite)
    }

    private func put(_ text: String) throws {
        try FileManager.default.createDirectory(at: sandbox.cache, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
        chmod(file, 0o600)
    }

    @Test func anAnswerOutlivesTheProcess() throws {
        let machine = try sandbox.machine()
        #expect(machine.remembered("python") == nil)
        machine.remember("python", "3.11.2")
        #expect(machine.remembered("python") == "3.11.2")
        #expect(try sandbox.machine(mayChange: false).remembered("python") == "3.11.2")
        #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.cache.path) == ["answers"])
        var raw = stat()
        #expect(stat(file, &raw) == 0 && raw.st_mode & 0o7777 == 0o600)
        #expect(stat(sandbox.cache.path, &raw) == 0 && raw.st_mode & 0o7777 == 0o700)
    }

    @Test(arguments: ["", "a\tb", "line\nline\r\n", "back\\slash\\t", "ü 🙂", "\0"])
    func anyTextIsKept(_ text: String) {
        cache().remember("key " + text, text)
        cache().remember("other", "x")
        #expect(cache()["key " + text] == text)
        #expect(cache()["other"] == "x")
    }

    @Test func theSameAnswerIsNotWrittenAgain() throws {
        cache().remember("key", "value")
        var before = stat()
        stat(file, &before)
        cache().remember("key", "value")
        var after = stat()
        stat(file, &after)
        #expect(before.st_ino == after.st_ino)
        cache().remember("key", "other")
        #expect(cache()["key"] == "other")
    }

    @Test func twoRunsDoNotForgetEachOthersAnswers() {
        let one = cache()
        let two = cache()
        #expect(one["x"] == nil && two["x"] == nil)
        one.remember("one", "1")
        two.remember("two", "2")
        #expect(cache()["one"] == "1")
        #expect(cache()["two"] == "2")
    }

    @Test func largeAnswersDoNotMakeTheFileUnreadable() throws {
        let cache = cache()
        let text = String(repeating: "x", count: 60_000)
        for number in 0..<40 { cache.remember("key \(number)", text + "\(number)") }
        #expect(self.cache()["key 39"] == text + "39")
        #expect(self.cache()["key 0"] == nil)
        var raw = stat()
        #expect(stat(file, &raw) == 0 && raw.st_size < 1 << 20)
        // What is too large by itself is not kept, and is no trouble for the others' sake.
        cache.remember("huge", String(repeating: "x", count: 2 << 20))
        #expect(self.cache()["huge"] == nil)
        #expect(self.cache()["key 39"] == text + "39")
        cache.remember("small", "1")
        #expect(self.cache()["small"] == "1")
    }

    @Test func theOldestGoFirst() {
        let cache = cache()
        for number in 0...AnswerCache.entryLimit { cache.remember("key \(number)", "\(number)") }
        #expect(cache["key 0"] == nil)
        #expect(cache["key 1"] == "1")
        cache.remember("key 1", "again")
        cache.remember("new", "x")
        #expect(self.cache()["key 1"] == "again")
        #expect(self.cache()["key 2"] == nil)
    }

    @Test(arguments: [
        "", "nonsense", "selfheal-answers/2\nkey\tvalue\n", "selfheal-answers/1\nkey\tvalue",
        "selfheal-answers/1\nkey\n",
        "selfheal-answers/1\nkey\tvalue\tmore\n", "selfheal-answers/1\nkey\t\\x\n",
        "selfheal-answers/1\nkey\tvalue\\\n",
    ])
    func whatIsNotOursCountsAsEmpty(_ text: String) throws {
        try put(text)
        #expect(cache()["key"] == nil)
        cache().remember("key", "new")
        #expect(cache()["key"] == "new")
    }

    @Test func whatOthersMayWriteIsNotBelieved() throws {
        try put("selfheal-answers/1\nkey\tvalue\n")
        #expect(cache()["key"] == "value")
        chmod(file, 0o620)
        #expect(cache()["key"] == nil)
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "/etc/passwd")
        #expect(cache()["key"] == nil)
        try FileManager.default.removeItem(atPath: file)
        mkfifo(file, 0o600)
        #expect(cache()["key"] == nil)
    }

    @Test func whatCannotBeWrittenIsNotRemembered() throws {
        try Data().write(to: sandbox.cache)
        cache().remember("key", "value")
        #expect(cache()["key"] == nil)
        AnswerCache(folder: "relative", mayWrite: true).remember("key", "value")
        let none = AnswerCache(folder: nil, mayWrite: true)
        none.remember("key", "value")
        #expect(none["key"] == nil)
    }

    @Test func aFolderInTheWayLeavesNothingBehind() throws {
        try FileManager.default.createDirectory(
            at: sandbox.cache.appending(path: "answers"), withIntermediateDirectories: true)
        cache().remember("key", "value")
        #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.cache.path) == ["answers"])
    }

    @Test(arguments: [
        (["XDG_CACHE_HOME": "/c", "HOME": "/h"], "/c/selfheal"),
        (["XDG_CACHE_HOME": "c", "HOME": "/h"], "/h/.cache/selfheal"),
        (["HOME": "/h"], "/h/.cache/selfheal"), (["HOME": "h"], nil), ([:], nil),
    ])
    func whereItLies(_ environment: [String: String], _ folder: String?) {
        #expect(AnswerCache.folder(in: environment) == folder)
    }
}
