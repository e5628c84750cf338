/* Runs a fuzz target over its seed files, and over copies of them with a few bytes spoiled, without libFuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define SEED_BYTES_MAX 65536
#define COPIES_EACH 20000

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* An exact heap copy: the sanitizer sees a byte read too far. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    HB_ASSERT(copy != NULL);
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_spoiled(const uint8_t *data, size_t size, uint64_t *seed)
{
    static const char likely[] = "{}[]\",:\\0-9eE.u \n\x00\xFF\xC3\x80";
    uint8_t *copy = malloc(size + 1);
    HB_ASSERT(copy != NULL);
    memcpy(copy, data, size);
    for (uint32_t i = next_random(seed) % 4; size > 0 && i < 4; i++)
        copy[next_random(seed) % size] = (uint8_t)likely[next_random(seed) % (sizeof(likely) - 1)];
    run(copy, size ? size - next_random(seed) % 2 * (next_random(seed) % size) : 0);
    free(copy);
}

static void run_file(const char *path)
{
    static uint8_t data[SEED_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    HB_ASSERT(file != NULL);
    size_t size = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    uint64_t seed = size;
    run(data, size);
    for (int i = 0; i < COPIES_EACH; i++)
        run_spoiled(data, size, &seed);
}

int main(int argc, char **argv)
{
    int count = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER-OF-SEEDS\n", argv[0]);
        return 64;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        run_file(path);
        count++;
    }
    (void)closedir(folder);
    printf("%d seeds, %d spoiled copies of each\n", count, COPIES_EACH);
    return count > 0 ? 0 : 1;
}
