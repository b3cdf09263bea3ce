CREATE TABLE t (a TEXT, CONSTRAINT kind CHECK (a IN ('x', 'z')));
