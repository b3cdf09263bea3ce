import HealModel
import Testing

@testable import ExternalPlugins

/// What the Monitoring Plugins Development Guidelines say of a plugin's output.
@Suite struct NagiosOutputTests {
    @Test(arguments: [
        ("", "", 0, [] as [String]), ("OK", "OK", 0, []), (" OK - fine \n", "OK - fine", 0, []), ("OK|", "OK", 0, []),
        ("OK|a=1", "OK", 1, []), ("OK | a=1 b=2s;;; 'c d'=3%;1;2;0;100", "OK", 3, []),
        ("OK|a=1\nlong text\nmore | b=2\nc=3 d=4", "OK", 4, ["long text", "more"]), ("OK|a=U b=junk c", "OK", 0, []),
        ("OK|=1 a=-1.5ms b=1,5s", "OK", 2, []), ("OK|'it''s'=1", "OK", 1, []), ("a|b|c=1", "a", 1, []),
    ])
    func reads(text: String, message: String, measurements: Int, details: [String]) {
        let output = NagiosOutput(text)
        #expect(output.message == message)
        #expect(output.details == details)
        #expect(output.measurements.count == measurements, "\(output.measurements)")
    }

    @Test func fields() {
        #expect(
            NagiosOutput("x|'a b'=1.5MB;10:20;@5;0;100 it=1,5s;;3").measurements == [
                Measurement(
                    "a b", value: "1.5", unit: "MB", warning: "10:20", critical: "@5", minimum: "0", maximum: "100"),
                Measurement("it", value: "1.5", unit: "s", critical: "3"),
            ])
    }
}
