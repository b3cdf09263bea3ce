import HealModel
import ManifestShape
import Testing

struct ScalarShapeTests {
    private typealias Kind = ManifestNode.Scalar.Kind

    private static let disagreement = "a word that YAML readers disagree on (such as no, on, 012 or 1:30)"

    @Test func text() {
        #expect(decode(.text, .scalar("a")) == .value("a"))
        #expect(decode(.text, .scalar("")) == .value(""))
        #expect(
            decode(.text, .scalar("5", .integer))
                == .faults(["expected a text, found a whole number; write it in quotes"]))
        #expect(
            decode(.text, .scalar("1.0", .float))
                == .faults(["expected a text, found a decimal number; write it in quotes"]))
        #expect(
            decode(.text, .scalar("true", .boolean))
                == .faults(["expected a text, found true or false; write it in quotes"]))
        #expect(
            decode(.text, .scalar("no", .ambiguous))
                == .faults(["expected a text, found \(Self.disagreement); write it in quotes"]))
        #expect(decode(.text, .scalar("", .null)) == .faults(["expected a text, found nothing (null)"]))
        #expect(decode(.text, .list([])) == .faults(["expected a text, found a list"]))
        #expect(decode(.text, .mapping([:])) == .faults(["expected a text, found a mapping"]))
    }

    @Test func scalarText() {
        for kind in [ManifestNode.Scalar.Kind.string, .integer, .float, .boolean] {
            #expect(decode(.scalarText, .scalar("3.10", kind)) == .value("3.10"))
        }
        #expect(
            decode(.scalarText, .scalar("012", .ambiguous))
                == .faults(["expected a text or number, found \(Self.disagreement); write it in quotes"]))
        #expect(
            decode(.scalarText, .scalar("~", .null)) == .faults(["expected a text or number, found nothing (null)"]))
        #expect(decode(.scalarText, .list([])) == .faults(["expected a text or number, found a list"]))
    }

    @Test func name() {
        #expect(decode(.name, .scalar("a")) == .value("a"))
        #expect(decode(.name, .scalar("")) == .faults(["must not be empty"]))
        #expect(
            decode(.name, .scalar("5", .integer))
                == .faults(["expected a text, found a whole number; write it in quotes"]))
    }

    @Test(arguments: [("true", true), ("True", true), ("TRUE", true), ("false", false), ("FALSE", false)])
    func boolean(_ text: String, _ value: Bool) {
        #expect(decode(.boolean, .scalar(text, .boolean)) == .value(value))
    }

    @Test func notBoolean() {
        #expect(decode(.boolean, .scalar("true")) == .faults(["expected true or false, found a text"]))
        #expect(
            decode(.boolean, .scalar("yes", .ambiguous))
                == .faults(["expected true or false, found \(Self.disagreement)"]))
        #expect(decode(.boolean, .list([])) == .faults(["expected true or false, found a list"]))
    }

    @Test func integer() {
        let shape = Shape<Int>.integer(-5...5)
        #expect(decode(shape, .scalar("-5", .integer)) == .value(-5))
        #expect(decode(shape, .scalar("+5", .integer)) == .value(5))
        #expect(decode(shape, .scalar("6", .integer)) == .faults(["expected a whole number from -5 to 5"]))
        let huge = ManifestNode.scalar("99999999999999999999999", .integer)
        #expect(decode(shape, huge) == .faults(["expected a whole number from -5 to 5"]))
        #expect(decode(shape, .scalar("5")) == .faults(["expected a whole number, found a text"]))
        #expect(decode(shape, .scalar("5.0", .float)) == .faults(["expected a whole number, found a decimal number"]))
        #expect(decode(shape, .mapping([:])) == .faults(["expected a whole number, found a mapping"]))
    }

    private enum Color: String, CaseIterable, Sendable {
        case red, green
        case darkBlue = "dark-blue"
    }

    @Test func choice() {
        #expect(decode(Shape<Color>.choice, .scalar("dark-blue")) == .value(.darkBlue))
        #expect(
            decode(Shape<Color>.choice, .scalar("gren"))
                == .faults(["expected one of red, green, dark-blue; did you mean 'green'?"]))
        #expect(
            decode(Shape<Color>.choice, .scalar("5", .integer)) == .faults(["expected one of red, green, dark-blue"]))
        #expect(
            decode(Shape<Color>.choice, .list([])) == .faults(["expected one of red, green, dark-blue, found a list"]))
    }

    @Test func fileMode() {
        let fault = "expected a mode of three or four octal digits in quotes, such as \"0750\""
        #expect(decode(.fileMode, .scalar("0750")) == .value(FileMode(rawValue: 0o750)))
        #expect(decode(.fileMode, .scalar("644")) == .value(FileMode(rawValue: 0o644)))
        #expect(decode(.fileMode, .scalar("0750", .ambiguous)) == .faults([fault]))
        #expect(decode(.fileMode, .scalar("750", .integer)) == .faults([fault]))
        #expect(decode(.fileMode, .scalar("0980")) == .faults([fault]))
        #expect(
            decode(.fileMode, .list([])) == .faults(["expected a mode in quotes, such as \"0750\", found a list"]))
    }
}
