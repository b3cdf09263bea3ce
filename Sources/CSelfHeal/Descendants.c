// Processes that are children of this one, or have become so because they were left behind (PR_SET_CHILD_SUBREAPER): killing
// children until there are none reaches all descendants, also those that began a session of their own.
#define _GNU_SOURCE
#include "CSelfHeal.h"
#include "Supervisor.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE = 2000 };  // milliseconds

int64_t selfheal_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The next child of this process in /proc, or 0 after the last one.
static pid_t next_child(DIR *processes) {
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
        if (name_end && sscanf(name_end + 1, " %*c %d", &parent) == 1 && parent == own) return (pid_t)process;
    }
    return 0;
}

static void kill_children(void) {
    DIR *processes = opendir("/proc");
    if (!processes) return;
    for (pid_t child; (child = next_child(processes));) kill(child, SIGKILL);
    closedir(processes);
}

int selfheal_end_children(int64_t moment, struct selfheal_watch *watch) {
    int64_t begin = selfheal_milliseconds(), limit = begin + SETTLE;
    int killed = 0;
    for (;;) {
        pid_t ended = waitpid(-1, NULL, WNOHANG);
        if (ended > 0) continue;
        if (ended < 0 && errno != EINTR) return killed;
        int64_t now = selfheal_milliseconds();
        if (now > limit) return 1;
        if (now >= begin + moment) {
            kill_children();
            killed = 1;
        }
        // Who is waited for may wait for an answer.
        struct pollfd asked = {.fd = watch->listener, .events = POLLIN};
        if (poll(&asked, 1, 1) > 0) {
            if (asked.revents & POLLIN) selfheal_watch_serve(watch);
            else selfheal_watch_end(watch);
        }
    }
}

// MARK: Orphans of a supervisor that was killed

// As the attribute of the process, of which there is one.
static pthread_mutex_t adopters_lock = PTHREAD_MUTEX_INITIALIZER;
static int adopters;

void selfheal_adopt_orphans(bool adopt) {
    pthread_mutex_lock(&adopters_lock);
    adopters += adopt ? 1 : -1;
    prctl(PR_SET_CHILD_SUBREAPER, adopters > 0, 0, 0, 0);
    pthread_mutex_unlock(&adopters_lock);
}

// Whether a child runs our own executable: it is a supervisor, or is about to become something else.
static int is_own(pid_t child) {
    char path[64];
    struct stat own, other;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)child);
    return stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 && own.st_dev == other.st_dev
        && own.st_ino == other.st_ino;
}

int selfheal_end_orphans(const int32_t *spared, int count) {
    int64_t limit = selfheal_milliseconds() + SETTLE;
    int ended = 0;
    for (int quiet = 0; quiet < 2 && selfheal_milliseconds() < limit;) {
        DIR *processes = opendir("/proc");
        if (!processes) break;
        int found = 0;
        for (pid_t child; (child = next_child(processes));) {
            int is_spared = is_own(child);
            for (int index = 0; index < count && !is_spared; index++) is_spared = spared[index] == child;
            if (is_spared) continue;
            found = 1;
            kill(child, SIGKILL);
            if (waitpid(child, NULL, WNOHANG) == child) ended++;
        }
        closedir(processes);
        // What an orphan had started becomes an orphan by its end.
        quiet = found ? 0 : quiet + 1;
        struct timespec pause = {.tv_nsec = 2000000};
        nanosleep(&pause, NULL);
    }
    return ended;
}
