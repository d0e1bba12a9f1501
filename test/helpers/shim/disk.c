/*
 * Preloaded into the service: stands between it and the disk. Writes down, in order and with the data, every call that
 * changes or syncs the files of one database (DISK_FILES: the path that they begin with) and every 2xx and every POST
 * that goes over a connection, in or out; and lets such calls fail on demand (DISK_FAULT: a file of `struct fault`, written by the test).
 *
 * The -shm is no durable state, the lock file holds nothing, and the cli-token is new at each start: none of them is
 * looked at.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, FAILED_SYNC, SENT, RECEIVED };

/* One record of the log; the name (for RENAME: old, a NUL, new) and the data follow it. */
struct record {
  int64_t at_ns; /* CLOCK_MONOTONIC, when the call began */
  int64_t offset; /* TRUNCATE: the new size */
  uint32_t kind, name_size, data_size, unused;
};

/* Which call of some kinds fails: the one after `skip` others, and as many from there on as `times` says. */
struct fault {
  volatile int32_t kinds, error, skip, times, hits; /* kinds: bits 1 << enum kind; CREATE: syncs of the directory */
};

static char files[PATH_MAX], folder[PATH_MAX];
static size_t files_size;
static int log_fd = -1;
static struct fault *fault;

__attribute__((constructor)) static void start(void) {
  const char *prefix = getenv("DISK_FILES"), *log = getenv("DISK_LOG"), *control = getenv("DISK_FAULT");
  if (prefix == NULL) return;
  files_size = strlen(strcpy(files, prefix));
  strcpy(folder, prefix);
  *strrchr(folder, '/') = 0;
  if (log != NULL) log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (control == NULL) return;
  int fd = open(control, O_RDWR | O_CLOEXEC);
  fault = mmap(NULL, sizeof *fault, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fault == MAP_FAILED) abort();
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The name of a database's file in its directory, "." for the directory itself; NULL for any other path. */
static const char *name_in(const char *path) {
  if (strcmp(path, folder) == 0) return ".";
  if (strncmp(path, files, files_size) != 0) return NULL;
  const char *suffix = path + files_size;
  int is_fleeting = strcmp(suffix, "-shm") == 0 || strcmp(suffix, ".lock") == 0 || strcmp(suffix, ".cli-token") == 0;
  return is_fleeting ? NULL : path + strlen(folder) + 1;
}

static const char *name_of(int fd, char *path) {
  char link[32];
  if (files_size == 0) return NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, PATH_MAX - 1);
  if (size < 0) return NULL;
  path[size] = 0;
  return name_in(path);
}

static const char *name_at(const char *path, char *real) {
  return files_size > 0 && realpath(path, real) != NULL ? name_in(real) : NULL;
}

static void note(enum kind kind, int64_t at, const char *name, size_t name_size, int64_t offset, const void *data,
                 size_t size) {
  if (log_fd < 0) return;
  struct record record = {at, offset, kind, name_size, size, 0};
  struct iovec parts[] = {{&record, sizeof record}, {(void *)name, name_size}, {(void *)data, size}};
  syscall(SYS_writev, log_fd, parts, 3);
}

static int fails(enum kind kind) {
  if (fault == NULL || (fault->kinds & 1 << kind) == 0 || fault->times == 0) return 0;
  if (fault->skip > 0) return fault->skip--, 0;
  fault->times--;
  fault->hits++;
  errno = fault->error;
  return 1;
}

#define NEXT(name, type, ...) \
  static type (*next)(__VA_ARGS__); \
  if (next == NULL) next = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

int open64(const char *path, int flags, ...) {
  NEXT("open64", int, const char *, int, ...);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  int is_new = flags & O_CREAT && access(path, F_OK) != 0;
  int64_t at = now();
  int fd = next(path, flags, mode);
  char real[PATH_MAX];
  const char *name = fd >= 0 && is_new ? name_of(fd, real) : NULL;
  if (name != NULL) note(CREATE, at, name, strlen(name), 0, NULL, 0);
  return fd;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  NEXT("pwrite64", ssize_t, int, const void *, size_t, off64_t);
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  if (name != NULL && fails(WRITE)) return -1;
  int64_t at = now();
  ssize_t written = next(fd, data, size, offset);
  if (name != NULL && written > 0) note(WRITE, at, name, strlen(name), offset, data, written);
  return written;
}

int ftruncate64(int fd, off64_t size) {
  NEXT("ftruncate64", int, int, off64_t);
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  if (name != NULL && fails(TRUNCATE)) return -1;
  int64_t at = now();
  int result = next(fd, size);
  if (name != NULL && result == 0) note(TRUNCATE, at, name, strlen(name), size, NULL, 0);
  return result;
}

static int sync_file(int fd, int (*next)(int)) {
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  int64_t at = now();
  int result = name != NULL && fails(strcmp(name, ".") == 0 ? CREATE : SYNC) ? -1 : next(fd);
  int error = errno;
  if (name != NULL) note(result == 0 ? SYNC : FAILED_SYNC, at, name, strlen(name), 0, NULL, 0);
  errno = error;
  return result;
}

#define SYNC_CALL(call) int call(int fd) { NEXT(#call, int, int); return sync_file(fd, next); }
SYNC_CALL(fsync)
SYNC_CALL(fdatasync)

int unlink(const char *path) {
  NEXT("unlink", int, const char *);
  char real[PATH_MAX];
  const char *name = name_at(path, real);
  int64_t at = now();
  int result = next(path);
  if (name != NULL && result == 0) note(UNLINK, at, name, strlen(name), 0, NULL, 0);
  return result;
}

int rename(const char *from, const char *to) {
  NEXT("rename", int, const char *, const char *);
  char real_from[PATH_MAX], real_to[PATH_MAX], names[2 * NAME_MAX + 2];
  const char *old = name_at(from, real_from);
  int64_t at = now();
  int result = next(from, to);
  const char *new = old != NULL && result == 0 ? name_at(to, real_to) : NULL;
  if (new != NULL) note(RENAME, at, names, sprintf(names, "%s%c%s", old, 0, new), 0, NULL, 0);
  return result;
}

static void note_message(enum kind kind, const void *data, ssize_t size) {
  if (size < 12 || (memcmp(data, "HTTP/1.1 2", 10) != 0 && memcmp(data, "POST /", 6) != 0)) return;
  note(kind, now(), "", 0, 0, data, 12);
}

ssize_t write(int fd, const void *data, size_t size) {
  NEXT("write", ssize_t, int, const void *, size_t);
  note_message(SENT, data, size);
  return next(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  NEXT("writev", ssize_t, int, const struct iovec *, int);
  if (count > 0) note_message(SENT, parts[0].iov_base, parts[0].iov_len);
  return next(fd, parts, count);
}

ssize_t read(int fd, void *data, size_t size) {
  NEXT("read", ssize_t, int, void *, size_t);
  ssize_t got = next(fd, data, size);
  if (got > 0) note_message(RECEIVED, data, got);
  return got;
}
