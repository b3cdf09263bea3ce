CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
CREATE VIRTUAL TABLE f USING fts5(b, content = 't', content_rowid = 'id');
INSERT INTO t VALUES (1, 'x', 'Y'), (7, NULL, 'z');
INSERT INTO f (f) VALUES ('rebuild');
