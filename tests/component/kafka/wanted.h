/* Job: what a test waits for a group's member to have seen and committed.
 *
 * Place: conditions for room_wait, which gets a struct wanted. Owns: nothing. Threads: the test's. */
#ifndef TESTS_COMPONENT_KAFKA_WANTED_H
#define TESTS_COMPONENT_KAFKA_WANTED_H

#include "component/kafka/kafka_room.h"

struct wanted {
    struct room_member *member;
    size_t seen;
    int64_t committed; /* of this partition of the first topic */
    int32_t partition;
    int failed; /* commits */
};

static inline bool has_seen(void *user)
{
    const struct wanted *wanted = user;

    return wanted->member->seen_count >= wanted->seen;
}

static inline bool has_committed(void *user)
{
    const struct wanted *wanted = user;

    return has_seen(user) && wanted->member->committed[0][wanted->partition] >= wanted->committed;
}

#endif
