CREATE TABLE "select" ("from" TEXT, "where" INTEGER);
INSERT INTO "select" VALUES ('x', 1);
