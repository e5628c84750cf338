/* libhookbus: the words of the public header. */
#include "hookbus/producer.h"

const char *hookbus_version(void)
{
    return HB_VERSION;
}

const char *hookbus_status_text(enum hookbus_status status)
{
    switch (status) {
    case HOOKBUS_OK:
        return "done";
    case HOOKBUS_FULL:
        return "too much waits for Kafka; try again when some events were acknowledged";
    case HOOKBUS_INVALID:
        return "the event or an option breaks a rule";
    case HOOKBUS_TOO_LARGE:
        return "the event is larger than its limit";
    case HOOKBUS_TIMEOUT:
        return "no answer in time; whether Kafka has the event is not known: publish it again with the same id";
    case HOOKBUS_DENIED:
        return "Kafka does not permit this client to write";
    case HOOKBUS_KAFKA:
        return "Kafka refused the event";
    case HOOKBUS_FATAL:
        return "this producer cannot go on; close it and make a new one";
    case HOOKBUS_CLOSED:
        return "the producer is being closed";
    case HOOKBUS_MEMORY:
        return "out of memory, or no thread could be started";
    case HOOKBUS_MISUSE:
        return "called where it may not be called";
    }
    return "unknown status";
}
