CREATE TABLE gone (x);
DROP TABLE gone;
