// What Swift cannot call or must not do: variadic functions of the C library and of SQLite, system calls without a wrapper,
// and a signal handler, which may not run Swift.
#ifndef CSELFHEAL_H
#define CSELFHEAL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

// MARK: Files

/// O_PATH and AT_EMPTY_PATH, which Swift's Glibc does not show.
extern const int32_t selfheal_o_path;
extern const int32_t selfheal_at_empty_path;
/// openat2(2). `beneath` refuses every way out of `directory`; -1 and ENOSYS where the kernel does not have the call.
int selfheal_openat2(int directory, const char *path, int flags, unsigned mode, bool beneath);
/// renameat2(2) with RENAME_NOREPLACE; -1 and ENOSYS where the kernel does not have the call.
int selfheal_rename_noreplace(int directory, const char *from, const char *to);
/// renameat2(2) with RENAME_EXCHANGE: the two change names.
int selfheal_rename_exchange(int directory, const char *one, const char *other);
/// flock(2), which in Swift has the name of a structure.
int selfheal_flock(int descriptor, int operation);
/// A file in memory with these bytes, at its beginning; -1 and errno when there cannot be one.
int selfheal_memory_file(const void *bytes, int64_t length);
/// What an errno means, in English whatever the locale. Never NULL.
const char *selfheal_errno_text(int error);

// MARK: Signals

/// SIGTERM, SIGINT and SIGHUP are noted from now on instead of ending the process, unless they were ignored before. A second
/// SIGINT ends the process, and so does SIGQUIT, after the lines that are drawn over were taken off the terminal.
void selfheal_note_signals(void);
/// How many lines of the terminal on standard error, down to the one that the cursor is in, are drawn over; 0: none.
void selfheal_note_drawn_lines(int lines);
/// The signal that was noted, or 0.
int selfheal_noted_signal(void);
/// Gives a signal its default effect.
void selfheal_default_signal(int signal);
/// Ignores a signal: writing then fails with an errno instead.
void selfheal_ignore_signal(int signal);

// MARK: Plugins

/// Runs a command and sees to it that nothing of it is left: its descendants are killed when it ends, when its time is over
/// (SIGTERM to its process group, two seconds, SIGKILL) or when the caller is gone. It gets a folder for temporary files as
/// TMPDIR, which is removed afterwards. To be called first thing by a process of its own, in the application's root.
///
/// Arguments: any name; the time in milliseconds; `confined` (writing only in TMPDIR and the folders, and to devices) or `free`;
/// what the executable must be (`device:inode:mode:owner:size:ctime`, or `-`); how many folders; these; an absolute path and its
/// arguments. Standard input is a file that can be written, of which the command gets a copy. Lines are added to it: `folder PATH` (for temporary files), `time` (it
/// was over), `left` (the command ended and left processes behind), `tried PATH` (below the root, which a confined one may not
/// write), `failed WHY` (it was not run), and at last `done` and the command's exit code, or 128 and its signal.
int selfheal_supervise(int count, char **arguments);
/// Removes a folder with all that is in it, also what may not be opened.
void selfheal_remove_folder(const char *path);
/// Whether orphans of this process's descendants become its children; as often on as off.
void selfheal_adopt_orphans(bool adopt);
/// Kills and waits for children of this process that are not among these and do not run its own executable, until there are none.
/// Returns how many there were.
int selfheal_end_orphans(const int32_t *spared, int count);
/// Whether this kernel can keep a process from writing (Landlock).
int selfheal_can_confine(void);

// MARK: SQLite

/// Once a process, before its first connection: SQLite need not count what it allocates, which takes a lock each time.
void selfheal_sqlite_prepare(void);
/// The settings that protect from a schema made to harm, and those a healer needs; see the definition.
int selfheal_sqlite_configure(sqlite3 *db);
/// A number that changes when somebody else has written to the database, as far as this connection has noticed: it notices
/// when it takes a lock.
int selfheal_sqlite_data_version(sqlite3 *db, unsigned *version);
/// Gives the database `to` the contents of `from`, page by page, in one transaction under its own locks, unless its data version
/// is no longer that one: then nothing is changed, and `changed` is 1.
int selfheal_sqlite_rewind(sqlite3 *to, sqlite3 *from, unsigned version, int *changed);
/// Whether closing the last connection leaves the write-ahead log alone.
int selfheal_sqlite_keep_wal(sqlite3 *db);
/// Whether SQLite takes what it can of a damaged database, instead of refusing all of it: a schema that can be read in part
/// only, a file that is too short. Also lets statements write to sqlite_schema; for files of our own, and for reading.
int selfheal_sqlite_tolerate(sqlite3 *db, int on);
/// What statements may do. Levels: 0 everything; 1 no other file; 2 nor end the transaction or change how the file is kept.
int selfheal_sqlite_restrict(sqlite3 *db, int level);
/// The SQL functions `selfheal_stored(value, affinity)`, the value as a column of that affinity (`integer`, `real`, `numeric`,
/// `text`, `blob`) keeps it; `selfheal_loss(value, affinity)`, 1 where that loses something; and the aggregate
/// `selfheal_digest(value, …)`, which says of all rows how many there are, of which types each value is, and a checksum that
/// does not depend on their order. Returns SQLite's result code.
int selfheal_sqlite_add_functions(sqlite3 *db);
/// The SQL function `selfheal_integrity(table)`: 'ok', or the first thing that is wrong with a table of the main database or with
/// one of its indexes. Returns SQLite's result code.
int selfheal_sqlite_add_integrity(sqlite3 *db);
/// Copies the whole database into an empty file, in one go. Returns SQLite's result code.
int selfheal_sqlite_copy(sqlite3 *from, sqlite3 *to);
/// Reads `length` bytes of the database file through SQLite's own descriptor (another one would drop its locks when closed),
/// and the file's size. Returns SQLite's result code.
int selfheal_sqlite_peek(sqlite3 *db, void *buffer, int length, sqlite3_int64 offset, sqlite3_int64 *size);
/// The errno behind the last error: of the database file, else of whatever SQLite did last; 0 when there is none.
int selfheal_sqlite_errno(sqlite3 *db);
/// Where in its text the last error is, or -1.
int selfheal_sqlite_error_offset(sqlite3 *db);
int selfheal_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, int length);
int selfheal_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int length);

#endif
