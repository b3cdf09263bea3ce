create virtual table F using FTS5( x , tokenize = 'porter' );
