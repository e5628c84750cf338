/* The readers of Kafka's that walks share: few, made when they are first needed, and kept. Only who reads has one. */
#include "salesmanago/state.h"

#define QUEUED_RECORDS_MIN 20000
#define QUEUED_KIB_MAX 8192

static enum hb_err open_reader(struct hb_sm_worker *worker, struct hb_sm_reader *reader)
{
    const char *topics[] = {worker->catalog_topic};
    const struct hb_kafka_reader_options options = {.cluster = worker->options.cluster,
                                                    .topics = topics,
                                                    .topics_count = 1,
                                                    .is_committed_only = true,
                                                    .queued_records_min = QUEUED_RECORDS_MIN,
                                                    .queued_kib_max = QUEUED_KIB_MAX,
                                                    .events = &hb_sm_walk_events,
                                                    .user = reader};
    enum hb_err err = hb_kafka_reader_new(&options, &reader->reader, NULL);
    if (!err)
        err = hb_watch_new(worker->options.loop, hb_kafka_reader_fd(reader->reader), hb_sm_walk_readable, reader,
                           &reader->watch);
    if (err)
        hb_kafka_reader_free(&reader->reader);
    return err;
}

struct hb_sm_reader *hb_sm_walk_free_reader(struct hb_sm_worker *worker)
{
    for (int64_t i = 0; i < worker->options.config->salesmanago_walks_max && i < HB_SM_READERS_MAX; i++) {
        struct hb_sm_reader *reader = &worker->readers[i];
        if (!reader->walk)
            return reader->reader || open_reader(worker, reader) == HB_OK ? reader : NULL;
    }
    return NULL;
}

void hb_sm_walk_lend_reader(struct hb_sm_walk *walk)
{
    if (!walk->reader)
        return;
    (void)!hb_kafka_reader_assign(walk->reader->reader, NULL, 0);
    walk->reader->walk = NULL;
    walk->reader = NULL;
    hb_sm_pump_soon(walk->lane->worker);
}

bool hb_sm_walk_take_reader(struct hb_sm_walk *walk)
{
    if (!walk->reader)
        walk->reader = hb_sm_walk_free_reader(walk->lane->worker);
    if (walk->reader)
        walk->reader->walk = walk;
    return walk->reader != NULL;
}

void hb_sm_walk_free_readers(struct hb_sm_worker *worker)
{
    for (int i = 0; i < HB_SM_READERS_MAX; i++) {
        hb_watch_free(&worker->readers[i].watch);
        hb_kafka_reader_free(&worker->readers[i].reader);
    }
}
