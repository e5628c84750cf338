/* cmocka with what it wants before it. */
#ifndef TESTS_UNIT_DISPATCHER_CHECK_H
#define TESTS_UNIT_DISPATCHER_CHECK_H

#include "hookbus/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#endif
