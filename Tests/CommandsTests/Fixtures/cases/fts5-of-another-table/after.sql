CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL);
CREATE VIRTUAL TABLE f USING fts5(b, content = 't', content_rowid = 'id');
