PRAGMA journal_mode = wal;
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
INSERT INTO t VALUES (1, 'x', 'Y'), (7, NULL, 'z');
