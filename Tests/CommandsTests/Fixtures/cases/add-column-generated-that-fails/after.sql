CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, g TEXT AS (json_extract(a, '$.x')) STORED);
