CREATE TABLE t (a TEXT);
INSERT INTO t VALUES ('x'), ('y'), ('x');
