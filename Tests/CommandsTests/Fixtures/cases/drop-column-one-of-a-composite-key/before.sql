CREATE TABLE t (a TEXT, b TEXT, c TEXT, PRIMARY KEY (a, b));
INSERT INTO t VALUES ('x', '1', 'c'), ('y', '1', 'd');
