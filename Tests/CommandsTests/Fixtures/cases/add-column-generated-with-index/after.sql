CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, g AS (json_extract(a, '$.x')));
CREATE INDEX i ON t (g);
