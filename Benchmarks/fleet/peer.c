// The least that looks at a fleet: opens every database below a folder and reads its sqlite_schema, one thread a processor.
// usage: peer FOLDER

#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **paths;
static int count;
static atomic_int next, failures;
static atomic_long bytes;

static int look(const char *path) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(db, "SELECT type, name, tbl_name, sql FROM sqlite_schema", -1, &statement, NULL);
    }
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int column = 0; column < 4; column++) {
            sqlite3_column_text(statement, column);
            bytes += sqlite3_column_bytes(statement, column);
        }
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    sqlite3_close_v2(db);
    return code == SQLITE_DONE ? 0 : 1;
}

static void *work(void *unused) {
    (void)unused;
    for (int index; (index = next++) < count;) failures += look(paths[index]);
    return NULL;
}

int main(int argc, char **argv) {
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) return 2;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        if ((count & (count - 1)) == 0) {
            paths = realloc(paths, (count ? count * 2 : 1) * sizeof *paths);
            if (!paths) return 2;
        }
        if (asprintf(&paths[count++], "%s/%s", argv[1], entry->d_name) < 0) return 2;
    }
    closedir(folder);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
    long threads = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t workers[256];
    if (threads > 256) threads = 256;
    for (long number = 0; number < threads; number++) {
        if (pthread_create(&workers[number], NULL, work, NULL) != 0) return 2;
    }
    for (long number = 0; number < threads; number++) pthread_join(workers[number], NULL);
    printf("%d databases, %ld bytes of schema\n", count, (long)bytes);
    return failures ? 1 : 0;
}
