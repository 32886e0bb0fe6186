/* Makes the calls that standard input asks for, and prints what came of each as a line of JSON: see conformance/README.md. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tillgate.h"

#define OBJECTS_MAX 64
#define GIVEN_MAX 4096
#define LINE_SIZE_MAX (4 << 20)
#define KEPT_MAX (1 << 18)

/* A constructor, a method or a function. What makes an object hands it over; what does not tells what it returned. */
typedef struct {
    const char *object, *name, *makes;
    int32_t (*call)(const void *handle, void **made, tg_error **error);
} callable;
static struct {
    char name[64];
    const char *class;
    void *handle;
} objects[OBJECTS_MAX];

/* All that lives as long as one call: places and texts, secrets, and memory for arguments. */
static const char *places[GIVEN_MAX], *texts[GIVEN_MAX];
static tg_secret *secrets[GIVEN_MAX];
static void *kept[KEPT_MAX];
static size_t given_len, secrets_len, kept_len;
static char line[LINE_SIZE_MAX];
static bool comma; /* goes before the next name or value */

static void give_up(const char *at)
{
    fprintf(stderr, "this cannot be read: %s\n", at);
    exit(2);
}

static void *keep(size_t size)
{
    if (kept_len == KEPT_MAX) give_up("too much for one call");
    return kept[kept_len++] = calloc(1, size + 1);
}

static const char *hear_text(const char *at)
{
    size_t i = 0;
    while (i < given_len && strcmp(places[i], at) != 0) i++;
    return i < given_len ? texts[i] : NULL;
}

/* The place of a name below another one, if something was given there; arguments stand below "". */
static const char *given(const char *at, const char *name)
{
    size_t size = strlen(at) + strlen(name) + 2;
    char *place = keep(size);
    snprintf(place, size, "%s%s%s", at, at[0] == '\0' ? "" : ".", name);
    return hear_text(place) == NULL ? NULL : place;
}

static const char *item_at(const char *at, size_t number)
{
    char name[32];
    return snprintf(name, sizeof name, "%zu", number), given(at, name);
}

static int64_t hear_integer(const char *at) { return strtoll(hear_text(at), NULL, 10); }
static uint64_t hear_natural(const char *at) { return strtoull(hear_text(at), NULL, 10); }
static bool hear_flag(const char *at) { return strcmp(hear_text(at), "true") == 0; }
static tg_open hear_open(const char *at) { return (tg_open){0, hear_text(at)}; }

static const tg_secret *hear_secret(const char *at)
{
    if (tg_secret_new(hear_text(at), &secrets[secrets_len], NULL) != TG_OK) give_up(at);
    return secrets[secrets_len++];
}

static const uint8_t *hear_bytes(const char *at, size_t *length)
{
    const char *text = hear_text(at);
    uint8_t *bytes = keep(strlen(text) / 2);
    for (*length = 0; sscanf(text + 2 * *length, "%2hhx", &bytes[*length]) == 1; ++*length) continue;
    return bytes;
}

/* The number of the object of this name, or of a free place. */
static size_t object_called(const char *name)
{
    size_t i = 0;
    while (i < OBJECTS_MAX && strcmp(objects[i].name, name) != 0) i++;
    if (i == OBJECTS_MAX) give_up(name);
    return i;
}

static const void *hear_object(const char *at) { return objects[object_called(hear_text(at))].handle; }
static void tell(const char *json) { printf("%s%s", comma ? "," : "", json), comma = true; }
static void tell_begin(char bracket) { tell(bracket == '{' ? "{" : "["), comma = false; }
static void tell_end(char bracket) { putchar(bracket), comma = true; }
static void tell_integer(int64_t value) { tell(""), printf("%" PRId64, value); }
static void tell_natural(uint64_t value) { tell(""), printf("%" PRIu64, value); }
static void tell_flag(bool value) { tell(value ? "true" : "false"); }

static void tell_text(const char *text)
{
    tell(text == NULL ? "null" : "\"");
    for (; text != NULL && *text != '\0'; text++) {
        printf((unsigned char)*text < 0x20 || strchr("\"\\", *text) ? "\\u%04x" : "%c", (unsigned char)*text);
    }
    if (text != NULL) putchar('"');
}

static void tell_name(const char *name) { tell_text(name), putchar(':'), comma = false; }
static void tell_open(tg_open value) { tell_text(value.text); }
static void tell_secret(const tg_secret *secret)
{
    char *text = NULL;
    if (secret != NULL && tg_secret_reveal(secret, &text, NULL) != TG_OK) give_up("a secret");
    tell_text(text);
    tg_string_free(text);
}

static void tell_bytes(const uint8_t *data, size_t length)
{
    tell("\"");
    while (length-- > 0) printf("%02x", *data++);
    putchar('"');
}

#include "generated/calls.h"

/* Calls a constructor of this class, or a method of this object, and keeps what it makes under a name. */
static void call(const char *class, const void *handle, const char *name, const char *kept_as)
{
    const callable *one = CALLS;
    tg_error *error = NULL;
    void *made = NULL;
    while (one->object != NULL && (strcmp(one->object, class) != 0 || strcmp(one->name, name) != 0)) one++;
    if (one->object == NULL || (one->makes != NULL) != (kept_as != NULL)) {
        fputs("{\"missing\":true", stdout);
    } else if (fputs("{\"returned\":", stdout), comma = false, one->call(handle, &made, &error) != TG_OK) {
        fputs("null,\"error\":", stdout);
        tell_error(error);
    } else if (kept_as != NULL) {
        size_t i = object_called("");
        snprintf(objects[i].name, sizeof objects[i].name, "%s", kept_as);
        objects[i].class = one->makes, objects[i].handle = made;
        fputs("null", stdout);
    }
    puts("}");
    tg_error_free(error);
}

static void drop(size_t i)
{
    if (objects[i].handle != NULL) let_go(objects[i].class, objects[i].handle);
    memset(&objects[i], 0, sizeof objects[i]);
}

static void carry_out(const char *head)
{
    char verb[64], one[64], two[64], three[64];
    int count = sscanf(head, "%63s %63s %63s %63s", verb, one, two, three);
    size_t of = object_called(verb[0] == 'm' || one[0] == '-' ? "" : verb[0] == 'd' && count == 4 ? two : one);
    if (strcmp(verb, "make") == 0) call(two, NULL, three, one);
    if (strcmp(verb, "derive") == 0) call(objects[of].class, objects[of].handle, three, one);
    if (strcmp(verb, "call") == 0) call(one[0] == '-' ? "-" : objects[of].class, objects[of].handle, two, NULL);
    if (strcmp(verb, "drop") == 0) drop(of), puts("{\"returned\":null}");
}

/* Undoes \n, \r and \\ in place. */
static const char *unescaped(char *text)
{
    char *from = text, *to = text;
    for (; *from != '\0'; from++) *to++ = *from != '\\' ? *from : *++from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
    return *to = '\0', text;
}

int main(void)
{
    const char *head = NULL;
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *text = strcpy(keep(strlen(line)), line), *equals = strchr(text, '=');
        text[strcspn(text, "\n")] = '\0';
        if (head == NULL) {
            head = text;
        } else if (equals != NULL && given_len < GIVEN_MAX) {
            *equals = '\0';
            places[given_len] = text, texts[given_len++] = unescaped(equals + 1);
        } else {
            carry_out(head);
            fflush(stdout);
            while (secrets_len > 0) tg_secret_free(secrets[--secrets_len]);
            while (kept_len > 0) free(kept[--kept_len]);
            head = NULL, given_len = 0;
        }
    }
    for (size_t i = 0; i < OBJECTS_MAX; i++) drop(i);
    return 0;
}
