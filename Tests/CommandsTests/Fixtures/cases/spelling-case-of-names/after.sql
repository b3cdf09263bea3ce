create table T (ID integer primary key, A text);
