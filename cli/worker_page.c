#include "cli/worker_page.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x48425750U /* HBWP */

static enum hb_err map(int fd, struct hb_worker_page **ret_page)
{
    void *memory = mmap(NULL, sizeof(struct hb_worker_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED) {
        return HB_ERR_IO;
    }
    *ret_page = memory;
    return HB_OK;
}

enum hb_err hb_worker_page_new(int *ret_fd, struct hb_worker_page **ret_page)
{
    int fd = memfd_create("hookbus-worker", MFD_CLOEXEC);

    if (fd < 0) {
        return HB_ERR_IO;
    }
    if (ftruncate(fd, sizeof(struct hb_worker_page)) != 0 || map(fd, ret_page)) {
        (void)close(fd);
        return HB_ERR_IO;
    }
    (*ret_page)->magic = MAGIC;
    hb_metrics_init(&(*ret_page)->metrics);
    hb_worker_page_set(*ret_page, "the worker is starting");
    *ret_fd = fd;
    return HB_OK;
}

enum hb_err hb_worker_page_map(struct hb_worker_page **ret_page)
{
    struct stat about;

    if (fstat(HB_WORKER_PAGE_FD, &about) != 0 || about.st_size != (off_t)sizeof(struct hb_worker_page) ||
        map(HB_WORKER_PAGE_FD, ret_page)) {
        return HB_ERR_IO;
    }
    (void)close(HB_WORKER_PAGE_FD);
    if ((*ret_page)->magic != MAGIC) {
        hb_worker_page_unmap(ret_page);
        return HB_ERR_IO;
    }
    return HB_OK;
}

void hb_worker_page_unmap(struct hb_worker_page **page)
{
    if (page && *page) {
        (void)munmap(*page, sizeof(**page));
        *page = NULL;
    }
}

void hb_worker_page_set(struct hb_worker_page *page, const char *reason)
{
    (void)snprintf(page->reason, sizeof(page->reason), "%s", reason ? reason : "");
    __atomic_store_n(&page->is_ready, reason ? 0U : 1U, __ATOMIC_RELEASE);
}
