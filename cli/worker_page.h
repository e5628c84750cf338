/* Job: one page of memory that a dispatcher worker shares with its parent: its numbers and whether it
 * is ready.
 *
 * Place: made by `hookbus dispatcher --workers N`, given to each worker as descriptor 3. The worker writes, the
 * parent reads. (The event a worker crashed in is noted elsewhere: dispatcher/settled_file.h.)
 * Owns / borrows: the mapping is freed by _unmap, the descriptor by who made it. Fails: HB_ERR_IO. Limits: one page
 * a worker.
 * Threads: one writer process, one reader process; cells are read and written whole, the reason's text may be read
 * torn. */
#ifndef CLI_WORKER_PAGE_H
#define CLI_WORKER_PAGE_H

#include "core/metrics.h"

#define HB_WORKER_PAGE_FD 3
#define HB_WORKER_REASON_MAX 256

struct hb_worker_page {
    uint32_t magic;
    uint32_t is_ready; /* 0 or 1 */
    char reason[HB_WORKER_REASON_MAX];
    struct hb_metrics metrics;
};

/* Makes a page and maps it; *ret_fd is to be given to the worker and closed. */
HB_MUST_USE enum hb_err hb_worker_page_new(int *ret_fd, struct hb_worker_page **ret_page);
/* Maps the page given as descriptor 3. HB_ERR_IO: there is none. */
HB_MUST_USE enum hb_err hb_worker_page_map(struct hb_worker_page **ret_page);
/* NULL is allowed; sets the pointer to NULL. */
void hb_worker_page_unmap(struct hb_worker_page **page);
/* reason NULL: ready. */
void hb_worker_page_set(struct hb_worker_page *page, const char *reason);

#endif
