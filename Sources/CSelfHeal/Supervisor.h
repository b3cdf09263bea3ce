// What the parts of the supervisor know of each other; what they are for says selfheal_supervise in CSelfHeal.h.
#ifndef SELFHEAL_SUPERVISOR_H
#define SELFHEAL_SUPERVISOR_H

#include <limits.h>
#include <stdint.h>

int64_t selfheal_milliseconds(void);

// MARK: Confinement.c

// The folders in which a check may write.
struct selfheal_places {
    char *const *paths;
    int count;
};

// From here on this process and its children write nowhere but in these folders and to devices, and send signals only to each
// other. Returns 0 where the kernel does not know Landlock: nothing is done then, it is a second line of defence.
int selfheal_confine(struct selfheal_places places);

// MARK: WriteWatch.c

// What a confined process tries to write. Landlock stops it; this is how it becomes known.
struct selfheal_watch {
    int listener;  // -1: nothing is watched
    const char *root;
    struct selfheal_places places;  // without symbolic links
    char tried[PATH_MAX];           // the first path below the root that it tried to write; empty when there is none
};

// In the process that is to be watched, once it is confined. Returns a descriptor for whoever watches, or -1.
int selfheal_watch_install(void);
// Answers what is asked now.
void selfheal_watch_serve(struct selfheal_watch *watch);
// What selfheal_watch_serve waits for is gone.
void selfheal_watch_end(struct selfheal_watch *watch);

// MARK: Descendants.c

// Kills all children, and those that become children by that, until there are none. Returns whether there was anything left that
// had not ended by itself within `moment` milliseconds.
int selfheal_end_children(int64_t moment, struct selfheal_watch *watch);

// MARK: TemporaryFolder.c

// Makes a folder below TMPDIR. Returns 0, or errno.
int selfheal_make_folder(const char *base, char *path, int size);

#endif
