/* Makes the calls of a plan (see conformance/README.md): reading the plan, memory, and JSON. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "caller.h"

#define CLIENTS_MAX 16
#define LINE_MAX_BYTES (1 << 20)
#define GIVEN_MAX 4096

/* Memory that lives as long as the call. */
typedef struct kept {
    struct kept *next;
    tg_secret *secret;
    /* Aligned for every type of C that the header has. */
    union {
        const void *pointer;
        uint64_t number;
    } memory[];
} kept;

typedef struct {
    char name[64];
    char object[64];
    void *handle;
} client;

static kept *all_kept;
static client clients[CLIENTS_MAX];
static size_t clients_len;
static char line[LINE_MAX_BYTES];

/* What was given for this call: places and texts. */
static struct {
    const char *at;
    const char *text;
} arguments[GIVEN_MAX];
static size_t arguments_len;

/* Whether a comma goes before the next name or value. */
static bool comma;

static void *keep_with(size_t size, tg_secret *secret) {
    kept *new_one = calloc(1, sizeof *new_one + size + 1);
    if (new_one == NULL) abort();
    new_one->next = all_kept;
    new_one->secret = secret;
    all_kept = new_one;
    return new_one->memory;
}

void *keep(size_t size) { return keep_with(size, NULL); }

static void let_all_go(void) {
    while (all_kept != NULL) {
        kept *next = all_kept->next;
        tg_secret_free(all_kept->secret);
        free(all_kept);
        all_kept = next;
    }
    arguments_len = 0;
}

void give_up(const char *at) {
    fprintf(stderr, "the plan cannot be read: %s\n", at);
    exit(2);
}

static const char *find(const char *at) {
    size_t i;
    for (i = 0; i < arguments_len; i++) {
        if (strcmp(arguments[i].at, at) == 0) return arguments[i].text;
    }
    return NULL;
}

const char *given(const char *at, const char *name) {
    size_t size = strlen(at) + strlen(name) + 2;
    char *place = keep(size);
    snprintf(place, size, "%s%s%s", at, at[0] == '\0' ? "" : ".", name);
    return find(place) == NULL ? NULL : place;
}

const char *item_at(const char *at, size_t number) {
    char name[32];
    const char *place;
    snprintf(name, sizeof name, "%zu", number);
    place = given(at, name);
    if (place == NULL) give_up(at);
    return place;
}

const char *hear_text(const char *at) { return find(at); }

int64_t hear_integer(const char *at) {
    char *end;
    long long value;
    errno = 0;
    value = strtoll(find(at), &end, 10);
    if (errno != 0 || *end != '\0') give_up(at);
    return value;
}

uint64_t hear_natural(const char *at) {
    char *end;
    unsigned long long value;
    errno = 0;
    value = strtoull(find(at), &end, 10);
    if (errno != 0 || *end != '\0') give_up(at);
    return value;
}

bool hear_flag(const char *at) {
    const char *text = find(at);
    if (strcmp(text, "true") == 0) return true;
    if (strcmp(text, "false") == 0) return false;
    give_up(at);
}

const tg_secret *hear_secret(const char *at) {
    tg_secret *secret = NULL;
    if (tg_secret_new(find(at), &secret, NULL) != TG_OK) give_up(at);
    keep_with(0, secret);
    return secret;
}

tg_open hear_open(const char *at) {
    /* Without a tag, the text alone tells which value it is. */
    tg_open value = {0, NULL};
    value.text = find(at);
    return value;
}

tg_pair hear_pair(const char *at) {
    tg_pair pair = {NULL, NULL};
    HEAR(pair.key, at, "key", hear_text);
    HEAR(pair.value, at, "value", hear_text);
    return pair;
}

const uint8_t *hear_bytes(const char *at, size_t *length) {
    const char *text = find(at);
    size_t i, count = strlen(text) / 2;
    uint8_t *bytes = keep(count);
    for (i = 0; i < count; i++) {
        unsigned value;
        if (sscanf(text + 2 * i, "%2x", &value) != 1) give_up(at);
        bytes[i] = (uint8_t)value;
    }
    *length = count;
    return bytes;
}

static void next(void) {
    if (comma) putchar(',');
    comma = true;
}

void tell_begin(char bracket) {
    next();
    putchar(bracket);
    comma = false;
}

void tell_end(char bracket) {
    putchar(bracket);
    comma = true;
}

static void tell_quoted(const char *text) {
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < 0x20)
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

void tell_name(const char *name) {
    next();
    tell_quoted(name);
    putchar(':');
    comma = false;
}

void tell_text(const char *text) {
    next();
    if (text == NULL)
        fputs("null", stdout);
    else
        tell_quoted(text);
}

void tell_integer(int64_t value) {
    next();
    printf("%" PRId64, value);
}

void tell_natural(uint64_t value) {
    next();
    printf("%" PRIu64, value);
}

void tell_flag(bool value) {
    next();
    fputs(value ? "true" : "false", stdout);
}

void tell_secret(const tg_secret *secret) {
    char *text = NULL;
    if (secret != NULL && tg_secret_reveal(secret, &text, NULL) != TG_OK) give_up("a secret cannot be revealed");
    tell_text(text);
    tg_string_free(text);
}

void tell_open(tg_open value) { tell_text(value.text); }

void tell_pairs(const tg_pair *items, size_t length, bool maybe_absent) {
    size_t i;
    if (maybe_absent && items == NULL) {
        tell_text(NULL);
        return;
    }
    tell_begin('{');
    for (i = 0; i < length; i++) {
        tell_name(items[i].key);
        tell_text(items[i].value);
    }
    tell_end('}');
}

void tell_bytes(const uint8_t *data, size_t length, bool maybe_absent) {
    size_t i;
    next();
    if (maybe_absent && data == NULL) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    for (i = 0; i < length; i++) printf("%02x", data[i]);
    putchar('"');
}

/* What was not returned. */
static void tell_failure(tg_error *error) {
    fputs("null,\"error\":", stdout);
    comma = false;
    tell_error(error);
    tg_error_free(error);
}

static client *client_called(const char *name) {
    size_t i;
    for (i = 0; i < clients_len; i++) {
        if (strcmp(clients[i].name, name) == 0) return &clients[i];
    }
    give_up(name);
}

static void make(const char *name, const char *object, const void *handle, const char *constructor) {
    const maker *one;
    for (one = MAKERS; one->object != NULL; one++) {
        if (strcmp(one->object, object) == 0 && strcmp(one->name, constructor) == 0) {
            tg_error *error = NULL;
            client *made = &clients[clients_len];
            if (clients_len == CLIENTS_MAX) give_up("too many clients");
            snprintf(made->name, sizeof made->name, "%s", name);
            snprintf(made->object, sizeof made->object, "%s", object);
            fputs("{\"returned\":", stdout);
            if (one->make(handle, &made->handle, &error) == TG_OK) {
                clients_len++;
                fputs("null", stdout);
            } else {
                tell_failure(error);
            }
            putchar('}');
            return;
        }
    }
    fputs("{\"missing\":true}", stdout);
}

static void call(const char *name, const char *called) {
    const client *callee = client_called(name);
    const method *one;
    for (one = METHODS; one->object != NULL; one++) {
        if (strcmp(one->object, callee->object) == 0 && strcmp(one->name, called) == 0) {
            tg_error *error = NULL;
            fputs("{\"returned\":", stdout);
            comma = false;
            if (one->call(callee->handle, &error) != TG_OK) tell_failure(error);
            putchar('}');
            return;
        }
    }
    fputs("{\"missing\":true}", stdout);
}

/* Undoes \n, \r and \\ in place. */
static void unescape(char *text) {
    char *to = text;
    for (; *text != '\0'; text++) {
        if (*text != '\\') {
            *to++ = *text;
            continue;
        }
        text++;
        if (*text == '\0') give_up("a line ends with a backslash");
        *to++ = *text == 'n' ? '\n' : *text == 'r' ? '\r' : *text;
    }
    *to = '\0';
}

int main(void) {
    char words[4][64];
    int count = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *end = strchr(line, '\n'), *equals;
        if (end == NULL) give_up("a line is too long");
        *end = '\0';
        if (count == 0) {
            count = sscanf(line, "%63s %63s %63s %63s", words[0], words[1], words[2], words[3]);
            if (count < 3) give_up(line);
        } else if (strcmp(line, "end") == 0) {
            comma = false;
            if (strcmp(words[0], "make") == 0 && count == 4)
                make(words[1], words[2], NULL, words[3]);
            else if (strcmp(words[0], "derive") == 0 && count == 4)
                make(words[1], client_called(words[2])->object, client_called(words[2])->handle, words[3]);
            else if (strcmp(words[0], "call") == 0 && count == 3)
                call(words[1], words[2]);
            else
                give_up(words[0]);
            putchar('\n');
            fflush(stdout);
            let_all_go();
            count = 0;
        } else {
            char *kept_line = keep(strlen(line));
            strcpy(kept_line, line);
            equals = strchr(kept_line, '=');
            if (equals == NULL || arguments_len == GIVEN_MAX) give_up(line);
            *equals = '\0';
            unescape(equals + 1);
            arguments[arguments_len].at = kept_line;
            arguments[arguments_len].text = equals + 1;
            arguments_len++;
        }
    }
    while (clients_len > 0) {
        clients_len--;
        let_go(clients[clients_len].object, clients[clients_len].handle);
    }
    return 0;
}
