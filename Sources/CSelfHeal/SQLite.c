#include "CSelfHeal.h"

#include <pthread.h>
#include <string.h>

static void prepare(void) { (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

void selfheal_sqlite_prepare(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
}

static int json_needs_trust;

static void ask_about_json(void) {
    sqlite3 *db = NULL;
    if (sqlite3_open(":memory:", &db) == SQLITE_OK
        && sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0) == SQLITE_OK
        && sqlite3_exec(db, "CREATE TABLE t (a CHECK (json_valid(a)))", NULL, NULL, NULL) != SQLITE_OK)
        json_needs_trust = strstr(sqlite3_errmsg(db), "unsafe use of") != NULL;
    sqlite3_close(db);
}

// SQLite 3.40 does not call its JSON functions harmless: where schemas are not trusted, every database with one in a CHECK, a
// generated column or an index counts as malformed. Of its functions they are the only ones that this is about; those with
// side effects, and ours, are refused in schemas that are trusted too.
static int schema_trust(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ask_about_json);
    return json_needs_trust;
}

int selfheal_sqlite_configure(sqlite3 *db) {
    const struct {
        int option;
        int value;
    } settings[] = {
        // A schema made to harm: no writing to internal tables, no functions with side effects in views and triggers.
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, schema_trust()},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        // Schemas with CHECK (x <> "y") exist; without this every RENAME in such a database fails.
        {SQLITE_DBCONFIG_DQS_DDL, 1},
        {SQLITE_DBCONFIG_DQS_DML, 1},
        // A healer does not cascade, and with foreign keys on ADD COLUMN … REFERENCES … DEFAULT 1 is refused.
        {SQLITE_DBCONFIG_ENABLE_FKEY, 0},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        int code = sqlite3_db_config(db, settings[i].option, settings[i].value, (int *)0);
        if (code != SQLITE_OK) return code;
    }
    // Neither ATTACH nor VACUUM INTO reaches another file.
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    return selfheal_sqlite_add_functions(db);
}

int selfheal_sqlite_copy(sqlite3 *from, sqlite3 *to) {
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup) return sqlite3_extended_errcode(to);
    int code;
    // In steps, so that the progress handlers of nobody have to wait, and a request to stop is seen between them.
    do code = sqlite3_backup_step(backup, 2048);
    while (code == SQLITE_OK && !selfheal_noted_signal());
    int finished = sqlite3_backup_finish(backup);
    if (code == SQLITE_OK) return SQLITE_INTERRUPT;
    return code == SQLITE_DONE ? finished : code;
}

int selfheal_sqlite_data_version(sqlite3 *db, unsigned *version) {
    return sqlite3_file_control(db, "main", SQLITE_FCNTL_DATA_VERSION, version);
}

int selfheal_sqlite_rewind(sqlite3 *to, sqlite3 *from, unsigned version, int *changed) {
    *changed = 0;
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup) return sqlite3_extended_errcode(to);
    // No page yet: this only takes the locks, and sees whether somebody has written since.
    int code = sqlite3_backup_step(backup, 0);
    unsigned now = version;
    if (code == SQLITE_OK) code = selfheal_sqlite_data_version(to, &now);
    if (code == SQLITE_OK && now != version) {
        *changed = 1;
        // Ends without its last page, which rolls back.
        return sqlite3_backup_finish(backup);
    }
    while (code == SQLITE_OK && !selfheal_noted_signal()) code = sqlite3_backup_step(backup, 2048);
    int finished = sqlite3_backup_finish(backup);
    if (code == SQLITE_OK) return SQLITE_INTERRUPT;
    return code == SQLITE_DONE ? finished : code;
}

int selfheal_sqlite_keep_wal(sqlite3 *db) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

int selfheal_sqlite_tolerate(sqlite3 *db, int on) {
    int code = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, on ? 0 : 1, (int *)0);
    if (code != SQLITE_OK) return code;
    return sqlite3_db_config(db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, on ? 1 : 0, (int *)0);
}

static int is_one_of(const char *name, const char *const *names) {
    for (; *names; names++) {
        if (sqlite3_stricmp(name, *names) == 0) return 1;
    }
    return 0;
}

static int authorize(void *level, int action, const char *first, const char *second, const char *third, const char *fourth) {
    static const char *const reaching[] = {"temp_store_directory", "data_store_directory", 0};
    static const char *const keeping[] = {
        "journal_mode", "locking_mode", "wal_checkpoint", "wal_autocheckpoint", "schema_version", "writable_schema", 0,
    };
    (void)third, (void)fourth;
    switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        return SQLITE_DENY;
    case SQLITE_TRANSACTION:
        return *(const int *)level > 1 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
        if (!first || !second) return SQLITE_OK; // asks only
        if (is_one_of(first, reaching)) return SQLITE_DENY;
        return *(const int *)level > 1 && is_one_of(first, keeping) ? SQLITE_DENY : SQLITE_OK;
    default:
        return SQLITE_OK;
    }
}

int selfheal_sqlite_restrict(sqlite3 *db, int level) {
    static const int levels[] = {0, 1, 2};
    if (level < 1 || level > 2) return sqlite3_set_authorizer(db, 0, 0);
    return sqlite3_set_authorizer(db, authorize, (void *)&levels[level]);
}

int selfheal_sqlite_peek(sqlite3 *db, void *buffer, int length, sqlite3_int64 offset, sqlite3_int64 *size) {
    sqlite3_file *file = 0;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK) return code;
    if (!file || !file->pMethods) return SQLITE_CANTOPEN;
    code = file->pMethods->xFileSize(file, size);
    if (code != SQLITE_OK) return code;
    memset(buffer, 0, (size_t)length);
    code = file->pMethods->xRead(file, buffer, length, offset);
    return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

int selfheal_sqlite_errno(sqlite3 *db) {
    int last = 0;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &last) == SQLITE_OK && last != 0) return last;
    return sqlite3_system_errno(db);
}

int selfheal_sqlite_error_offset(sqlite3 *db) {
#if SQLITE_VERSION_NUMBER >= 3038000
    return sqlite3_error_offset(db);
#else
    (void)db;
    return -1;
#endif
}

int selfheal_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, int length) {
    return sqlite3_bind_text(statement, index, bytes, length, SQLITE_TRANSIENT);
}

int selfheal_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int length) {
    return sqlite3_bind_blob(statement, index, bytes, length, SQLITE_TRANSIENT);
}
