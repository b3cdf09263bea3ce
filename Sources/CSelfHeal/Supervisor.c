// Stands between this program and a plugin: whatever a plugin does, nothing of it is left running when it is over, and a
// check cannot write where it must not. See selfheal_supervise in CSelfHeal.h.
#define _GNU_SOURCE
#include "CSelfHeal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_GRACE = 2000, SETTLE = 2000, MOMENT = 200 };  // milliseconds

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// MARK: What a check may write

// The rights of Landlock's first versions, as linux/landlock.h of a newer kernel than the one we are built on names them.
#define RIGHT_WRITE_FILE (1ULL << 1)
#define RIGHTS_OF_FOLDERS (0x1FF0ULL & ~(1ULL << 3))  // REMOVE_DIR … MAKE_SYM: bits 4 to 12
#define RIGHT_REFER (1ULL << 13)
#define RIGHT_TRUNCATE (1ULL << 14)

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

// From here on this process and its children write nowhere but in these folders and to devices. Where the kernel does not know
// Landlock, nothing is done: it is a second line of defence.
static void confine(const char *temporary, char *const *writable, int count) {
    int version = landlock_version();
    if (version < 1) return;
    uint64_t rights = writing_rights(version);
    struct landlock_ruleset_attr attributes = {.handled_access_fs = rights};
    // Only the member that the first version had is handed over, so that an older kernel takes it too.
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0);
    if (ruleset < 0) return;
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/pts"};
    for (size_t index = 0; index < sizeof devices / sizeof *devices; index++) {
        allow(ruleset, devices[index], RIGHT_WRITE_FILE | (version >= 3 ? RIGHT_TRUNCATE : 0));
    }
    allow(ruleset, "/proc/self", RIGHT_WRITE_FILE);
    if (temporary[0]) allow(ruleset, temporary, rights);
    for (int index = 0; index < count; index++) allow(ruleset, writable[index], rights);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
}

int selfheal_can_confine(void) { return landlock_version() >= 1; }

// MARK: Descendants

// Everything that a descendant left behind becomes a child of this process (PR_SET_CHILD_SUBREAPER), so killing children until
// there are none reaches all of them, also those that began a session of their own.
static void kill_children(int number) {
    DIR *processes = opendir("/proc");
    if (!processes) return;
    pid_t own = getpid();
    struct dirent *entry;
    while ((entry = readdir(processes))) {
        char *end;
        long process = strtol(entry->d_name, &end, 10);
        if (*end || process <= 1) continue;
        char path[64], line[512];
        snprintf(path, sizeof path, "/proc/%ld/stat", process);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) continue;
        ssize_t length = read(file, line, sizeof line - 1);
        close(file);
        if (length <= 0) continue;
        line[length] = 0;
        // The name is in parentheses and may hold anything.
        char *name_end = strrchr(line, ')');
        int parent = 0;
        if (name_end && sscanf(name_end + 1, " %*c %d", &parent) == 1 && parent == own) kill((pid_t)process, number);
    }
    closedir(processes);
}

// Returns whether there was anything left that had not ended by itself within a moment.
static int end_all(int64_t moment) {
    int64_t begin = milliseconds(), limit = begin + SETTLE;
    int killed = 0;
    for (;;) {
        pid_t ended = waitpid(-1, NULL, WNOHANG);
        if (ended > 0) continue;
        if (ended < 0 && errno != EINTR) return killed;
        int64_t now = milliseconds();
        if (now > limit) return 1;
        if (now >= begin + moment) {
            kill_children(SIGKILL);
            killed = 1;
        }
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
}

// MARK: A folder for temporary files

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)place;
    if (kind == FTW_DP || kind == FTW_D || kind == FTW_DNR) rmdir(path);
    else unlink(path);
    return 0;
}

static void make_folder(char *path, size_t size) {
    const char *base = getenv("TMPDIR");
    if (!base || base[0] != '/') base = "/tmp";
    if (snprintf(path, size, "%s/selfheal-plugin-XXXXXX", base) >= (int)size || !mkdtemp(path)) path[0] = 0;
}

// MARK: -

static _Noreturn void become(char *const *command, const char *temporary, int confined, char *const *writable, int count,
                             const sigset_t *mask, pid_t supervisor) {
    // Whatever ends the supervisor ends the plugin.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != supervisor) _exit(137);
    setpgid(0, 0);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);  // a core would hold what came on standard input
    if (confined) confine(temporary, writable, count);
    sigprocmask(SIG_SETMASK, mask, NULL);
    signal(SIGPIPE, SIG_DFL);
    execv(command[0], command);
    dprintf(2, "%s: %s\n", command[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

int selfheal_supervise(int count, char **arguments) {
    // name, milliseconds, "confined" or "free", how many folders, the folders, the command
    if (count < 5) return 64;
    int64_t limit = strtoll(arguments[1], NULL, 10);
    int confined = strcmp(arguments[2], "confined") == 0;
    int folders = atoi(arguments[3]);
    if (folders < 0 || count < 5 + folders) return 64;
    char *const *writable = arguments + 4;
    char *const *command = arguments + 4 + folders;

    pid_t parent = getppid();
    int parent_end = (int)syscall(SYS_pidfd_open, parent, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    sigset_t watched, before;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, &before);
    sigemptyset(&before);
    for (int number = 1; number < 32; number++) {
        if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
    }
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) return 71;

    char temporary[4096];
    make_folder(temporary, sizeof temporary);
    if (temporary[0]) setenv("TMPDIR", temporary, 1);

    pid_t own = getpid();
    pid_t plugin = fork();
    if (plugin < 0) return 71;
    if (plugin == 0) become(command, temporary, confined, writable, folders, &before, own);
    setpgid(plugin, plugin);
    // Or who waits for the end of its output would wait for us; and what it is given is not ours to read.
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, 0);
        dup2(nothing, 1);
        dup2(nothing, 2);
    }

    int64_t deadline = milliseconds() + limit;
    int is_ending = 0, timed_out = 0, has_ended = 0, status = 0;
    for (;;) {
        pid_t ended = waitpid(plugin, &status, WNOHANG);
        if (ended == plugin) {
            has_ended = 1;
            break;
        }
        int64_t left = deadline - milliseconds();
        if (left <= 0) {
            if (is_ending) {
                status = SIGKILL;
                break;
            }
            timed_out = is_ending = 1;
            kill(-plugin, SIGTERM);
            deadline = milliseconds() + STEP_GRACE;
            continue;
        }
        struct pollfd events[2] = {{.fd = signals, .events = POLLIN}, {.fd = parent_end, .events = POLLIN}};
        poll(events, 2, (int)(left < 1000000 ? left : 1000000));
        if (parent_end >= 0 && (events[1].revents & POLLIN)) break;  // nobody is there to hear the answer
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == sizeof info) {
            if (info.ssi_signo == SIGCHLD || is_ending) continue;
            is_ending = 1;
            kill(-plugin, SIGTERM);
            // Less than whoever sent it waits before it kills this process.
            deadline = milliseconds() + STEP_GRACE * 3 / 4;
        }
    }
    // A plugin that ended by itself may have started what is about to end, too: the first part of a pipe, say.
    int left_behind = end_all(has_ended && !is_ending ? MOMENT : 0);
    if (temporary[0]) nftw(temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    // Told by signals, which nothing that the plugin does can bring about.
    if (timed_out || (has_ended && left_behind)) {
        int number = timed_out ? SIGALRM : SIGUSR1;
        signal(number, SIG_DFL);
        raise(number);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
