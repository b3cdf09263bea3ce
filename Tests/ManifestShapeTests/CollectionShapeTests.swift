import HealModel
import ManifestShape
import Testing

struct CollectionShapeTests {
    @Test func list() {
        let shape = Shape<[Int]>.list(of: .integer(0...9))
        #expect(decode(shape, .list([])) == .value([]))
        #expect(decode(shape, .list([.scalar("1", .integer), .scalar("2", .integer)])) == .value([1, 2]))
        #expect(decode(shape, .scalar("1", .integer)) == .faults(["expected a list, found a whole number"]))
        // Every element is looked at, so that all faults come together.
        #expect(
            decode(shape, .list([.scalar("x"), .scalar("1", .integer), .scalar("10", .integer)]))
                == .faults(["expected a whole number, found a text", "expected a whole number from 0 to 9"]))
    }

    @Test func dictionary() {
        let shape = Shape<[Keyed<String>]>.dictionary(of: Shape<String>.text)
        #expect(
            decode(shape, .mapping(["b": .scalar("1"), "a": .scalar("2")]))
                == .value([Keyed("b", somewhere, "1"), Keyed("a", somewhere, "2")]))
        #expect(decode(shape, .list([])) == .faults(["expected a mapping, found a list"]))
        #expect(decode(shape, .mapping(["": .scalar("x")])) == .faults(["the key is empty"]))
        #expect(
            decode(shape, .mapping(["": .list([]), "b": .list([])]))
                == .faults(["the key is empty", "expected a text, found a list", "expected a text, found a list"]))
        let strict = Shape<[Keyed<String>]>.dictionary(of: Shape<String>.text) { $0 == "good" ? nil : "bad key" }
        #expect(decode(strict, .mapping(["good": .scalar("x")])) == .value([Keyed("good", somewhere, "x")]))
        #expect(decode(strict, .mapping(["evil": .scalar("x")])) == .faults(["bad key"]))
        #expect(!strict.schema.spreadsEntries)
        #expect(Shape<[Keyed<String>]>.dictionary(of: Shape<String>.text, spread: true).schema.spreadsEntries)
    }

    private struct Place: Equatable, Sendable {
        var path = ""
        var mode: FileMode?
        var tags: [String] = []
    }

    private static let place = Shape<Place>.object(
        "A place.", Place(),
        [
            Field("path", { $0.path = $1 }, Shape<String>.name, required: true, "Where."),
            Field("mode", { $0.mode = $1 }, Shape<FileMode>.fileMode.optional, "Permissions."),
            Field("tags", { $0.tags = $1 }, .list(of: Shape<String>.text), "Words."),
        ])

    @Test func object() {
        #expect(
            decode(Self.place, .mapping(["mode": .scalar("0700"), "path": .scalar("a")]))
                == .value(Place(path: "a", mode: FileMode(rawValue: 0o700))))
        #expect(decode(Self.place, .mapping([:])) == .faults(["the key 'path' is missing"]))
        #expect(decode(Self.place, .scalar("a")) == .faults(["expected a mapping, found a text"]))
        #expect(
            decode(Self.place, .mapping(["paht": .scalar("a"), "zzzzzzzz": .scalar("a"), "tags": .scalar("a")]))
                == .faults([
                    "unknown key 'paht'; did you mean 'path'?", "unknown key 'zzzzzzzz'; known here: path, mode, tags",
                    "expected a list, found a text", "the key 'path' is missing",
                ]))
    }

    @Test func either() {
        let shape = Shape<Place>.either(short: Shape<String>.name.map { Place(path: $0) }, long: Self.place)
        #expect(decode(shape, .scalar("a")) == .value(Place(path: "a")))
        #expect(decode(shape, .mapping(["path": .scalar("b")])) == .value(Place(path: "b")))
        #expect(decode(shape, .list([])) == .faults(["expected a text, found a list"]))
    }

    @Test func node() {
        let anything = ManifestNode.mapping(["a": .list([.scalar("", .null)])])
        #expect(decode(Shape<ManifestNode>.node, anything) == .value(anything))
    }

    @Test func map() {
        let even = Shape<Int>.integer(0...99).map { (value: Int) throws(ShapeFailure) -> Int in
            guard value.isMultiple(of: 2) else { throw ShapeFailure("must be even") }
            return value / 2
        }
        #expect(decode(even, .scalar("8", .integer)) == .value(4))
        #expect(decode(even, .scalar("7", .integer)) == .faults(["must be even"]))
        #expect(decode(even, .scalar("x")) == .faults(["expected a whole number, found a text"]))
    }

    @Test func located() {
        let located = Shape<String>.text.located
        #expect(decode(located, .scalar("a")) == .value(Located("a", somewhere)))
        #expect(located.schema == Shape<String>.text.schema)
        #expect(Set([Located("a", somewhere), Located("a", somewhere)]).count == 1)
        #expect(Set([Keyed("a", somewhere, 1), Keyed("b", somewhere, 1)]).count == 2)
    }
}
