// What a check may do: Landlock.
#define _GNU_SOURCE
#include "CSelfHeal.h"
#include "Supervisor.h"
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The rights of Landlock, as linux/landlock.h of a newer kernel than the one we are built on names them.
#define RIGHT_WRITE_FILE (1ULL << 1)
#define RIGHTS_OF_FOLDERS (0x1FF0ULL & ~(1ULL << 3))  // REMOVE_DIR … MAKE_SYM: bits 4 to 12
#define RIGHT_REFER (1ULL << 13)
#define RIGHT_TRUNCATE (1ULL << 14)
#define SCOPE_SIGNAL (1ULL << 1)

// As version 6 has it.
struct attributes {
    uint64_t files, network, scoped;
};

static uint64_t writing_rights(int version) {
    uint64_t rights = RIGHT_WRITE_FILE | RIGHTS_OF_FOLDERS;
    if (version >= 2) rights |= RIGHT_REFER;
    if (version >= 3) rights |= RIGHT_TRUNCATE;
    return rights;
}

static int landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

static void allow(int ruleset, const char *path, uint64_t rights) {
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) return;
    struct stat status;
    if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode)) {
        rule.allowed_access &= RIGHT_WRITE_FILE | RIGHT_TRUNCATE;
    }
    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

int selfheal_confine(struct selfheal_places places) {
    int version = landlock_version();
    if (version < 1) return 0;
    uint64_t rights = writing_rights(version);
    struct attributes attributes = {.files = rights, .scoped = version >= 6 ? SCOPE_SIGNAL : 0};
    // Only the member that the first version had is handed over to an older kernel.
    size_t size = version >= 6 ? sizeof attributes : sizeof attributes.files;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0) return 0;
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/pts"};
    for (size_t index = 0; index < sizeof devices / sizeof *devices; index++) {
        allow(ruleset, devices[index], RIGHT_WRITE_FILE | (version >= 3 ? RIGHT_TRUNCATE : 0));
    }
    allow(ruleset, "/proc/self", RIGHT_WRITE_FILE);
    for (int index = 0; index < places.count; index++) allow(ruleset, places.paths[index], rights);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int is_confined = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return is_confined;
}

int selfheal_can_confine(void) { return landlock_version() >= 1; }
