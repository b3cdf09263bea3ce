CREATE TABLE "it's" ("a'b" TEXT);
INSERT INTO "it's" VALUES ('x');
