CREATE TABLE t (a TEXT CHECK (is_valid(a)));
