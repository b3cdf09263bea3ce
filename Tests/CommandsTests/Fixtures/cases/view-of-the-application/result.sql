CREATE TABLE t (a TEXT NOT NULL);
CREATE VIEW v AS SELECT 1 FROM t;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE VIEW v AS SELECT spell(a) FROM t' WHERE name = 'v';
