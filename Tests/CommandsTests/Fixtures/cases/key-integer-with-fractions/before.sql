CREATE TABLE t (a REAL, b TEXT);
INSERT INTO t VALUES (1.0, 'x'), (1.5, 'y');
