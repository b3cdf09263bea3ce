CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
INSERT INTO t VALUES (1, 'x', ''), (2, 'x', ''), (3, 'x', NULL);
