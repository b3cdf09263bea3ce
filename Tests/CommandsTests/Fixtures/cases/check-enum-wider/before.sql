CREATE TABLE t (a TEXT CHECK (a IN ('x', 'y')));
INSERT INTO t VALUES ('y');
