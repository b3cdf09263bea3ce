#define _GNU_SOURCE
#include "CSelfHeal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if __linux__
#include <sys/syscall.h>

// From <linux/openat2.h>, which older headers do not have. The numbers are the same on every architecture.
#define SELFHEAL_SYS_OPENAT2 437
#define SELFHEAL_RESOLVE_NO_MAGICLINKS 0x02
#define SELFHEAL_RESOLVE_BENEATH 0x08

struct selfheal_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};
#endif

#ifdef O_PATH
const int32_t selfheal_o_path = O_PATH;
const int32_t selfheal_at_empty_path = AT_EMPTY_PATH;
#else
const int32_t selfheal_o_path = 0;
const int32_t selfheal_at_empty_path = 0;
#endif

int selfheal_openat2(int directory, const char *path, int flags, unsigned mode, bool beneath) {
#if __linux__
    struct selfheal_open_how how = {
        .flags = (unsigned)flags,
        .mode = (flags & O_CREAT) ? mode : 0,
        .resolve = beneath ? SELFHEAL_RESOLVE_BENEATH | SELFHEAL_RESOLVE_NO_MAGICLINKS : 0,
    };
    return (int)syscall(SELFHEAL_SYS_OPENAT2, directory, path, &how, sizeof how);
#else
    (void)directory, (void)path, (void)flags, (void)mode, (void)beneath;
    errno = ENOSYS;
    return -1;
#endif
}

int selfheal_rename_noreplace(int directory, const char *from, const char *to) {
#if __linux__ && defined(SYS_renameat2)
    return (int)syscall(SYS_renameat2, directory, from, directory, to, 1u /* RENAME_NOREPLACE */);
#else
    (void)directory, (void)from, (void)to;
    errno = ENOSYS;
    return -1;
#endif
}

int selfheal_rename_exchange(int directory, const char *one, const char *other) {
#if __linux__ && defined(SYS_renameat2)
    return (int)syscall(SYS_renameat2, directory, one, directory, other, 2u /* RENAME_EXCHANGE */);
#else
    (void)directory, (void)one, (void)other;
    errno = ENOSYS;
    return -1;
#endif
}

int selfheal_flock(int descriptor, int operation) { return flock(descriptor, operation); }

int selfheal_memory_file(const void *bytes, int64_t length) {
    int file = memfd_create("input", MFD_CLOEXEC);
    if (file < 0) return -1;
    const char *rest = bytes;
    while (length > 0) {
        ssize_t written = write(file, rest, (size_t)length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            int error = errno;
            close(file);
            errno = error;
            return -1;
        }
        rest += written;
        length -= written;
    }
    lseek(file, 0, SEEK_SET);
    return file;
}

const char *selfheal_errno_text(int error) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 32))
    const char *text = strerrordesc_np(error);
#else
    const char *text = strerror(error);
#endif
    return text ? text : "unknown error";
}
