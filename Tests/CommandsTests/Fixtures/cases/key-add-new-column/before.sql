CREATE TABLE t (b TEXT);
INSERT INTO t (rowid, b) VALUES (4, 'x'), (9, 'y');
