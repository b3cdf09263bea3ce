CREATE TABLE t (a, b);
CREATE VIEW "v" AS
  select A, [b]
  from T -- all
  where a>1;
create trigger g after insert on t for each row begin
  update t set b=1;
end;
