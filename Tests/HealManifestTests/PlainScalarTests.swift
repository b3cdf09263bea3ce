import HealManifest
import ManifestShape
import Testing

/// What is written without quotes: the same to every reader of YAML, or named ambiguous.
struct PlainScalarTests {
    static let cases: [(ManifestNode.Scalar.Kind, [String])] = [
        (.integer, ["0", "1", "8000", "-1", "+7", "-0", "99999999999999999999999"]),
        (.float, ["1.0", "3.10", "-.5", ".5", "5.", "0.0", "01.5", "1.5e+3", "1.5E-3", "-2.e+1"]),
        (.boolean, ["true", "True", "TRUE", "false", "False", "FALSE"]),
        (.null, ["", "~", "null", "Null", "NULL"]),
        (
            .ambiguous,
            [
                "y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "nO",
                "012", "00", "08", "-012", "0o17", "0x1F", "0xff_ff", "0b101", "1_000", "1_000.5", "1__", "1:30",
                "190:20:30", "1:30.5", "-1:30", "99999999999999999:59:59", ".inf", ".Inf", ".INF", "-.inf", "+.INF",
                ".nan",
                ".NaN", ".NAN", "1e3", "1.5e3", "1E+3", "2020-01-31", "2020-1-3", "2020-01-31T10:00:00Z",
                "2020-01-31 10:00:00",
                "=", "<<",
            ]
        ),
        (
            .string,
            [
                "a", "truest", "tRUE", "nulls", "nul", "yess", "1.2.3", "127.0.0.1", "1-2", "-", "+", ".", "..", "-x",
                "+x", "1a",
                "0x", "0xg", "0o", "0z1", "1:99", "1:300", "8080:80", "1:", "a:1", "1e", "1.5e", "1.5e+", "1.5x",
                ".infinity",
                "-.nan", "2020-01", "2020-011-1", "2020-01-x", "2020-01-31x", "2020-01-31T", "20200-01-01",
                "20x0-01-01",
                "2020-0x-01", "500MB", "==", "~x", "_1", "ñ", "yes please", ">=3.8", "1::2", "1:2:",
            ]
        ),
    ]

    @Test(arguments: cases.flatMap { kind, texts in texts.map { (kind, $0) } })
    func kind(_ kind: ManifestNode.Scalar.Kind, _ text: String) throws {
        // The value comes from a variable too: an expanded text is looked at like a written one.
        let variable = try load("version: 1\nplugins:\n  x: ${X}\n", environment: ["X": text]).core.plugins[0].value
        #expect(variable.content == .scalar(.init(text: text, kind: text.isEmpty ? .string : kind)))
        let notWritable = ["-", ">=3.8", "1:", "1:2:", ".", "..", "a:1"]
        guard !notWritable.contains(text) else { return }
        let written = try load("version: 1\nplugins:\n  x: \(text)\n").core.plugins[0].value
        #expect(written.content == .scalar(.init(text: text, kind: kind)))
        guard !text.isEmpty else { return }
        for quoted in ["'\(text)'", "\"\(text)\"", "!!str \(text)", "|-\n    \(text)"] {
            let value = try load("version: 1\nplugins:\n  x: \(quoted)\n").core.plugins[0].value
            #expect(value.content == .scalar(.init(text: text, kind: .string)), "\(quoted)")
        }
    }
}
