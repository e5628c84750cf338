/* Job: the program `hookbus`. Everything else is in cli/run.c, which tests can call too. */
#include "cli/command.h"

int main(int argc, char **argv)
{
    return hb_cli_run(argc, argv);
}
