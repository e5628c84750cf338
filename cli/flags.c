#include "cli/command.h"

static const struct hb_flag EVERY[] = {
    {"json", 0, NULL, "JSON for programs instead of text for people; errors too", false, false},
    {"help", 'h', NULL, "show this", false, false},
    HB_FLAGS_END,
};

static const struct hb_flag CONFIG[] = {
    {"config", 'c', "FILE", "configuration (YAML); also HOOKBUS_CONFIG. Every key also as HOOKBUS_SECTION_KEY", false,
     false},
    HB_FLAGS_END,
};

static const struct hb_flag API[] = {
    {"config", 'c', "FILE", "configuration (YAML); also HOOKBUS_CONFIG", false, false},
    {"api", 0, "URL", "where the api is; otherwise api.url, otherwise http://127.0.0.1:<api.port>", false, false},
    {"key-file", 0, "FILE", "file with the API key; otherwise HOOKBUS_API_KEY, otherwise api.admin_key_file", false,
     false},
    HB_FLAGS_END,
};

static const struct hb_flag STORE[] = {
    {"store", 's', "STORE", "the store; also HOOKBUS_STORE", false, false},
    HB_FLAGS_END,
};

void hb_command_flag_tables(const struct hb_command *command, const struct hb_flag *ret_tables[5])
{
    size_t count = 0;

    if (command->flags) {
        ret_tables[count++] = command->flags;
    }
    if (command->uses & HB_USES_STORE) {
        ret_tables[count++] = STORE;
    }
    if (command->uses & HB_USES_API) {
        ret_tables[count++] = API;
    } else if (command->uses & HB_USES_CONFIG) {
        ret_tables[count++] = CONFIG;
    }
    ret_tables[count++] = EVERY;
    ret_tables[count] = NULL;
}
