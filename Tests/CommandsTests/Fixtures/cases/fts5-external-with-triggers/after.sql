CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT NOT NULL);
CREATE VIRTUAL TABLE f USING fts5(b, content = 't', content_rowid = 'id');
CREATE TRIGGER ti AFTER INSERT ON t BEGIN INSERT INTO f (rowid, b) VALUES (new.id, new.b); END;
CREATE TRIGGER td AFTER DELETE ON t BEGIN INSERT INTO f (f, rowid, b) VALUES ('delete', old.id, old.b); END;
