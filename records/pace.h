/* Job: how long and how many records may wait for Kafka, of lines and of the journal alike. Private to this room.
 *
 * Beyond either nothing more is claimed, fetched or sent: an outage then sends each due delivery at most once. */
#ifndef RECORDS_PACE_H
#define RECORDS_PACE_H

#define HB_RECORDS_WAITING_MAX 1000
#define HB_RECORDS_ACK_WAIT_MAX_US (INT64_C(5) * 1000 * 1000)
#define HB_RECORDS_AGAIN_MS 200 /* what Kafka's client did not take, or Kafka refused, is written again after this */

#endif
