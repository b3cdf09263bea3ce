CREATE VIRTUAL TABLE f USING fts5(x, content = '');
INSERT INTO f (rowid, x) VALUES (5, 'word');
