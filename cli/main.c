/* Job: the program `hookbus`. Everything else is in cli/run.c, which tests can call too. */
#include "cli/command.h"

#include <fcntl.h>
#include <unistd.h>

/* Whoever starts us may have closed them: the first descriptors we open would take their places, be written to as
 * standard error, and libraries refuse to close them. */
static void open_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        (void)close(fd);
    }
}

int main(int argc, char **argv)
{
    open_standard_descriptors();
    return hb_cli_run(argc, argv);
}
