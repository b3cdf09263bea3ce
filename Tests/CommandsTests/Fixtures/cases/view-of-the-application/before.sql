CREATE TABLE t (a TEXT);
INSERT INTO t VALUES ('x');
CREATE VIEW v AS SELECT 1 FROM t;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE VIEW v AS SELECT spell(a) FROM t' WHERE name = 'v';
