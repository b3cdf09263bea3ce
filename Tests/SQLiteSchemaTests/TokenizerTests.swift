import HealKit
import HealModel
import Testing

@testable import SQLiteSchema

@Suite struct TokenizerTests {
    private func tokens(_ sql: String) -> [String] {
        let text = SQLText(sql)
        return text.tokens.indices.map { "\(text.tokens[$0].kind) \(text.source($0))" }
    }

    @Test func everyKindOfToken() {
        #expect(
            tokens("a \"b\" `c` [d] 'e' x'0F' 1 1.5e-3 .5 0xFf ?1 :p @q $r (,;.)") == [
                "word a", "doubleQuoted \"b\"", "quotedName `c`", "quotedName [d]", "string 'e'", "blob x'0F'",
                "number 1",
                "number 1.5e-3", "number .5", "number 0xFf", "parameter ?1", "parameter :p", "parameter @q",
                "parameter $r",
                "leftParenthesis (", "comma ,", "semicolon ;", "dot .", "rightParenthesis )",
            ])
        #expect(
            tokens("+ - * / % & ~ | || < <= <> << > >= >> = == != -> ->>").map { String($0.dropFirst(9)) }
                == [
                    "+", "-", "*", "/", "%", "&", "~", "|", "||", "<", "<=", "<>", "<<", ">", ">=", ">>", "=", "==",
                    "!=", "->", "->>",
                ])
    }

    @Test(arguments: [
        ("'open", "illegal 'open"), ("\"open", "illegal \"open"), ("`open", "illegal `open"),
        ("[open", "illegal [open"),
        ("x'abc'", "illegal x'abc'"), ("x'0g'", "illegal x'0g'"), ("x'00", "illegal x'00"), ("12ab", "illegal 12ab"),
        ("!", "illegal !"), ("^", "illegal ^"), ("@", "illegal @"), ("0x", "illegal 0x"), ("1e", "illegal 1e"),
    ])
    func whatSQLiteDoesNotKnow(sql: String, token: String) {
        #expect(tokens(sql) == [token])
        // SQLite says so as well.
        #expect(throws: MachineError.self) { try database().compile("SELECT \(sql)") }
    }

    @Test func commentsAndWhiteSpaceAreNothing() {
        #expect(
            tokens(" \t\r\n\u{0C}a -- b\n/* c */ d /**/ e/*") == [
                "word a", "word d", "word e", "operator /", "operator *",
            ])
        #expect(SQLText("a -- b").endsInsideComment)
        #expect(SQLText("a /* b").endsInsideComment)
        #expect(!SQLText("a /* b */ -- c\n").endsInsideComment)
    }

    @Test(arguments: [
        ("\"a\"\"b\"", "a\"b"), ("`a``b`", "a`b"), ("[a\"b]", "a\"b"), ("'it''s'", "it's"), ("plain", "plain"),
        ("\"\"\"\"\"\"", "\"\""), ("\"\"", ""), ("\"é☃\"", "é☃"),
    ])
    func namesWithoutTheirQuotes(sql: String, name: String) {
        #expect(SQLText(sql).name(0) == name)
    }

    @Test(arguments: [
        ("abc", "abc"), ("Abc_1", "Abc_1"), ("order", "\"order\""), ("Key", "\"Key\""), ("a b", "\"a b\""),
        ("1a", "\"1a\""),
        ("", "\"\""), ("a\"b", "\"a\"\"b\""), ("größe", "\"größe\""), ("a$", "\"a$\""), ("null", "\"null\""),
    ])
    func namesAreQuotedOnlyWhenNeeded(name: String, quoted: String) throws {
        #expect(SQLName(name).quoted == quoted)
        let connection = try database("CREATE TABLE \(quoted) (\(quoted) INT)")
        #expect(try connection.rows("SELECT name FROM sqlite_schema") == [[.text(name)]])
    }

    @Test func namesAreComparedAsSQLiteDoes() {
        #expect(SQLName("ABC") == SQLName("abc") && SQLName("Ä") != SQLName("ä"))
        #expect(SQLName("é") != SQLName("e\u{301}"))
        #expect(SQLName("a") < SQLName("B") && SQLName("x").description == "x")
    }

    /// Whatever the bytes are: no crash, and every byte is in a token or between two.
    @Test(arguments: 0..<200) func anyText(seed: UInt64) {
        var generator = SeededGenerator(seed)
        let alphabet = Array("ab1.'\"`[]()/*-;,x0e+ \n\\é☃\u{0}?:@$#!<>=|~%&".unicodeScalars)
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...60, using: &generator) {
            if let scalar = alphabet.randomElement(using: &generator) { scalars.append(scalar) }
        }
        let sql = String(scalars)
        let text = SQLText(sql)
        var end = 0
        for token in text.tokens {
            #expect(token.start >= end && token.end > token.start)
            end = token.end
        }
        #expect(end <= sql.utf8.count)
        // The parsers stand anything as well.
        for prefix in [
            "", "CREATE TABLE t (", "CREATE TABLE t (a ", "CREATE INDEX i ON t (", "CREATE TRIGGER g ",
            "CREATE VIEW v ",
        ] {
            _ = TableParser.parse(prefix + sql)
            _ = IndexDefinition.parse(prefix + sql, on: nil)
            _ = CodeDefinition.parse(prefix + sql)
            _ = SQLScript(prefix + sql).statements
        }
        _ = SQLPiece.fault(sql, .one)
        _ = (sql.shown, sql.oneLine)
    }

    @Test func textsAreShownWithoutTricks() {
        #expect("a\nb\u{1B}[31m\u{202E}c".shown == "a\\u{a}b\\u{1b}[31m\\u{202e}c")
        #expect(String(repeating: "x", count: 200).shown.count == 81)
        #expect("größe ☃".shown == "größe ☃")
        #expect("CREATE TABLE t (\n  a -- why\n)".oneLine == "CREATE TABLE t ( a )")
    }

    @Test func everyReservedWordNeedsQuotes() throws {
        for word in SQLKeywords.reserved {
            #expect(throws: (any Error).self, "\(word)") { try database().execute("CREATE TABLE \(word) (x)") }
        }
    }
}
