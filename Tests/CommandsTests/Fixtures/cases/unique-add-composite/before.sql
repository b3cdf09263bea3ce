CREATE TABLE t (a TEXT, b TEXT);
INSERT INTO t VALUES ('x', 'y'), ('x', 'z');
