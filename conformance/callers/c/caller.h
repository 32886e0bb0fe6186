/*
 * What the generated calls stand on: a plan is heard line by line, and what came of each call is told as a line of JSON.
 *
 * The program has one thread and makes one call at a time, so the plan and the output are its globals.
 */

#ifndef CALLER_H
#define CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tillgate.h"

/* Memory until the end of the call, all zero. */
void *keep(size_t size);

/* Ends the program, since the plan cannot be read at this place. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void give_up(const char *at);

/* Where `name` stands below `at`, if it was given; NULL if not. `at` is empty for arguments. */
const char *given(const char *at, const char *name);
/* Where the item of the list at `at` stands. */
const char *item_at(const char *at, size_t number);

const char *hear_text(const char *at);
int64_t hear_integer(const char *at);
uint64_t hear_natural(const char *at);
bool hear_flag(const char *at);
const tg_secret *hear_secret(const char *at);
tg_open hear_open(const char *at);
tg_pair hear_pair(const char *at);
const uint8_t *hear_bytes(const char *at, size_t *length);

/* The JSON of what came: names and values in turn, between a beginning and an end. A NULL is told as null. */
void tell_begin(char bracket);
void tell_end(char bracket);
void tell_name(const char *name);
void tell_text(const char *text);
void tell_integer(int64_t value);
void tell_natural(uint64_t value);
void tell_flag(bool value);
void tell_secret(const tg_secret *secret);
void tell_open(tg_open value);
void tell_pairs(const tg_pair *items, size_t length, bool maybe_absent);
void tell_bytes(const uint8_t *data, size_t length, bool maybe_absent);

/* Generated: the error, and every call by its name. The lists end with an entry of NULLs. */
void tell_error(const tg_error *error);
void let_go(const char *object, void *handle);

/* A constructor, which needs no handle, or a method that returns another client of its kind. */
typedef struct {
    const char *object;
    const char *name;
    int32_t (*make)(const void *handle, void **made, tg_error **error);
} maker;

typedef struct {
    const char *object;
    const char *name;
    int32_t (*call)(const void *handle, tg_error **error);
} method;

extern const maker MAKERS[];
extern const method METHODS[];

#define HEAR(to, at, name, hear)                  \
    do {                                          \
        const char *place_ = given(at, name);     \
        if (place_ != NULL) (to) = (hear)(place_); \
    } while (0)

#define HEAR_FLAGGED(flag, to, at, name, hear) \
    do {                                       \
        const char *place_ = given(at, name);  \
        if (place_ != NULL) {                  \
            (flag) = true;                     \
            (to) = (hear)(place_);             \
        }                                      \
    } while (0)

#define HEAR_LIST(items, length, at, name, type, hear)                       \
    do {                                                                     \
        const char *place_ = given(at, name);                                \
        if (place_ != NULL) {                                                \
            size_t count_ = (size_t)hear_natural(place_), i_;                \
            type *kept_ = keep(count_ * sizeof *kept_);                      \
            for (i_ = 0; i_ < count_; i_++) kept_[i_] = (hear)(item_at(place_, i_)); \
            (items) = kept_;                                                 \
            (length) = count_;                                               \
        }                                                                    \
    } while (0)

#define HEAR_BYTES(data, length, at, name)                               \
    do {                                                                 \
        const char *place_ = given(at, name);                            \
        if (place_ != NULL) (data) = hear_bytes(place_, &(length));      \
    } while (0)

#define TELL_FLAGGED(flag, value, tell) \
    do {                                \
        if (flag)                       \
            (tell)(value);              \
        else                            \
            tell_text(NULL);            \
    } while (0)

#define TELL_LIST(items, length, maybe_absent, tell)                \
    do {                                                            \
        size_t i_;                                                  \
        if ((maybe_absent) && (items) == NULL) {                    \
            tell_text(NULL);                                        \
            break;                                                  \
        }                                                           \
        tell_begin('[');                                            \
        for (i_ = 0; i_ < (length); i_++) (tell)((items)[i_]);      \
        tell_end(']');                                              \
    } while (0)

#endif
