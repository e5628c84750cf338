#include "registry/each.h"

#include "registry/registry_internal.h"

#include <stdlib.h>

static int cmp_keys(const void *a, const void *b)
{
    const struct registry_record *const *x = a, *const *y = b;
    return hb_str_cmp((*x)->key, (*y)->key);
}

void hb_registry_each_record(const struct hb_registry *registry, struct hb_str prefix,
                             void (*fn)(void *user, struct hb_str key, struct hb_str value), void *user)
{
    struct registry_record *record = NULL, **found = NULL;
    size_t state = 0, count = 0, capacity = 0;
    while ((record = hb_map_next(&registry->records, &state)) != NULL) {
        if (!hb_str_has_prefix(record->key, prefix)) {
            continue;
        }
        if (count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            struct registry_record **bigger = realloc(found, capacity * sizeof(struct registry_record *));
            if (!bigger) {
                free(found);
                return;
            }
            found = bigger;
        }
        found[count++] = record;
    }
    if (count > 0) {
        qsort(found, count, sizeof(struct registry_record *), cmp_keys);
    }
    for (size_t i = 0; i < count; i++) {
        fn(user, found[i]->key, found[i]->value);
    }
    free(found);
}
