CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (json_valid(a)), g AS (json_extract(a, '$.x')), b TEXT);
CREATE INDEX i ON t (a ->> '$.x');
