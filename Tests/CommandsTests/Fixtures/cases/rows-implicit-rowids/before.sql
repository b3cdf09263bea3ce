CREATE TABLE t (a TEXT);
INSERT INTO t (rowid, a) VALUES (-5, 'x'), (3, 'y'), (9223372036854775807, 'z');
