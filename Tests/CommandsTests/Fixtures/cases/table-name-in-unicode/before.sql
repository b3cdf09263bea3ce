CREATE TABLE "таблица 🚀" ("ключ" INTEGER PRIMARY KEY, "値" TEXT);
INSERT INTO "таблица 🚀" VALUES (1, 'значение');
