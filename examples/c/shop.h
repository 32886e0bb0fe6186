/*
 * What the examples share: the shop's own part. How it opens its till, where it saves ids, and what it says at the counter.
 * A real till has a key store and a database where this has files. Include it first: it asks POSIX for fsync.
 *
 * Everything that is returned is freed, once, at the end of the function that asked for it: freeing NULL does nothing.
 */
#ifndef SHOP_H
#define SHOP_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tillgate.h"

#define PATH_SIZE_MAX 1024
#define ID_SIZE_MAX 64

/* What every example is told: by default the sandbox's. */
typedef struct {
    const char *url;
    const char *user;
    const char *password;
    const char *journal;
} arguments;

/* Ends the program when it was compiled for another version of the library. */
static inline arguments arguments_of(int argc, char **argv)
{
    arguments told;

    told.url = argc > 1 ? argv[1] : "http://127.0.0.1:8765/openapi/prod/v5.2.3";
    told.user = argc > 2 ? argv[2] : "till";
    /* A real till takes the password from its key store: others on this machine can see a command line. */
    told.password = argc > 3 ? argv[3] : "secret";
    told.journal = argc > 4 ? argv[4] : "journal";
    if (tg_abi_version() != TG_ABI_VERSION || strlen(told.journal) + 32 > PATH_SIZE_MAX) {
        fprintf(stderr, "another version of the library than of the header, or a path that is too long\n");
        exit(EXIT_FAILURE);
    }
    return told;
}

/* Says what went wrong. The text also says what happened to the money and what to do now. */
static inline bool failed(int32_t status, tg_error **error)
{
    if (status == TG_OK) {
        return false;
    }
    fprintf(stderr, "%s\n", *error != NULL ? (*error)->text : "no memory is left");
    tg_error_free(*error);
    *error = NULL;
    return true;
}

/* The name of a file beside the journal. */
static inline const char *beside(char *path, const char *journal, const char *ending)
{
    snprintf(path, PATH_SIZE_MAX, "%s%s", journal, ending);
    return path;
}

/* The new name of a file is on the disk once its folder is. */
static inline bool flush_folder_of(const char *path)
{
    char folder[PATH_SIZE_MAX];
    char *slash;
    int file;
    bool flushed;

    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof folder, ".");
    } else {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    file = open(folder, O_RDONLY);
    flushed = file >= 0 && fsync(file) == 0;
    if (file >= 0) {
        close(file);
    }
    return flushed;
}

/* Writes a file whole or not at all, and onto the disk. */
static inline bool save(const char *path, const char *text)
{
    char new_path[PATH_SIZE_MAX + 8];
    FILE *file;
    bool written;

    snprintf(new_path, sizeof new_path, "%s.new", path);
    file = fopen(new_path, "w");
    if (file == NULL) {
        perror(new_path);
        return false;
    }
    written = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    written = fclose(file) == 0 && written && rename(new_path, path) == 0 && flush_folder_of(path);
    if (!written) {
        perror(path);
    }
    return written;
}

/* Reads a file of one short line. An empty text when there is no file; false when there is one and it cannot be read. */
static inline bool load(const char *path, char *text, size_t text_size)
{
    FILE *file = fopen(path, "r");
    bool read;

    text[0] = '\0';
    if (file == NULL) {
        if (errno != ENOENT) {
            perror(path);
        }
        return errno == ENOENT;
    }
    read = fgets(text, (int)text_size, file) != NULL;
    if (!read) {
        fprintf(stderr, "%s cannot be read\n", path);
    }
    fclose(file);
    return read;
}

/* The id of the sale that was begun, or a new one: saved before anything is bought, since a new id for an old sale would buy a
 * second time. False when there is a sale and its id cannot be read. */
static inline bool id_of_sale(const char *path, char *id, size_t id_size)
{
    char *new_id = NULL;
    tg_error *error = NULL;
    bool saved;

    if (!load(path, id, id_size)) {
        return false;
    }
    if (id[0] != '\0') {
        printf("going on with %s\n", id);
        return true;
    }
    saved = !failed(tg_new_id(&new_id, &error), &error) && save(path, new_id);
    if (saved) {
        snprintf(id, id_size, "%s", new_id);
        printf("a new sale, %s\n", id);
    }
    tg_string_free(new_id);
    return saved;
}

/*
 * The key that encrypts vouchers, and the name under which the journal knows it. They lie beside the journal for the sake of
 * the examples alone: a real till keeps the key where passwords are kept, and a copy elsewhere.
 */
static inline tg_secret *key_of(const char *journal, char *name, size_t name_size)
{
    char path[PATH_SIZE_MAX], text[256];
    char *revealed = NULL, *blank;
    tg_secret *key = NULL;
    tg_error *error = NULL;

    if (!load(beside(path, journal, ".key"), text, sizeof text)) {
        return NULL;
    }
    if (text[0] == '\0') {
        snprintf(name, name_size, "first");
        if (failed(tg_new_journal_key(&key, &error), &error) ||
            failed(tg_secret_reveal(key, &revealed, &error), &error) ||
            snprintf(text, sizeof text, "first %s", revealed) < 0 || !save(path, text)) {
            tg_secret_free(key);
            key = NULL;
        }
        tg_string_free(revealed);
        return key;
    }
    blank = strchr(text, ' ');
    if (blank == NULL) {
        fprintf(stderr, "%s is not NAME KEY\n", path);
        return NULL;
    }
    *blank = '\0';
    snprintf(name, name_size, "%s", text);
    return failed(tg_secret_new(blank + 1, &key, &error), &error) ? NULL : key;
}

static inline tg_cysend_client *new_client(const arguments *told)
{
    tg_cysend_credentials credentials;
    tg_cysend_config config;
    tg_secret *password = NULL;
    tg_cysend_client *client = NULL;
    tg_error *error = NULL;

    if (failed(tg_secret_new(told->password, &password, &error), &error)) {
        return NULL;
    }
    tg_cysend_credentials_init(&credentials, sizeof credentials);
    credentials.user = told->user;
    credentials.password = password;
    tg_cysend_config_init(&config, sizeof config);
    config.credentials = &credentials;
    config.base_url = told->url;
    failed(tg_cysend_client_new(&config, &client, &error), &error);
    tg_secret_free(password);
    return client;
}

/* Closing waits for what is on its way; what is still open is looked up when the till is opened again. */
static inline void close_till(tg_till *till)
{
    tg_error *error = NULL;

    if (till != NULL) {
        failed(tg_till_close(till, &error), &error);
    }
    tg_till_free(till);
}

/* sample: open */
static inline tg_till *open_till(const arguments *told)
{
    char key_name[64];
    tg_till_config config;
    tg_journal_key journal_key;
    tg_cysend_account account;
    tg_secret *key = key_of(told->journal, key_name, sizeof key_name);
    tg_cysend_client *client = new_client(told);
    tg_till *till = NULL;
    tg_error *error = NULL;
    bool opened;

    tg_journal_key_init(&journal_key, sizeof journal_key);
    journal_key.id = key_name;
    journal_key.key = key;
    tg_till_config_init(&config, sizeof config);
    config.journal_path = told->journal;
    /* Makes the journal of a new till. A till that has sold before leaves it off: then a journal that is gone is an error, and
     * not a till that has forgotten its orders. */
    config.create = true;
    config.key = &journal_key;
    tg_cysend_account_init(&account, sizeof account);
    account.client = client;
    opened = key != NULL && client != NULL && !failed(tg_till_open(&config, &till, &error), &error) &&
             !failed(tg_till_attach_cysend(till, &account, &error), &error);
    /* The till has its own hold on the client, and on the key. */
    tg_cysend_client_free(client);
    tg_secret_free(key);
    if (!opened) {
        close_till(till);
        till = NULL;
    }
    return till;
}
/* sample ends */

static inline bool is_settled(const tg_order *order)
{
    switch (order->state) {
    case TG_ORDER_STATE_PENDING:
    case TG_ORDER_STATE_SENDING:
    case TG_ORDER_STATE_UNKNOWN:
    case TG_ORDER_STATE_ACCEPTED:
        return false;
    default:
        return true;
    }
}

/* Why a person must decide. */
static inline const char *why_in_review(const tg_order *order)
{
    switch (order->review) {
    case TG_REVIEW_REASON_FOREIGN_ORDER:
        return "the gateway has another order under this id";
    case TG_REVIEW_REASON_SEVERAL_RECORDS:
        return "the gateway has it more than once";
    case TG_REVIEW_REASON_ABSENCE_UNPROVED:
        return "the gateway does not have it, which was not to be taken for proof";
    default: /* of other gateways, or of a newer version */
        return "see its history";
    }
}

/* What to say at the counter. */
static inline void print_in_words(const tg_order *order)
{
    switch (order->state) {
    case TG_ORDER_STATE_SUCCEEDED:
        printf("Done: %s %s of %s.\n", order->amount->amount, order->amount->currency, order->product);
        break;
    case TG_ORDER_STATE_FAILED:
        printf("Not done (%s). Give the money back, or sell again: a new sale has a new id.\n",
               order->response_text != NULL ? order->response_text : order->failure.text);
        break;
    case TG_ORDER_STATE_CANCELLED:
    case TG_ORDER_STATE_EXPIRED:
        printf("Never sent. Give the money back, or sell again: a new sale has a new id.\n");
        break;
    case TG_ORDER_STATE_REVERSED:
        printf("Done and undone again. Give the money back.\n");
        break;
    case TG_ORDER_STATE_NEEDS_REVIEW:
        printf("A person must look at order %s (%s): ask the gateway, then call tg_till_resolve. Do not sell it again.\n",
               order->id, why_in_review(order));
        break;
    default: /* pending, sending, unknown, accepted */
        printf("Not certain yet. Do not sell again and do not give the money back: wait, it is being looked up.\n");
        break;
    }
}

/* Buys 10 CHF for a mobile number. The result is freed with tg_order_free; NULL when nothing certain can be said. */
static inline tg_order *buy_top_up(const tg_till *till, const char *id, const char *callback_url)
{
    tg_beneficiary_field mobile;
    const tg_beneficiary_field *beneficiary[1];
    tg_money amount;
    tg_new_order new_order;
    tg_order *order = NULL;
    tg_error *error = NULL;

    tg_beneficiary_field_init(&mobile, sizeof mobile);
    mobile.name = "mobile";
    mobile.value = "+41791234567";
    beneficiary[0] = &mobile;
    tg_money_init(&amount, sizeof amount);
    amount.amount = "10"; /* exact, so a text */
    amount.currency = "CHF";
    tg_new_order_init(&new_order, sizeof new_order);
    new_order.id = id;
    new_order.product = "1111"; /* the catalogue's number of this face value */
    new_order.amount = &amount;
    new_order.scenario = "simulate-success"; /* live debits the account; there is no default */
    new_order.beneficiary = beneficiary;
    new_order.beneficiary_len = 1;
    new_order.callback_url = callback_url; /* NULL where the gateway has nobody to call */
    failed(tg_till_buy(till, &new_order, &order, &error), &error);
    return order;
}

#endif
