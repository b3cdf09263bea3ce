CREATE TABLE t (rowid TEXT, oid TEXT, _rowid_ TEXT, a TEXT);
INSERT INTO t VALUES ('r', 'o', '_', 'x');
