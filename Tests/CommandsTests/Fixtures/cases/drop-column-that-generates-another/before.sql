CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, g TEXT AS (b || '!'));
INSERT INTO t (id, a, b) VALUES (1, 'x', 'y'), (9, NULL, 'z');
