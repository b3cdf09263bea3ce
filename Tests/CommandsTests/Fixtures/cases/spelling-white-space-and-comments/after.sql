CREATE TABLE t -- the table
(
  id   INTEGER   PRIMARY
  KEY, /* the , key */
	a TEXT
);
