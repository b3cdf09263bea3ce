// Knows what a confined process tries to write: system calls that could write are held by the kernel until this answers
// (seccomp_unotify(2)). What they are about is looked up, and what is below the root is refused and remembered. What is elsewhere
// goes on, for Landlock to judge; but modes, owners and times, of which Landlock knows nothing, are refused there, too.
//
// Between the look and the call, another thread of the process can put another path into its memory. It then still writes
// nowhere that Landlock forbids.
#define _GNU_SOURCE
#include "Supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define OTHER_CALLS 0x40000000  // from here on those of x32
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// Of newer kernels than the one we are built on; the same on all architectures.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#endif
#ifndef SYS_removexattrat
#define SYS_removexattrat 466
#endif
#ifndef SYS_file_setattr
#define SYS_file_setattr 469
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum kind {
    OPENING,   // by flags
    OPENING2,  // by a structure with flags
    MAKING,    // a name in a folder, that must not be there
    ENTRY,     // a name in a folder
    TARGET,    // what a path leads to
    STATE,     // modes, owners, times and attributes of what a path leads to
    OWN_STATE  // the same, of a symbolic link itself
};

// Which of a call's arguments says what; -1: none.
struct call {
    int number;
    enum kind kind;
    signed char folder, path, flags;
};

static const struct call calls[] = {
#ifdef SYS_open
    {SYS_open, OPENING, -1, 0, 1},
    {SYS_creat, TARGET, -1, 0, -1},
    {SYS_mkdir, MAKING, -1, 0, -1},
    {SYS_rmdir, ENTRY, -1, 0, -1},
    {SYS_unlink, ENTRY, -1, 0, -1},
    {SYS_rename, ENTRY, -1, 0, -1},
    {SYS_rename, ENTRY, -1, 1, -1},
    {SYS_link, MAKING, -1, 1, -1},
    {SYS_symlink, MAKING, -1, 1, -1},
    {SYS_mknod, MAKING, -1, 0, -1},
    {SYS_chmod, STATE, -1, 0, -1},
    {SYS_chown, STATE, -1, 0, -1},
    {SYS_lchown, OWN_STATE, -1, 0, -1},
    {SYS_utime, STATE, -1, 0, -1},
    {SYS_utimes, STATE, -1, 0, -1},
    {SYS_futimesat, STATE, 0, 1, -1},
#endif
#ifdef SYS_renameat
    {SYS_renameat, ENTRY, 0, 1, -1},
    {SYS_renameat, ENTRY, 2, 3, -1},
#endif
    {SYS_openat, OPENING, 0, 1, 2},
    {SYS_openat2, OPENING2, 0, 1, 2},
    {SYS_mkdirat, MAKING, 0, 1, -1},
    {SYS_unlinkat, ENTRY, 0, 1, -1},
    {SYS_renameat2, ENTRY, 0, 1, -1},
    {SYS_renameat2, ENTRY, 2, 3, -1},
    {SYS_linkat, MAKING, 2, 3, -1},
    {SYS_symlinkat, MAKING, 1, 2, -1},
    {SYS_mknodat, MAKING, 0, 1, -1},
    {SYS_truncate, TARGET, -1, 0, -1},
    {SYS_fchmod, STATE, 0, -1, -1},
    {SYS_fchmodat, STATE, 0, 1, -1},
    {SYS_fchmodat2, STATE, 0, 1, 3},
    {SYS_fchown, STATE, 0, -1, -1},
    {SYS_fchownat, STATE, 0, 1, 4},
    {SYS_utimensat, STATE, 0, 1, 3},
    {SYS_setxattr, STATE, -1, 0, -1},
    {SYS_lsetxattr, OWN_STATE, -1, 0, -1},
    {SYS_fsetxattr, STATE, 0, -1, -1},
    {SYS_removexattr, STATE, -1, 0, -1},
    {SYS_lremovexattr, OWN_STATE, -1, 0, -1},
    {SYS_fremovexattr, STATE, 0, -1, -1},
    {SYS_setxattrat, STATE, 0, 1, 2},
    {SYS_removexattrat, STATE, 0, 1, 2},
    {SYS_file_setattr, STATE, 0, 1, 4},
};
enum { CALLS = sizeof calls / sizeof *calls };

// MARK: What is asked about

#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

#ifdef ARCHITECTURE

#define ARGUMENT(index) (offsetof(struct seccomp_data, args) + 8 * (index))  // its lower half

int selfheal_watch_install(void) {
    struct sock_filter program[16 + 5 * CALLS];
    unsigned short length = 0;
#define ADD(...) program[length++] = (struct sock_filter)__VA_ARGS__
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
#ifdef OTHER_CALLS
    ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_CALLS, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#endif
    for (int index = 0; index < CALLS; index++) {
        const struct call *call = &calls[index];
        if (call->kind != OPENING) {
            ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->number, 0, 1));
            ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
            continue;
        }
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->number, 0, 4));
        ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(call->flags)));
        ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, WRITING, 0, 1));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    // Signal 0 only asks whether a process is there. Landlock would say that it is not for us to know.
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 0, 4));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(1)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    // What it does is not seen here; who uses it does without where it is missing.
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
    struct sock_fprog filter = {.len = length, .filter = program};
    // Once its call is looked at, only a signal that ends the process may interrupt it: not every program tries again.
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
    if (listener < 0 && errno == EINVAL) {
        flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
        listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
    }
    return (int)listener;
}

#else

int selfheal_watch_install(void) { return -1; }

#endif

// MARK: What a call is about

// Copies out of another process, page by page, because the next one may not be there. Returns how much there was.
static size_t copy(pid_t process, uint64_t from, void *to, size_t size) {
    size_t done = 0;
    while (done < size) {
        size_t length = 4096 - (from + done) % 4096;
        if (length > size - done) length = size - done;
        struct iovec here = {(char *)to + done, length}, there = {(void *)(uintptr_t)(from + done), length};
        ssize_t copied = process_vm_readv(process, &here, 1, &there, 1, 0);
        if (copied <= 0) break;
        done += (size_t)copied;
        if (memchr((char *)to + done - copied, 0, (size_t)copied) && size == PATH_MAX) break;
    }
    return done;
}

static int copy_text(pid_t process, uint64_t from, char *text) {
    size_t length = copy(process, from, text, PATH_MAX);
    return memchr(text, 0, length) != NULL;
}

static int name(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

// What a descriptor of the process leads to, without symbolic links; it need not have a path.
static int describe_descriptor(pid_t process, int descriptor, char *path) {
    char link[64];
    struct stat status;
    snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)process, descriptor);
    int file = open(link, O_PATH | O_CLOEXEC);
    if (file < 0) return 0;
    int known = name(file, path);
    // What has no name any more is nobody's.
    if (known && fstat(file, &status) == 0 && status.st_nlink == 0) path[0] = 0;
    close(file);
    return known;
}

static int folder_of(pid_t process, int folder) {
    char link[64];
    if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", (int)process);
    else snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)process, folder);
    return open(link, O_PATH | O_CLOEXEC);
}

// Makes the path that of what a link leads to. Returns whether there is a link.
static int follow_link(int base, char path[PATH_MAX + 32]) {
    char target[PATH_MAX], whole[PATH_MAX + 32];
    ssize_t length = readlinkat(base, path, target, sizeof target - 1);
    if (length <= 0) return 0;
    target[length] = 0;
    char *slash = strrchr(path, '/');
    int folder = target[0] == '/' || !slash ? 0 : (int)(slash - path) + 1;
    if (snprintf(whole, sizeof whole, "%.*s%s", folder, path, target) >= (int)sizeof whole) return 0;
    strcpy(path, whole);
    return 1;
}

// What a path of the process leads to, without symbolic links as far as there is something.
static int describe(pid_t process, int folder, const char *text, int follows, char *path) {
    char head[PATH_MAX + 32];
    static const char *const own[] = {"/proc/self/", "/proc/thread-self/", "/dev/fd/"};
    static const char *const theirs[] = {"/proc/%d/%s", "/proc/%d/%s", "/proc/%d/fd/%s"};
    snprintf(head, sizeof head, "%s", text);
    for (size_t index = 0; index < sizeof own / sizeof *own; index++) {
        size_t length = strlen(own[index]);
        if (strncmp(text, own[index], length) == 0) {
            snprintf(head, sizeof head, theirs[index], (int)process, text + length);
        }
    }
    int base = head[0] == '/' ? AT_FDCWD : folder_of(process, folder);
    if (base < 0 && base != AT_FDCWD) return 0;
    char rest[PATH_MAX + 32] = "";
    int flags = O_PATH | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW), file;
    size_t length = strlen(head);
    while (length > 1 && head[length - 1] == '/') head[--length] = 0;
    for (int links = 0; (file = openat(base, head, flags)) < 0;) {
        // A link to what is not there: it would be made there.
        if (follows && !rest[0] && links++ < 8 && follow_link(base, head)) continue;
        char *slash = strrchr(head, '/');
        char shorter[PATH_MAX + 32];
        const char *last = slash ? slash + 1 : head;
        if (strcmp(head, ".") == 0 || strcmp(head, "/") == 0) break;
        if (snprintf(shorter, sizeof shorter, "/%s%s", last, rest) >= (int)sizeof shorter) break;
        strcpy(rest, shorter);
        if (!slash) strcpy(head, ".");
        else if (slash == head) head[1] = 0;
        else *slash = 0;
        flags = O_PATH | O_CLOEXEC;
    }
    if (base >= 0) close(base);
    if (file < 0) return 0;
    int known = name(file, path);
    close(file);
    if (!known) return 0;
    length = strlen(path);
    if (length == 1 && rest[0]) length = 0;
    if (length + strlen(rest) >= PATH_MAX) return 0;
    strcpy(path + length, rest);
    return 1;
}

// Whether the call may go on; otherwise what is to be answered.
enum { GOES_ON = 0 };

static int is_below(const char *path, const char *folder) {
    size_t length = strlen(folder);
    if (length == 1) return path[0] == '/';
    return strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static int judge(struct selfheal_watch *watch, const struct seccomp_notif *asked, const struct call *call) {
    pid_t process = (pid_t)asked->pid;
    const __u64 *arguments = asked->data.args;
    int is_state = call->kind == STATE || call->kind == OWN_STATE;
    int refusal = is_state ? EPERM : EACCES, unknown = is_state ? EPERM : GOES_ON;
    int folder = call->folder < 0 ? AT_FDCWD : (int)arguments[(int)call->folder];
    int follows = call->kind != MAKING && call->kind != ENTRY && call->kind != OWN_STATE;
    if (call->kind == OPENING || call->kind == OPENING2) {
        uint64_t flags = arguments[(int)call->flags];
        if (call->kind == OPENING2 && copy(process, flags, &flags, sizeof flags) != sizeof flags) return GOES_ON;
        if ((flags & O_PATH) || !(flags & WRITING)) return GOES_ON;
        if ((flags & O_NOFOLLOW) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) follows = 0;
    } else if (call->flags >= 0 && (arguments[(int)call->flags] & AT_SYMLINK_NOFOLLOW)) {
        follows = 0;
    }
    char text[PATH_MAX] = "", path[PATH_MAX];
    uint64_t place = call->path < 0 ? 0 : arguments[(int)call->path];
    if (place && !copy_text(process, place, text)) return unknown;
    if (text[0]) {
        if (!describe(process, folder, text, follows, path)) return unknown;
    } else {
        // A descriptor alone. No path and no descriptor is a mistake, for the kernel to tell.
        if (folder < 0 || !is_state) return GOES_ON;
        if (!describe_descriptor(process, folder, path)) return unknown;
    }
    // Pipes, sockets, and files without a name.
    if (path[0] != '/') return GOES_ON;
    for (int index = 0; index < watch->places.count; index++) {
        if (is_below(path, watch->places.paths[index])) return GOES_ON;
    }
    if (is_below(path, "/dev") || is_below(path, "/proc") || is_below(path, "/sys")) return unknown;
    if (!is_below(path, watch->root)) return unknown;
    // What is there cannot be made: `mkdir -p` asks for all folders above the one that it may make.
    struct stat status;
    if (call->kind == MAKING && lstat(path, &status) == 0) return GOES_ON;
    if (!watch->tried[0]) snprintf(watch->tried, sizeof watch->tried, "%s", path);
    return refusal;
}

// MARK: Answers

void selfheal_watch_end(struct selfheal_watch *watch) {
    if (watch->listener >= 0) close(watch->listener);
    watch->listener = -1;
}

void selfheal_watch_serve(struct selfheal_watch *watch) {
    // A newer kernel may know more members than we do.
    union {
        struct seccomp_notif asked;
        char room[1024];
    } question;
    union {
        struct seccomp_notif_resp given;
        char room[1024];
    } answer;
    memset(&question, 0, sizeof question);
    memset(&answer, 0, sizeof answer);
    // It may have been killed meanwhile.
    if (ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_RECV, &question.asked) != 0) return;
    const struct seccomp_notif *asked = &question.asked;
    char before[PATH_MAX];
    memcpy(before, watch->tried, sizeof before);
    int error = GOES_ON, goes_on = 1;
    if (asked->data.nr == SYS_kill) {
        if ((pid_t)asked->data.args[0] > 0) {
            goes_on = 0;
            if (kill((pid_t)asked->data.args[0], 0) != 0) error = errno;
        }
    } else {
        for (int index = 0; index < CALLS && error == GOES_ON; index++) {
            if (calls[index].number == asked->data.nr) error = judge(watch, asked, &calls[index]);
        }
        goes_on = error == GOES_ON;
    }
    // Its number may be another process's by now: then what was looked at was not its own.
    if (ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &asked->id) != 0) {
        memcpy(watch->tried, before, sizeof before);
        return;
    }
    answer.given.id = asked->id;
    answer.given.error = -error;
    answer.given.flags = goes_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
    ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer.given);
}
