CREATE TABLE t (rowid TEXT, a TEXT);
INSERT INTO t (_rowid_, rowid, a) VALUES (5, 'r', 'x'), (8, 's', 'y');
