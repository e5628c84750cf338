/* Job: which records of replay jobs ended so long ago that they go (registry/sweep.h).
 *
 * Place: given to the registry's api by the api role. A job goes before its state: without it, it would look as if
 * nobody had begun it. Fails: without memory nothing is found. Threads: the loop's. */
#ifndef REPLAY_SWEEP_H
#define REPLAY_SWEEP_H

#include "registry/sweep.h"

void hb_replay_sweep(const struct hb_registry *registry, struct hb_sweep_due *due);

#endif
