CREATE VIRTUAL TABLE f USING fts5(x);
INSERT INTO f (rowid, x) VALUES (5, 'word');
