/* Creates the event topics of a prefix at HOOKBUS_TEST_KAFKA, for tests that are scripts. */
#include "component/producer/fixture.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 64;
    }
    fixture_make_topics(argv[1]);
    return 0;
}
