CREATE TABLE t (a TEXT, b);
INSERT INTO t VALUES ('x', 1), ('x', 2);
