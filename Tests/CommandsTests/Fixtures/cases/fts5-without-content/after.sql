CREATE VIRTUAL TABLE f USING fts5(x, y, content = '');
