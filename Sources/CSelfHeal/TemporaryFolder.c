// A plugin's folder for temporary files.
#define _GNU_SOURCE
#include "Supervisor.h"
#include "CSelfHeal.h"
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int selfheal_make_folder(const char *base, char *path, int size) {
    char real[PATH_MAX];
    if (!realpath(base, real)) return errno;
    if (snprintf(path, (size_t)size, "%s/selfheal-plugin-XXXXXX", real) >= size) return ENAMETOOLONG;
    return mkdtemp(path) ? 0 : errno;
}

// Entered where it is allowed to be opened. Returns what nftw then returns: 1 where one has just become so.
static int open_folder(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)place;
    if (kind == FTW_D) chmod(path, 0700);
    return kind == FTW_DNR && chmod(path, 0700) == 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)place;
    if (kind == FTW_DP || kind == FTW_D || kind == FTW_DNR) rmdir(path);
    else unlink(path);
    return 0;
}

void selfheal_remove_folder(const char *path) {
    // A plugin may have left folders that not even their owner may open. More of them than this are nobody's mistake.
    for (int tries = 0; tries < 10000; tries++) {
        if (nftw(path, open_folder, 16, FTW_PHYS | FTW_MOUNT) != 1) break;
    }
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
