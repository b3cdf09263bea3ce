// Stands between this program and a plugin: whatever a plugin does, nothing of it is left running when it is over, and a
// check cannot write where it must not. See selfheal_supervise in CSelfHeal.h.
#define _GNU_SOURCE
#include "Supervisor.h"
#include "CSelfHeal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP_GRACE = 2000, MOMENT = 200 };  // milliseconds

// MARK: What is reported

// The file in memory that the caller gave as standard input: lines are added to it, the last of them `done`. What it holds
// before is copied for the plugin, which must not write here.
struct report {
    int file;
    off_t end;
};

static struct report take_report(void) {
    struct report report = {fcntl(0, F_DUPFD_CLOEXEC, 3), 0};
    struct stat status;
    int input = memfd_create("input", MFD_CLOEXEC);
    if (report.file < 0 || input < 0 || fstat(report.file, &status) != 0) return report;
    report.end = status.st_size;
    off_t start = 0;
    while (start < report.end && sendfile(input, report.file, &start, (size_t)(report.end - start)) > 0) continue;
    lseek(input, 0, SEEK_SET);
    dup2(input, 0);
    close(input);
    return report;
}

__attribute__((format(printf, 2, 3))) static void tell(struct report *report, const char *format, ...) {
    char line[PATH_MAX + 256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if (length >= (int)sizeof line) length = (int)sizeof line - 1;
    if (pwrite(report->file, line, (size_t)length, report->end) == length) report->end += length;
}

// MARK: The plugin

struct request {
    int64_t limit;
    int is_confined;
    const char *identity;
    struct selfheal_places places;
    char *const *command;
};

// Whether the executable is still the one that was found to be safe: device, inode, mode, owner, size, and when it last changed.
static int is_same(const char *path, const char *identity) {
    struct stat status;
    char now[160];
    if (strcmp(identity, "-") == 0 || stat(path, &status) != 0) return 1;
    snprintf(
        now, sizeof now, "%llu:%llu:%u:%u:%lld:%lld", (unsigned long long)status.st_dev,
        (unsigned long long)status.st_ino, (unsigned)status.st_mode & 07777, (unsigned)status.st_uid,
        (long long)status.st_size, (long long)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec);
    return strcmp(now, identity) == 0;
}

// One word to the supervisor, perhaps with a descriptor.
static void send_word(int channel, char word, int descriptor) {
    struct iovec part = {&word, 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    while (sendmsg(channel, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
}

// Returns the next word, or 0 when there is none any more: the plugin runs.
static char receive_word(int channel, int *descriptor) {
    char word = 0;
    struct iovec part = {&word, 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t length;
    while ((length = recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) continue;
    if (length <= 0) return 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS) memcpy(descriptor, CMSG_DATA(header), sizeof(int));
    return word;
}

static _Noreturn void become(const struct request *request, const sigset_t *mask, pid_t supervisor, int channel) {
    // Whatever ends the supervisor ends the plugin.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != supervisor) _exit(137);
    setpgid(0, 0);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);  // a core would hold what came on standard input
    if (request->is_confined && selfheal_confine(request->places)) {
        int listener = selfheal_watch_install();
        if (listener >= 0) send_word(channel, 'w', listener);
        close(listener);
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (!is_same(request->command[0], request->identity)) {
        send_word(channel, 'c', -1);
        _exit(126);
    }
    execv(request->command[0], request->command);
    dprintf(2, "%s: %s\n", request->command[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

// MARK: -

// Waits until the plugin has ended, its time is over, or somebody asks to stop.
struct ending {
    int status;
    int has_ended, is_stopped, timed_out;
};

static struct ending wait_for(pid_t plugin, int64_t limit, int signals, int parent_end, struct selfheal_watch *watch) {
    struct ending ending = {0};
    int64_t deadline = selfheal_milliseconds() + limit;
    for (;;) {
        if (waitpid(plugin, &ending.status, WNOHANG) == plugin) {
            ending.has_ended = 1;
            return ending;
        }
        int64_t left = deadline - selfheal_milliseconds();
        if (left <= 0) {
            if (ending.is_stopped) {
                ending.status = SIGKILL;
                return ending;
            }
            ending.timed_out = ending.is_stopped = 1;
            kill(-plugin, SIGTERM);
            deadline = selfheal_milliseconds() + STEP_GRACE;
            continue;
        }
        struct pollfd events[3] = {
            {.fd = signals, .events = POLLIN}, {.fd = parent_end, .events = POLLIN}, {.fd = watch->listener, .events = POLLIN}};
        poll(events, 3, (int)(left < 1000000 ? left : 1000000));
        if (parent_end >= 0 && (events[1].revents & POLLIN)) return ending;  // nobody is there to hear the answer
        if (events[2].revents & POLLIN) selfheal_watch_serve(watch);
        else if (events[2].revents) selfheal_watch_end(watch);
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == sizeof info) {
            if (info.ssi_signo == SIGCHLD || ending.is_stopped) continue;
            ending.is_stopped = 1;
            kill(-plugin, SIGTERM);
            // Less than whoever sent it waits before it kills this process.
            deadline = selfheal_milliseconds() + STEP_GRACE * 3 / 4;
        }
    }
}

// Runs it, tells what came of it, and returns its status.
static int run(const struct request *request, struct report *report, struct selfheal_watch *watch) {
    int parent_end = (int)syscall(SYS_pidfd_open, getppid(), 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    sigset_t watched, before;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    sigemptyset(&before);
    for (int number = 1; number < 32; number++) {
        if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
    }
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK), channel[2];
    if (signals < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0) return 71;

    pid_t own = getpid();
    pid_t plugin = fork();
    if (plugin < 0) return 71;
    if (plugin == 0) become(request, &before, own, channel[1]);
    setpgid(plugin, plugin);
    close(channel[1]);
    // Or who waits for the end of its output would wait for us; and what it is given is not ours to read.
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, 0);
        dup2(nothing, 1);
        dup2(nothing, 2);
    }
    for (char word; (word = receive_word(channel[0], &watch->listener));) {
        if (word == 'c') tell(report, "failed %s has changed since it was looked at\n", request->command[0]);
    }
    close(channel[0]);

    struct ending ending = wait_for(plugin, request->limit, signals, parent_end, watch);
    // A plugin that ended by itself may have started what is about to end, too: the first part of a pipe, say.
    int left = selfheal_end_children(ending.has_ended && !ending.is_stopped ? MOMENT : 0, watch);
    if (ending.timed_out) tell(report, "time\n");
    else if (ending.has_ended && left) tell(report, "left\n");
    for (char *end = watch->tried; (end = strchr(end, '\n'));) *end = '?';
    if (watch->tried[0]) tell(report, "tried %s\n", watch->tried);
    return WIFEXITED(ending.status) ? WEXITSTATUS(ending.status) : 128 + WTERMSIG(ending.status);
}

int selfheal_supervise(int count, char **arguments) {
    // name, milliseconds, "confined" or "free", identity, how many folders, the folders, the command
    if (count < 6) return 64;
    int folders = atoi(arguments[4]);
    if (folders < 0 || count < 6 + folders) return 64;
    // Nobody looks into this process's memory and descriptors: what it reports is its own.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    struct report report = take_report();
    char temporary[PATH_MAX], root[PATH_MAX];
    const char *base = getenv("TMPDIR");
    if (!base || base[0] != '/') base = "/tmp";
    int error = selfheal_make_folder(base, temporary, sizeof temporary);
    if (error != 0) {
        tell(&report, "failed no folder for temporary files could be made in %s: %s\n", base, selfheal_errno_text(error));
        tell(&report, "done 71\n");
        return 71;
    }
    setenv("TMPDIR", temporary, 1);
    tell(&report, "folder %s\n", temporary);
    // Its own folder, and those that it may write, without symbolic links where they are there.
    char **writable = calloc((size_t)folders + 1, sizeof *writable);
    if (!writable || !getcwd(root, sizeof root)) return 71;
    for (int index = 0; index < folders; index++) {
        char *real = realpath(arguments[5 + index], NULL);
        writable[index] = real ? real : arguments[5 + index];
    }
    writable[folders] = temporary;
    struct request request = {
        .limit = strtoll(arguments[1], NULL, 10),
        .is_confined = strcmp(arguments[2], "confined") == 0,
        .identity = arguments[3],
        .places = {writable, folders + 1},
        .command = arguments + 5 + folders,
    };
    struct selfheal_watch watch = {.listener = -1, .root = root, .places = request.places};
    int status = run(&request, &report, &watch);
    selfheal_remove_folder(temporary);
    tell(&report, "done %d\n", status);
    return status;
}
