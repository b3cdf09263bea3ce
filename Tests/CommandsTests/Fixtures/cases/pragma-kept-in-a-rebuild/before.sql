PRAGMA user_version = 12;
PRAGMA application_id = 99;
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
INSERT INTO t VALUES (1, 'x', 'Y'), (7, NULL, 'z');
