CREATE TABLE t (a TEXT, b TEXT);
INSERT INTO t VALUES ('x', '1'), ('x', '2');
