CREATE TABLE "my ""own"" table" (a TEXT NOT NULL);
CREATE INDEX "an index" ON "my ""own"" table" (a);
