import Testing

@testable import SQLiteSchema

/// No false drift: two spellings of one schema make no difference, in either direction.
@Suite struct EqualityTests {
    struct Pair: Sendable, CustomTestStringConvertible {
        var name: String
        var first: String
        var second: String
        var testDescription: String { name }

        init(_ name: String, _ first: String, _ second: String) {
            self.name = name
            self.first = first
            self.second = second
        }
    }

    static let pairs = [
        Pair("case of keywords", "CREATE TABLE t (a TEXT NOT NULL)", "create table t (a text not null)"),
        Pair("case of names", "CREATE TABLE t (Abc TEXT)", "CREATE TABLE T (aBC TEXT)"),
        Pair("white space", "CREATE TABLE t (a TEXT, b INT)", "CREATE  TABLE\nt(\n\ta  TEXT ,b INT\n)"),
        Pair("comments", "CREATE TABLE t (a TEXT)", "CREATE TABLE t (a /* why */ TEXT -- because\n)"),
        Pair("quoted names", "CREATE TABLE t (a TEXT, b INT)", #"CREATE TABLE "t" (`a` TEXT, [b] INT)"#),
        Pair(
            "names in single quotes", "CREATE TABLE t (a TEXT, PRIMARY KEY (a))",
            "CREATE TABLE 't' ('a' TEXT, PRIMARY KEY ('a'))"),
        Pair("quoted keyword", #"CREATE TABLE t ("order" TEXT)"#, "CREATE TABLE t ([ORDER] TEXT)"),
        Pair("order of columns", "CREATE TABLE t (a TEXT, b INT)", "CREATE TABLE t (b INT, a TEXT)"),
        Pair("quoted type", "CREATE TABLE t (a VARCHAR(10))", #"CREATE TABLE t (a "varchar" ( 10 ))"#),
        Pair("type of several words", "CREATE TABLE t (a UNSIGNED BIG INT)", "CREATE TABLE t (a unsigned  big\nint)"),
        Pair("type with two numbers", "CREATE TABLE t (a DECIMAL(10,5))", "CREATE TABLE t (a DECIMAL ( 10 , 5 ))"),
        Pair("default in parentheses", "CREATE TABLE t (a INT DEFAULT 5)", "CREATE TABLE t (a INT DEFAULT (5))"),
        Pair(
            "default in double parentheses", "CREATE TABLE t (a INT DEFAULT (-5))", "CREATE TABLE t (a INT DEFAULT - 5)"
        ),
        Pair("default with plus", "CREATE TABLE t (a INT DEFAULT 5)", "CREATE TABLE t (a INT DEFAULT +5)"),
        Pair("default NULL", "CREATE TABLE t (a INT DEFAULT NULL)", "CREATE TABLE t (a INT)"),
        Pair("default NULL in parentheses", "CREATE TABLE t (a INT DEFAULT (NULL))", "CREATE TABLE t (a INT)"),
        Pair(
            "default in double quotes", "CREATE TABLE t (a TEXT DEFAULT 'x y')",
            #"CREATE TABLE t (a TEXT DEFAULT "x y")"#),
        Pair("default as a word", "CREATE TABLE t (a TEXT DEFAULT 'x')", "CREATE TABLE t (a TEXT DEFAULT x)"),
        Pair("default true", "CREATE TABLE t (a BOOLEAN DEFAULT TRUE)", "CREATE TABLE t (a BOOLEAN DEFAULT 1)"),
        Pair("default expression", "CREATE TABLE t (a DEFAULT (abs( -1 )))", "CREATE TABLE t (a DEFAULT ((ABS(-1))))"),
        Pair(
            "default timestamp", "CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP)",
            "CREATE TABLE t (a DEFAULT (current_timestamp))"),
        Pair("blob", "CREATE TABLE t (a BLOB DEFAULT x'AB01')", "CREATE TABLE t (a BLOB DEFAULT X'ab01')"),
        Pair("NULL says nothing", "CREATE TABLE t (a TEXT NULL)", "CREATE TABLE t (a TEXT)"),
        Pair("collate binary", "CREATE TABLE t (a TEXT COLLATE BINARY)", "CREATE TABLE t (a TEXT)"),
        Pair(
            "collation's case", "CREATE TABLE t (a TEXT COLLATE nocase)", #"CREATE TABLE t (a TEXT COLLATE "NOCASE")"#),
        Pair("UNIQUE behind the columns", "CREATE TABLE t (a TEXT UNIQUE)", "CREATE TABLE t (a TEXT, UNIQUE (a))"),
        Pair("UNIQUE twice", "CREATE TABLE t (a TEXT UNIQUE)", "CREATE TABLE t (a TEXT UNIQUE, UNIQUE (a))"),
        Pair(
            "UNIQUE on the primary key", "CREATE TABLE t (a TEXT PRIMARY KEY)",
            "CREATE TABLE t (a TEXT PRIMARY KEY UNIQUE)"),
        Pair(
            "UNIQUE with the column's collation", "CREATE TABLE t (a TEXT COLLATE NOCASE UNIQUE)",
            "CREATE TABLE t (a TEXT COLLATE NOCASE, UNIQUE (a COLLATE nocase))"),
        Pair(
            "unique index instead of UNIQUE", "CREATE TABLE t (a TEXT UNIQUE)",
            "CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX whatever ON t (a)"),
        Pair(
            "constraint names", "CREATE TABLE t (a TEXT UNIQUE)", "CREATE TABLE t (a TEXT CONSTRAINT only_once UNIQUE)"),
        Pair(
            "PRIMARY KEY behind the columns", "CREATE TABLE t (a INTEGER PRIMARY KEY)",
            "CREATE TABLE t (a INTEGER, PRIMARY KEY (a))"),
        Pair(
            "rowid is never NULL", "CREATE TABLE t (a INTEGER PRIMARY KEY)",
            "CREATE TABLE t (a INTEGER NOT NULL, PRIMARY KEY (a ASC))"),
        Pair(
            "rowid downwards behind the columns", "CREATE TABLE t (a INTEGER PRIMARY KEY)",
            "CREATE TABLE t (a INTEGER, PRIMARY KEY (a DESC))"),
        Pair(
            "AUTOINCREMENT behind the columns", "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
            "CREATE TABLE t (a INTEGER, PRIMARY KEY (a AUTOINCREMENT))"),
        Pair(
            "NOT NULL of WITHOUT ROWID", "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY) without rowid"),
        Pair(
            "options in another order", "CREATE TABLE t (a TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
            "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID,strict"),
        Pair(
            "ON CONFLICT ABORT", "CREATE TABLE t (a TEXT NOT NULL ON CONFLICT ABORT)",
            "CREATE TABLE t (a TEXT NOT NULL)"),
        Pair("CHECK behind the columns", "CREATE TABLE t (a INT CHECK (a > 0))", "CREATE TABLE t (a INT, CHECK (a>0))"),
        Pair(
            "CHECK in parentheses", "CREATE TABLE t (a INT CHECK (a > 0))", "CREATE TABLE t (a INT CHECK (((A > 0))))"),
        Pair(
            "CHECK with the table's name", "CREATE TABLE t (a INT CHECK (a > 0))",
            #"CREATE TABLE t (a INT CHECK ("T"."a" > 0))"#),
        Pair(
            "equality signs", "CREATE TABLE t (a INT CHECK (a = 1 OR a <> 2))",
            "CREATE TABLE t (a INT CHECK (a == 1 OR a != 2))"),
        Pair(
            "text in double quotes", "CREATE TABLE t (a TEXT CHECK (a IN ('x','y')))",
            #"CREATE TABLE t (a TEXT CHECK ("a" IN ("x", "y")))"#),
        Pair(
            "named CHECK", "CREATE TABLE t (a INT CONSTRAINT positive CHECK (a > 0))",
            "CREATE TABLE t (a INT, CONSTRAINT p CHECK (a > 0))"),
        Pair(
            "constraints without commas", "CREATE TABLE t (a INT, b INT, UNIQUE (a), UNIQUE (b))",
            "CREATE TABLE t (a INT, b INT, UNIQUE (a) UNIQUE (b))"),
        Pair(
            "FOREIGN KEY behind the columns",
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT REFERENCES p(id))",
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p (id))"),
        Pair(
            "implied parent column", "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT REFERENCES p(id))",
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT REFERENCES p)"),
        Pair(
            "actions that are the default",
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT REFERENCES p)",
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT REFERENCES P ON DELETE NO ACTION ON UPDATE NO ACTION MATCH SIMPLE NOT DEFERRABLE INITIALLY IMMEDIATE)"
        ),
        Pair(
            "order of actions", "CREATE TABLE t (a INT REFERENCES p(x) ON DELETE SET NULL ON UPDATE CASCADE)",
            "CREATE TABLE t (a INT REFERENCES p(x) on update cascade on delete set null)"),
        Pair(
            "order of paired columns", "CREATE TABLE t (a, b, FOREIGN KEY (a, b) REFERENCES p (x, y))",
            "CREATE TABLE t (a, b, FOREIGN KEY (b, a) REFERENCES p (y, x))"),
        Pair(
            "deferred, but not", "CREATE TABLE t (a REFERENCES p(x))",
            "CREATE TABLE t (a REFERENCES p(x) DEFERRABLE INITIALLY IMMEDIATE)"),
        Pair(
            "deferral behind other words", "CREATE TABLE t (a REFERENCES p(x) DEFERRABLE INITIALLY DEFERRED NOT NULL)",
            "CREATE TABLE t (a NOT NULL REFERENCES p(x) DEFERRABLE INITIALLY DEFERRED)"),
        Pair(
            "generated", "CREATE TABLE t (a INT, b AS (a + 1))",
            "CREATE TABLE t (a INT, b GENERATED ALWAYS AS (A+1) VIRTUAL)"),
        Pair(
            "generated with a type", "CREATE TABLE t (a INT, b INT AS (a) STORED)",
            "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS ((a)) STORED)"),
        Pair(
            "what the manifest does not name", "CREATE TABLE t (a INT)",
            "CREATE TABLE t (a INT, b TEXT UNIQUE CHECK (b > 1) REFERENCES p(x)); CREATE TABLE u (x); CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT 1; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END"
        ),
        Pair(
            "constraints over an unnamed column", "CREATE TABLE t (a INT)",
            "CREATE TABLE t (a INT, b INT, UNIQUE (a, b), CHECK (a < b), FOREIGN KEY (a, b) REFERENCES p(x, y))"),
        Pair(
            "index", "CREATE TABLE t (a, b); CREATE INDEX i ON t (a, b DESC)",
            #"CREATE TABLE t (a, b); CREATE INDEX if not exists "I" ON [t] ( "a" ASC , `b` desc)"#),
        Pair(
            "index with the column's collation", "CREATE TABLE t (a COLLATE NOCASE); CREATE INDEX i ON t (a)",
            "CREATE TABLE t (a COLLATE NOCASE); CREATE INDEX i ON t (a COLLATE nocase)"),
        Pair(
            "index with COLLATE BINARY", "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
            "CREATE TABLE t (a); CREATE INDEX i ON t (a COLLATE BINARY ASC)"),
        Pair(
            "partial index", "CREATE TABLE t (a, b); CREATE UNIQUE INDEX i ON t (a) WHERE b IS NOT NULL",
            "CREATE TABLE t (a, b); create unique index i on t(a)where(b is not null)"),
        Pair(
            "expression index", "CREATE TABLE t (a); CREATE INDEX i ON t (lower(a))",
            "CREATE TABLE t (a); CREATE INDEX i ON t ((LOWER( a )))"),
        Pair(
            "index with names in single quotes", "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
            "CREATE TABLE t (a); CREATE INDEX i ON t ('a')"),
        Pair(
            "view", "CREATE TABLE t (a); CREATE VIEW v AS SELECT a AS b FROM t",
            #"CREATE TABLE t (a); CREATE VIEW IF NOT EXISTS V as select "a" AS 'b' from [T] -- end"#),
        Pair(
            "trigger", "CREATE TABLE t (a); CREATE TRIGGER g BEFORE UPDATE ON t BEGIN SELECT 1; END",
            "CREATE TABLE t (a); create trigger IF NOT EXISTS G update on t for each row begin select 1; end"),
        Pair("temporary look-alike", "CREATE TABLE t (a)", "CREATE TABLE t (a); CREATE TEMP TABLE x (y)"),
        Pair(
            "unicode names", "CREATE TABLE t (größe INT, \"naïve ☃\" TEXT)",
            "CREATE TABLE t (\"größe\" INT, [naïve ☃] TEXT)"),
        Pair(
            "hostile names", "CREATE TABLE t (\"a\"\"b,c) d\ne\" INT, `x``y` TEXT)",
            "CREATE TABLE t (`a\"b,c) d\ne` INT, \"x`y\" TEXT)"),
        Pair(
            "virtual table", "CREATE VIRTUAL TABLE t USING fts5(a, b, tokenize = 'porter')",
            "create virtual table if not exists T using FTS5 ( a,b , tokenize='porter' )"),
        Pair(
            "added column", "CREATE TABLE t (a INT, b TEXT NOT NULL DEFAULT 'x')",
            "CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'x'"),
        Pair(
            "added columns in the middle", "CREATE TABLE t (b TEXT, c INT CHECK (c > 0), a INT)",
            "CREATE TABLE t (a INT\n -- all of it\n); ALTER TABLE t ADD c INT CHECK (c > 0); ALTER TABLE t ADD COLUMN [b] TEXT"
        ),
        Pair(
            "table made from a query", "CREATE TABLE t (x INT, \"y z\" TEXT)",
            "CREATE TABLE s (x INTEGER, y TEXT); CREATE TABLE t AS SELECT x, y AS \"y z\" FROM s; DROP TABLE s"),
        Pair(
            "renamed table and column", "CREATE TABLE t (b INT CHECK (b > 0), c INT DEFAULT 1)",
            "CREATE TABLE old (a INT CHECK (a > 0), c INT DEFAULT 1); ALTER TABLE old RENAME TO t; ALTER TABLE t RENAME COLUMN a TO b"
        ),
    ]

    /// Where the second schema has more than the first, which only the other way round is a difference.
    static let surplus: Set = [
        "what the manifest does not name", "constraints over an unnamed column", "unique index instead of UNIQUE",
    ]

    @Test(arguments: pairs) func noDifference(pair: Pair) throws {
        #expect(try differences(pair.first, pair.second).map(\.short) == [])
        #expect(try differences(pair.first, pair.first).isEmpty)
        let reverse = try differences(pair.second, pair.first).map(\.short)
        #expect(reverse.isEmpty != Self.surplus.contains(pair.name), "\(reverse)")
    }

    @Test func aParentThatIsMissingIsNoDifferenceOfTheChild() throws {
        let expected = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p(id), b REFERENCES q)"
        let found = "CREATE TABLE t (a REFERENCES p, b REFERENCES q(x)); CREATE TABLE q (x PRIMARY KEY)"
        #expect(try differences(expected, found).map(\.short) == ["table missing p"])
    }

    @Test func aConstraintInsteadOfAUniqueIndexOnlyLacksTheIndex() throws {
        let index = "CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX i ON t (a)"
        #expect(try differences(index, "CREATE TABLE t (a TEXT UNIQUE)").map(\.short) == ["index missing i"])
    }
}
