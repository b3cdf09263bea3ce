PRAGMA encoding = 'UTF-16le';
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
INSERT INTO t VALUES (1, 'grüße 🚀', 'y');
