CREATE TABLE t (a TEXT);
CREATE TABLE t_new (x);
CREATE TABLE new__t (x);
CREATE TABLE _alembic_tmp_t (x);
CREATE TABLE t__old (x);
CREATE TABLE new_t (x);
INSERT INTO t VALUES ('x');
INSERT INTO t_new VALUES (1);
