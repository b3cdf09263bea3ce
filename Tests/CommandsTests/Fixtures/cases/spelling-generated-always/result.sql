CREATE TABLE t (a TEXT, g TEXT AS (a || '!'));
