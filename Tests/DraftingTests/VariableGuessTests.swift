import Testing

@testable import Drafting

@Suite struct VariableGuessTests {
    @Test(arguments: [
        ("PORT", ["8000"], "{type: port}"), ("PORT", ["99999"], "{}"), ("DEBUG", ["true", "False"], "{type: bool}"),
        ("DEBUG", ["true", "1"], "{}"), ("MAX_RETRIES", ["3"], "{type: int}"), ("VERSION", ["3"], "{}"),
        ("API_URL", ["https://a.example/x"], "{type: url}"), ("ADMIN_EMAIL", ["a@b.example"], "{type: email}"),
        ("NAME", ["shop"], "{}"), ("NAME", [], "{}"),
        ("API_KEY", [], "{secret: true}"), ("DB_PASS", ["x"], "{secret: true}"),
        ("CARD_PIN", ["1234"], "{secret: true}"),
        ("DATABASE_URL", ["postgres://me:pw@h/d"], "{secret: true}"), ("PORT_TOKEN", ["8000"], "{secret: true}"),
        ("ANYTHING", ["ghp_0123456789abcdefghij"], "{secret: true}"),
    ]) func says(name: String, values: [String], expected: String) {
        let guess = VariableGuess(name: name, values: values)
        #expect(guess.text == expected)
        #expect(!(guess.isSecret && guess.isPlain))
    }
}
