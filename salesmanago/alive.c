/* The heartbeat (heartbeat.h): that this worker is there; and, as a record at the registry's end, how far that has to
 * be read (sender.c). A key of its own: what a former process of our name left under its mark's must stay to be seen. */
#include "salesmanago/state.h"

#include "salesmanago/heartbeat.h"

enum hb_err hb_sm_alive_write(struct hb_sm_worker *worker, hb_kafka_ack_fn *done)
{
    return hb_sm_record_write_own(worker, HB_SM_HEARTBEAT_PREFIX, NULL, done);
}

void hb_sm_alive_second(struct hb_sm_worker *worker)
{
    struct hb_mono now = hb_sm_now(worker);
    if (worker->beat_at.us > 0 && now.us - worker->beat_at.us < HB_SM_HEARTBEAT_EVERY_MS * HB_US_PER_MS)
        return;
    if (hb_sm_alive_write(worker, NULL) == HB_OK)
        worker->beat_at = now;
}
