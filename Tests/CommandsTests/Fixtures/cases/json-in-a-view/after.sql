CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (json_valid(a)), g AS (json_extract(a, '$.x')), b TEXT);
CREATE INDEX i ON t (a ->> '$.x');
CREATE VIEW v AS SELECT value FROM t, json_each(a);
CREATE TRIGGER w AFTER INSERT ON t BEGIN UPDATE t SET b = json_type(a) WHERE id = new.id; END;
