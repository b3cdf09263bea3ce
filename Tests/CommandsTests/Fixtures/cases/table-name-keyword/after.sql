CREATE TABLE "select" ("from" TEXT NOT NULL, "where" INTEGER, "group" TEXT);
