/* A disk that fails (LD_PRELOAD). The file FAILING_DISK says how, and is read before each call: "OPERATION ERRNO SKIP COUNT PATH",
 * such as "fsync 5 2 1 rammevagt.db-wal": of the calls on files whose path holds PATH the first SKIP go well and the next COUNT fail.
 * Operations: write (pwrite, pwrite64, write, ftruncate), fsync (fsync, fdatasync). No file: nothing fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(const char *operation, int fd) {
    static long seen = 0;
    static char before[256];
    char text[256] = "", wanted[16], path[128], link[64], found[512];
    int number;
    long skip, count;
    const char *plan = getenv("FAILING_DISK");
    FILE *file = plan ? fopen(plan, "r") : NULL;
    if (!file) return 0;
    if (!fgets(text, sizeof text, file)) text[0] = 0;
    fclose(file);
    if (sscanf(text, "%15s %d %ld %ld %127s", wanted, &number, &skip, &count, path) != 5 || strcmp(wanted, operation)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, found, sizeof found - 1);
    if (length <= 0) return 0;
    found[length] = 0;
    if (!strstr(found, path)) return 0;
    if (strcmp(before, text)) {
        strcpy(before, text);
        seen = 0;
    }
    seen++;
    if (seen <= skip || seen > skip + count) return 0;
    errno = number;
    return 1;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int fsync(int fd) { REAL(fsync); return fails("fsync", fd) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fails("fsync", fd) ? -1 : real(fd); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); return fails("write", fd) ? -1 : real(fd, size); }
int ftruncate64(int fd, off_t size) { REAL(ftruncate64); return fails("write", fd) ? -1 : real(fd, size); }
ssize_t write(int fd, const void *from, size_t size) {
    REAL(write);
    return fails("write", fd) ? -1 : real(fd, from, size);
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    REAL(pwrite);
    return fails("write", fd) ? -1 : real(fd, from, size, at);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off_t at) {
    REAL(pwrite64);
    return fails("write", fd) ? -1 : real(fd, from, size, at);
}
