CREATE TABLE p (a, b, PRIMARY KEY (a, b));
CREATE TABLE t (x, y, FOREIGN KEY (x, y) REFERENCES p (a, b));
