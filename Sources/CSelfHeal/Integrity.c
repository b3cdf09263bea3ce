// The SQL function that says whether a table and its indexes hold together.
//
// SQLite's integrity_check looks up every row in every index, which takes longer than everything else that a rebuild does.
// Whether an index holds what its table holds can be told from both, each read once from end to end: the same values with the
// same rowids, however they are ordered. Pages, records, NOT NULL, CHECK and types are quick_check's.
#include "CSelfHeal.h"

#include <string.h>

struct examination {
    sqlite3 *db;
    const char *table;
    // The first fault; NULL while there is none.
    char *fault;
    // The table's side of the comparison, and for every index its own.
    sqlite3_str *digests, *comparisons;
    int indexes;
    // Whether there is an index of which only SQLite knows what it must hold.
    int needs_lookups;
    // What stands for the rowid; a column may have the name.
    const char *rowid;
};

// Calls back with every row; what the callback returns ends it.
static int each(struct examination *this, char *sql, int (*row)(struct examination *, sqlite3_stmt *)) {
    sqlite3_stmt *statement = NULL;
    int code = sql ? sqlite3_prepare_v2(this->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (code != SQLITE_OK) return code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && (code = row(this, statement)) == SQLITE_OK) {}
    int finalized = sqlite3_finalize(statement);
    return code == SQLITE_DONE ? SQLITE_OK : finalized != SQLITE_OK ? finalized : code;
}

static int note_fault(struct examination *this, sqlite3_stmt *statement) {
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    if (!this->fault && text && strcmp(text, "ok") != 0) {
        this->fault = sqlite3_mprintf("%s", text);
        if (!this->fault) return SQLITE_NOMEM;
    }
    return SQLITE_OK;
}

static int note_columns(struct examination *this, sqlite3_stmt *statement) {
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    // A bit for each name that a column has.
    int taken = sqlite3_column_int(statement, 0);
    for (int i = 0; i < 3 && !this->rowid; i++) {
        if (!(taken & 1 << i)) this->rowid = names[i];
    }
    return SQLITE_OK;
}

// An index of plain columns: its name, and the columns as a list of quoted names, NULL for any other index.
static int note_index(struct examination *this, sqlite3_stmt *statement) {
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    const char *columns = (const char *)sqlite3_column_text(statement, 1);
    if (!name || !columns || !this->rowid) {
        this->needs_lookups = 1;
        return SQLITE_OK;
    }
    int number = this->indexes++;
    sqlite3_str_appendf(
        this->digests, "%sselfheal_digest(%s, %s) AS d%d", number ? ", " : "", this->rowid, columns, number);
    sqlite3_str_appendf(
        this->comparisons,
        " WHEN d%d <> (SELECT selfheal_digest(%s, %s) FROM main.\"%w\" INDEXED BY \"%w\")"
        " THEN 'the index ' || %Q || ' does not hold what the table holds'",
        number, this->rowid, columns, this->table, name, name);
    return SQLITE_OK;
}

static int examine(struct examination *this) {
    int code = each(this, sqlite3_mprintf("PRAGMA main.quick_check(\"%w\")", this->table), note_fault);
    if (code != SQLITE_OK || this->fault) return code;
    code = each(
        this,
        sqlite3_mprintf(
            "SELECT CASE WHEN (SELECT wr FROM pragma_table_list(%Q) WHERE schema = 'main') THEN 7 ELSE"
            " total(DISTINCT CASE lower(name) WHEN 'rowid' THEN 1 WHEN '_rowid_' THEN 2 WHEN 'oid' THEN 4 ELSE 0 END) END"
            " FROM pragma_table_xinfo(%Q, 'main')",
            this->table, this->table),
        note_columns);
    if (code != SQLITE_OK) return code;
    code = each(
        this,
        sqlite3_mprintf(
            "SELECT name, CASE WHEN partial THEN NULL ELSE (SELECT CASE WHEN count(*) <= 100 AND min(cid) >= 0 THEN"
            " group_concat('\"' || replace(name, '\"', '\"\"') || '\"', ', ') END"
            " FROM pragma_index_xinfo(list.name, 'main') WHERE key) END"
            " FROM pragma_index_list(%Q, 'main') AS list WHERE origin <> 'pk' OR NOT"
            " coalesce((SELECT wr FROM pragma_table_list(%Q) WHERE schema = 'main'), 0)",
            this->table, this->table),
        note_index);
    if (code != SQLITE_OK || (this->indexes == 0 && !this->needs_lookups)) return code;
    if (this->needs_lookups) {
        return each(this, sqlite3_mprintf("PRAGMA main.integrity_check(\"%w\")", this->table), note_fault);
    }
    const char *digests = sqlite3_str_value(this->digests), *comparisons = sqlite3_str_value(this->comparisons);
    if (!digests || !comparisons) return SQLITE_NOMEM;
    return each(
        this,
        sqlite3_mprintf(
            "SELECT CASE%s ELSE 'ok' END FROM (SELECT %s FROM main.\"%w\" NOT INDEXED)", comparisons, digests, this->table),
        note_fault);
}

// selfheal_integrity(table): 'ok', or the first thing that is wrong with a table of the main database or one of its indexes.
static void integrity_function(sqlite3_context *context, int count, sqlite3_value **arguments) {
    (void)count;
    struct examination this = {.db = sqlite3_context_db_handle(context), .table = (const char *)sqlite3_value_text(arguments[0])};
    if (!this.table) return sqlite3_result_null(context);
    this.digests = sqlite3_str_new(this.db);
    this.comparisons = sqlite3_str_new(this.db);
    int code = examine(&this);
    if (code != SQLITE_OK) {
        const char *message = sqlite3_errmsg(this.db);
        sqlite3_result_error(context, message, -1);
        sqlite3_result_error_code(context, code);
    } else {
        sqlite3_result_text(context, this.fault ? this.fault : "ok", -1, SQLITE_TRANSIENT);
    }
    sqlite3_free(this.fault);
    sqlite3_free(sqlite3_str_finish(this.digests));
    sqlite3_free(sqlite3_str_finish(this.comparisons));
}

int selfheal_sqlite_add_integrity(sqlite3 *db) {
    return sqlite3_create_function_v2(
        db, "selfheal_integrity", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, integrity_function, NULL, NULL, NULL);
}
