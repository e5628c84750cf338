/* cmocka wants these before it. */
#ifndef TESTS_UNIT_CLI_CM_H
#define TESTS_UNIT_CLI_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#endif
