/* Runs a command and makes one of its write-like system calls go wrong. All threads and children are counted together, in the
 * order in which the kernel shows their calls, so that a sweep over 1, 2, 3, … misses none.
 *
 *   inject --count CMD…                               change nothing
 *   inject --kill N CMD…                              SIGKILL to all of it in place of the Nth call
 *   inject --tear N CMD…                              the Nth call is performed, a write only by half, then SIGKILL
 *   inject --errno EIO|ENOSPC --at N [--onwards] CMD… the Nth call, or it and all after it, fail
 *
 * --only NAME counts the system calls of that name alone.
 * --report FILE writes two numbers and a name: calls seen, 1 when the Nth was reached, and what the Nth was.
 * Exit status: the command's own, 128 + the number of the signal that ended it, 125 when this program cannot work.
 *
 * A call counts when it can change what a disk holds. A filter in the kernel (seccomp) stops the command at those only, which
 * costs a healthy run some milliseconds. Pipes, sockets and the like count only as descriptor 1 or 2. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the registers of this processor are not known here"
#endif

enum kind {
    PLAIN,       /* always counts */
    DESCRIPTOR,  /* counts when argument 0 is a file, or descriptor 1 or 2 */
    WRITE,       /* likewise, and argument 2 is how much is written */
    OPEN_SECOND, /* counts when the flags in argument 1 are for writing */
    OPEN_THIRD,  /* likewise argument 2 */
    OPEN_STRUCT, /* likewise the structure in argument 2 */
    MAP,         /* counts when it is shared and writable */
};

static const struct call {
    long number;
    enum kind kind;
    const char *name;
} calls[] = {
#define CALL(name, kind) {SYS_##name, kind, #name}
    CALL(write, WRITE),
    CALL(pwrite64, WRITE),
    CALL(writev, DESCRIPTOR),
    CALL(pwritev, DESCRIPTOR),
    CALL(pwritev2, DESCRIPTOR),
    CALL(ftruncate, DESCRIPTOR),
    CALL(truncate, PLAIN),
    CALL(fallocate, DESCRIPTOR),
    CALL(fsync, DESCRIPTOR),
    CALL(fdatasync, DESCRIPTOR),
    CALL(sync_file_range, DESCRIPTOR),
    CALL(renameat2, PLAIN),
    CALL(linkat, PLAIN),
    CALL(symlinkat, PLAIN),
    CALL(unlinkat, PLAIN),
    CALL(mkdirat, PLAIN),
    CALL(mknodat, PLAIN),
    CALL(fchmod, DESCRIPTOR),
    CALL(fchmodat, PLAIN),
    CALL(fchown, DESCRIPTOR),
    CALL(fchownat, PLAIN),
    CALL(copy_file_range, PLAIN),
    CALL(sendfile, PLAIN),
    CALL(openat, OPEN_THIRD),
    CALL(openat2, OPEN_STRUCT),
    CALL(mmap, MAP),
#ifdef __x86_64__
    CALL(renameat, PLAIN),
    CALL(rename, PLAIN),
    CALL(link, PLAIN),
    CALL(symlink, PLAIN),
    CALL(unlink, PLAIN),
    CALL(mkdir, PLAIN),
    CALL(rmdir, PLAIN),
    CALL(creat, PLAIN),
    CALL(chmod, PLAIN),
    CALL(chown, PLAIN),
    CALL(lchown, PLAIN),
    CALL(open, OPEN_SECOND),
#endif
#undef CALL
};
enum { CALLS = sizeof calls / sizeof *calls };

static const unsigned writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

static struct {
    enum { COUNT, KILL, TEAR, FAIL } mode;
    long at;
    int error;
    bool onwards;
    const char *only;
    const char *report;
} wish;

static long seen;
static const char *struck = "-";

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    exit(125);
}

static _Noreturn void usage(void) {
    fputs("usage: inject --count | --kill N | --tear N | --errno EIO|ENOSPC --at N [--onwards] [--only NAME] [--report FILE] CMD…\n", stderr);
    exit(125);
}

/* Only what may count is shown to the tracer. */
static void install_filter(void) {
    struct sock_filter filter[4 + 2 * CALLS];
    size_t length = 0;
#define ADD(...) filter[length++] = (struct sock_filter)__VA_ARGS__
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    for (size_t i = 0; i < CALLS; i++) {
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
    }
    struct sock_filter all[sizeof filter / sizeof *filter + 1];
    memcpy(all, filter, length * sizeof *filter);
    all[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
#undef ADD
    struct sock_fprog program = {.len = (unsigned short)length, .filter = all};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        give_up("seccomp");
}

/* Whether a descriptor leads to a file, or is one that a program reports on. */
static bool is_file(pid_t task, int64_t descriptor) {
    if (descriptor == 1 || descriptor == 2) return true;
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)task, (int)descriptor);
    ssize_t length = readlink(link, target, sizeof target);
    return length > 0 && target[0] == '/';
}

static bool counts(pid_t task, const struct call *call, const uint64_t *arguments) {
    switch (call->kind) {
    case PLAIN: return true;
    case DESCRIPTOR:
    case WRITE: return is_file(task, (int32_t)arguments[0]);
    case OPEN_SECOND: return (arguments[1] & writing) != 0;
    case OPEN_THIRD: return (arguments[2] & writing) != 0;
    case OPEN_STRUCT: {
        struct open_how how = {0};
        struct iovec here = {&how, sizeof how}, there = {(void *)(uintptr_t)arguments[2], sizeof how};
        if (process_vm_readv(task, &here, 1, &there, 1, 0) != (ssize_t)sizeof how) return true;
        return (how.flags & writing) != 0;
    }
    case MAP:
        return (arguments[2] & PROT_WRITE) && (arguments[3] & MAP_TYPE) != MAP_PRIVATE && !(arguments[3] & MAP_ANONYMOUS);
    }
    return true;
}

/* The call is not performed, and returns the error. */
static void fail(pid_t task, int error) {
#if defined(__x86_64__)
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, task, 0, &registers) != 0) return;
    registers.orig_rax = (unsigned long long)-1;
    registers.rax = (unsigned long long)-error;
    ptrace(PTRACE_SETREGS, task, 0, &registers);
#else
    struct user_regs_struct registers;
    struct iovec all = {&registers, sizeof registers};
    int number = -1;
    struct iovec call = {&number, sizeof number};
    if (ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &all) != 0) return;
    registers.regs[0] = (unsigned long long)-error;
    ptrace(PTRACE_SETREGSET, task, NT_PRSTATUS, &all);
    ptrace(PTRACE_SETREGSET, task, NT_ARM_SYSTEM_CALL, &call);
#endif
}

/* The call writes only half of what it was given. */
static void halve(pid_t task) {
    struct user_regs_struct registers;
    struct iovec all = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &all) != 0) return;
#if defined(__x86_64__)
    registers.rdx /= 2;
#else
    registers.regs[2] /= 2;
#endif
    ptrace(PTRACE_SETREGSET, task, NT_PRSTATUS, &all);
}

/* All processes of the command are in one group of their own. */
static void kill_all(pid_t first) {
    kill(-first, SIGKILL);
    kill(first, SIGKILL);
}

/* A task is stopped in front of a call. Returns how it goes on: PTRACE_CONT, or PTRACE_SYSCALL to see the call's end. */
static int meet(pid_t first, pid_t task) {
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, task, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_SECCOMP)
        return PTRACE_CONT;
    const struct call *call = NULL;
    for (size_t i = 0; i < CALLS && !call; i++)
        if ((uint64_t)calls[i].number == info.seccomp.nr) call = &calls[i];
    if (!call || !counts(task, call, info.seccomp.args)) return PTRACE_CONT;
    if (wish.only && strcmp(call->name, wish.only) != 0) return PTRACE_CONT;
    seen++;
    if (wish.mode == COUNT || seen < wish.at || (seen > wish.at && !wish.onwards)) return PTRACE_CONT;
    if (seen == wish.at) struck = call->name;
    switch (wish.mode) {
    case COUNT: break;
    case KILL: kill_all(first); break;
    case TEAR:
        if (call->kind == WRITE) halve(task);
        return PTRACE_SYSCALL;
    case FAIL: fail(task, wish.error); break;
    }
    return PTRACE_CONT;
}

static int follow(pid_t first) {
    int result = 125;
    while (true) {
        int status;
        pid_t task = waitpid(-1, &status, __WALL);
        if (task < 0) {
            if (errno == EINTR) continue;
            return result; /* ECHILD: all have ended */
        }
        if (!WIFSTOPPED(status)) {
            if (task == first) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int how = PTRACE_CONT, signal = WSTOPSIG(status), event = status >> 16;
        if (event == PTRACE_EVENT_SECCOMP) {
            how = meet(first, task);
            signal = 0;
        } else if (event == PTRACE_EVENT_STOP) {
            /* A new task, or a stop of the group, which is not wanted here. */
            signal = 0;
        } else if (event != 0) {
            signal = 0;
        } else if (signal == (SIGTRAP | 0x80)) {
            /* The end of the call that was waited for. */
            kill_all(first);
            signal = 0;
        }
        ptrace(how, task, 0, signal);
    }
}

static long number(const char *text) {
    char *end;
    long value = text ? strtol(text, &end, 10) : 0;
    if (value < 1 || *end) usage();
    return value;
}

int main(int count, char **arguments) {
    bool chosen = false;
    int next = 1;
    for (; next < count && arguments[next][0] == '-'; next++) {
        const char *option = arguments[next], *value = next + 1 < count ? arguments[next + 1] : NULL;
        if (!strcmp(option, "--count")) {
            chosen = true;
        } else if (!strcmp(option, "--kill") || !strcmp(option, "--tear")) {
            chosen = true;
            wish.mode = option[2] == 'k' ? KILL : TEAR;
            wish.at = number(value);
            next++;
        } else if (!strcmp(option, "--errno") && value) {
            wish.mode = FAIL;
            wish.error = !strcmp(value, "EIO") ? EIO : !strcmp(value, "ENOSPC") ? ENOSPC : 0;
            if (!wish.error) usage();
            next++;
        } else if (!strcmp(option, "--at")) {
            chosen = true;
            wish.at = number(value);
            next++;
        } else if (!strcmp(option, "--onwards")) {
            wish.onwards = true;
        } else if (!strcmp(option, "--only") && value) {
            wish.only = value;
            next++;
        } else if (!strcmp(option, "--report") && value) {
            wish.report = value;
            next++;
        } else {
            usage();
        }
    }
    if (!chosen || next >= count || (wish.mode == FAIL) != (wish.error != 0)) usage();

    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0) give_up("pipe");
    pid_t first = fork();
    if (first < 0) give_up("fork");
    if (first == 0) {
        char go;
        close(gate[1]);
        setpgid(0, 0);
        /* Nothing comes when the tracer has given up. */
        if (read(gate[0], &go, 1) != 1) _exit(125);
        install_filter();
        execvp(arguments[next], arguments + next);
        give_up(arguments[next]);
    }
    close(gate[0]);
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC
        | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, first, 0, options) != 0) give_up("ptrace");
    if (write(gate[1], "", 1) != 1) give_up("write");
    close(gate[1]);
    int result = follow(first);
    if (wish.report) {
        FILE *file = fopen(wish.report, "w");
        if (!file) give_up(wish.report);
        fprintf(file, "%ld %d %s\n", seen, wish.at > 0 && seen >= wish.at, struck);
        if (fclose(file) != 0) give_up(wish.report);
    }
    if (wish.mode == COUNT && !wish.report) printf("%ld\n", seen);
    return result;
}
