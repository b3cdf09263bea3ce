CREATE TABLE "my ""own"" table" (a TEXT);
CREATE INDEX "an index" ON "my ""own"" table" (a);
INSERT INTO "my ""own"" table" VALUES ('x');
