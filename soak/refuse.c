/* Counts the system calls that change files under one folder, and refuses them from the n-th on.

   gcc -shared -fPIC -O1 -o refuse.so refuse.c -ldl; LD_PRELOAD=refuse.so python …
   refuse_from(folder, n, error): the n-th call and all later ones fail with that errno; n = 0: only count.
   Removing a file gives room again when the error is ENOSPC, as it does on a disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static long count, first;
static int error, room;

void refuse_from(const char *path, long n, int number) {
    strncpy(folder, path, PATH_MAX - 1);
    count = 0, first = n, error = number, room = 0;
}

long refuse_count(void) { return count; }

static int refused(void) {
    long number = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    if (!first || number < first || room > 0) return 0;
    errno = error;
    return 1;
}

static int inside(const char *path) { return folder[0] && !strncmp(path, folder, strlen(folder)); }

static int at(int handle) {
    char link[64], path[PATH_MAX];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    return inside(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ON_HANDLE(name, kind, parameters, ...)                   \
    kind name parameters {                                        \
        if (at(handle) && refused()) return -1;                   \
        return REAL(name)(__VA_ARGS__);                           \
    }
ON_HANDLE(write, ssize_t, (int handle, const void *from, size_t size), handle, from, size)
ON_HANDLE(writev, ssize_t, (int handle, const struct iovec *from, int parts), handle, from, parts)
ON_HANDLE(pwrite, ssize_t, (int handle, const void *from, size_t size, off_t place), handle, from, size, place)
ON_HANDLE(pwrite64, ssize_t, (int handle, const void *from, size_t size, off64_t place), handle, from, size, place)
ON_HANDLE(ftruncate, int, (int handle, off_t size), handle, size)
ON_HANDLE(ftruncate64, int, (int handle, off64_t size), handle, size)
ON_HANDLE(fsync, int, (int handle), handle)
ON_HANDLE(fdatasync, int, (int handle), handle)

#define ON_PATH(name, parameters, ...)                           \
    int name parameters {                                         \
        if (inside(path) && refused()) return -1;                 \
        return REAL(name)(__VA_ARGS__);                           \
    }
ON_PATH(rename, (const char *path, const char *to), path, to)
ON_PATH(renameat, (int from, const char *path, int onto, const char *to), from, path, onto, to)
ON_PATH(mkdir, (const char *path, mode_t mode), path, mode)
ON_PATH(mkdirat, (int from, const char *path, mode_t mode), from, path, mode)

static int removed(const char *path) {
    if (!inside(path)) return 0;
    if (error == EROFS && first && count >= first) { errno = EROFS; return -1; }
    if (error == ENOSPC && strstr(path, "reserve")) room = 1;
    return 0;
}
int unlink(const char *path) { return removed(path) ? -1 : REAL(unlink)(path); }
int unlinkat(int from, const char *path, int flags) {
    return removed(path) ? -1 : REAL(unlinkat)(from, path, flags);
}

#define OPENED(name)                                              \
    int name(const char *path, int flags, ...) {                  \
        va_list rest;                                             \
        va_start(rest, flags);                                    \
        mode_t mode = va_arg(rest, mode_t);                       \
        va_end(rest);                                             \
        int writes = flags & (O_WRONLY | O_RDWR | O_CREAT);       \
        if (writes && inside(path) && refused()) return -1;       \
        return REAL(name)(path, flags, mode);                     \
    }
OPENED(open)
OPENED(open64)
#define OPENED_AT(name)                                           \
    int name(int from, const char *path, int flags, ...) {        \
        va_list rest;                                             \
        va_start(rest, flags);                                    \
        mode_t mode = va_arg(rest, mode_t);                       \
        va_end(rest);                                             \
        int writes = flags & (O_WRONLY | O_RDWR | O_CREAT);       \
        if (writes && inside(path) && refused()) return -1;       \
        return REAL(name)(from, path, flags, mode);               \
    }
OPENED_AT(openat)
OPENED_AT(openat64)
