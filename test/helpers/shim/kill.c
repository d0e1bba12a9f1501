/*
 * Preloaded into the service: ends it by SIGKILL ahead of the KILL_ON_HIT-th write to a file whose path ends with
 * KILL_FILE, and says so. That is inside SQLite, where no JavaScript gets to.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *file;
static int left;

__attribute__((constructor)) static void start(void) {
  const char *hit = getenv("KILL_ON_HIT");
  file = getenv("KILL_FILE");
  left = hit == NULL ? 0 : atoi(hit);
}

static int is_that_file(int fd) {
  char link[32], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  size_t suffix = strlen(file);
  return (size_t)size >= suffix && strcmp(path + size - suffix, file) == 0;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  static ssize_t (*next)(int, const void *, size_t, off64_t);
  if (next == NULL) next = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  if (file != NULL && left > 0 && is_that_file(fd) && --left == 0) {
    dprintf(2, "crash.point %s\n", getenv("CRASH_AT"));
    kill(getpid(), SIGKILL);
  }
  return next(fd, data, size, offset);
}
