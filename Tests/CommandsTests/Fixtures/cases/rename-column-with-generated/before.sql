CREATE TABLE t (id INTEGER PRIMARY KEY, old TEXT, g TEXT AS (upper(old)));
INSERT INTO t (id, old) VALUES (1, 'x'), (7, NULL);
