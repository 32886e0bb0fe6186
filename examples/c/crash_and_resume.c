/*
 * Sells one top-up of 10 CHF, whatever happens to this program on the way.
 *
 *     ./crash_and_resume [URL [USER [PASSWORD [JOURNAL]]]]
 *
 * Kill it at any moment and run it again: it goes on with the sale that it finds, and never buys a second time. Without
 * arguments it sells at the sandbox: cargo run -p tillgate-sandbox -- --port 8765
 *
 * Everything that is returned is freed, once, at the end of the function that asked for it: freeing NULL does nothing.
 */
#define _POSIX_C_SOURCE 200809L /* fsync */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tillgate.h"

#define PATH_SIZE_MAX 1024
/* Twenty minutes in all. */
#define WAITS_MAX 120
#define WAIT_MS 10000

/* Says what went wrong. The text also says what happened to the money and what to do now. */
static bool failed(int32_t status, tg_error **error)
{
    if (status == TG_OK) {
        return false;
    }
    fprintf(stderr, "%s\n", *error != NULL ? (*error)->text : "no memory is left");
    tg_error_free(*error);
    *error = NULL;
    return true;
}

/* Writes a file whole or not at all, and onto the disk. A till has a database for this. */
static bool save(const char *path, const char *text)
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
    written = fclose(file) == 0 && written && rename(new_path, path) == 0;
    if (!written) {
        perror(path);
    }
    return written;
}

/* Reads a file of one short line; false when there is none. */
static bool load(const char *path, char *text, size_t text_size)
{
    FILE *file = fopen(path, "r");
    bool read;

    if (file == NULL) {
        return false;
    }
    read = fgets(text, (int)text_size, file) != NULL;
    fclose(file);
    return read;
}

/*
 * The key that encrypts vouchers. It lies beside the journal for the sake of the example alone: a real till keeps it where
 * passwords are kept, and a copy elsewhere.
 */
static tg_secret *key_of(const char *journal)
{
    char path[PATH_SIZE_MAX], text[128];
    char *revealed = NULL;
    tg_secret *key = NULL;
    tg_error *error = NULL;

    snprintf(path, sizeof path, "%s.key", journal);
    if (load(path, text, sizeof text)) {
        return failed(tg_secret_new(text, &key, &error), &error) ? NULL : key;
    }
    if (failed(tg_new_journal_key(&key, &error), &error) ||
        failed(tg_secret_reveal(key, &revealed, &error), &error) || !save(path, revealed)) {
        tg_secret_free(key);
        key = NULL;
    }
    tg_string_free(revealed);
    return key;
}

static tg_till *open_till(const char *journal)
{
    tg_till_config config;
    tg_journal_key journal_key;
    tg_secret *key = key_of(journal);
    tg_till *till = NULL;
    tg_error *error = NULL;

    if (key == NULL) {
        return NULL;
    }
    tg_journal_key_init(&journal_key, sizeof journal_key);
    journal_key.id = "first";
    journal_key.key = key;
    tg_till_config_init(&config, sizeof config);
    config.journal_path = journal;
    /* Makes the journal of a new till. A till that has sold before leaves it off: then a journal that is gone is an error, and
     * not a till that has forgotten its orders. */
    config.create = true;
    config.key = &journal_key;
    failed(tg_till_open(&config, &till, &error), &error);
    tg_secret_free(key);
    return till;
}

static bool attach(const tg_till *till, const char *url, const char *user, const char *password)
{
    tg_cysend_credentials credentials;
    tg_cysend_config config;
    tg_cysend_account account;
    tg_secret *secret = NULL;
    tg_cysend_client *client = NULL;
    tg_error *error = NULL;
    bool attached;

    if (failed(tg_secret_new(password, &secret, &error), &error)) {
        return false;
    }
    tg_cysend_credentials_init(&credentials, sizeof credentials);
    credentials.user = user;
    credentials.password = secret;
    tg_cysend_config_init(&config, sizeof config);
    config.credentials = &credentials;
    config.base_url = url;
    attached = !failed(tg_cysend_client_new(&config, &client, &error), &error);
    if (attached) {
        tg_cysend_account_init(&account, sizeof account);
        account.client = client;
        attached = !failed(tg_till_attach_cysend(till, &account, &error), &error);
    }
    /* The till has its own hold on the client. */
    tg_cysend_client_free(client);
    tg_secret_free(secret);
    return attached;
}

/* Buys 10 CHF for a mobile number. The result is freed with tg_order_free. */
static tg_order *buy(const tg_till *till, const char *id)
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
    failed(tg_till_buy(till, &new_order, &order, &error), &error);
    return order;
}

/* What to say at the counter. */
static void print_in_words(const tg_order *order)
{
    switch (order->state) {
    case TG_ORDER_STATE_SUCCEEDED:
        printf("Done: the top-up is on its way to %s.\n", order->beneficiary[0]->value);
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
        printf("A person must look at order %s: ask the gateway, then call tg_till_resolve. Do not sell it again.\n",
               order->id);
        break;
    default: /* pending, sending, unknown, accepted */
        printf("Not certain yet. Do not sell again and do not give the money back: wait, it is being looked up.\n");
        break;
    }
}

static bool is_settled(const tg_order *order)
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

/* The state of the order at its end, or where it stands after twenty minutes; 0 if nothing can be said. */
static int32_t sell(const tg_till *till, const char *id)
{
    tg_order *order, *later = NULL;
    tg_error *error = NULL;
    int32_t state = 0;
    int wait;

    /* The same id with the same request: an order that was placed before comes back as it is, and is not sent again. */
    order = buy(till, id);
    /* If the program died at a bad moment and the gateway never got the order, it takes a quarter of an hour of asking until
     * that is certain. So wait for longer than that, and tell the people at the counter. */
    for (wait = 0; order != NULL && !is_settled(order) && wait < WAITS_MAX; wait++) {
        printf("%s is in state %d\n", id, (int)order->state);
        fflush(stdout);
        if (failed(tg_till_wait(till, id, WAIT_MS, &later, &error), &error)) {
            break;
        }
        tg_order_free(order);
        order = later;
    }
    if (order != NULL) {
        print_in_words(order);
        state = order->state;
    }
    tg_order_free(order);
    return state;
}

/* The id of the sale that was begun, or of a new one; an empty text if there is none. The file stays until the customer has
 * the goods or the money; then it makes room for the next sale. */
static void id_of_sale(const char *path, char *id, size_t id_size)
{
    char *new_id = NULL;
    tg_error *error = NULL;

    id[0] = '\0';
    errno = 0;
    if (load(path, id, id_size)) {
        printf("going on with %s\n", id);
        return;
    }
    if (errno != ENOENT) {
        /* There is a sale, and its id cannot be read: that is no reason to begin another. */
        perror(path);
        return;
    }
    /* Saved before anything is bought. A new id for an old sale would buy a second time. */
    if (!failed(tg_new_id(&new_id, &error), &error) && save(path, new_id)) {
        snprintf(id, id_size, "%s", new_id);
        printf("a new sale, %s\n", id);
    }
    tg_string_free(new_id);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "http://127.0.0.1:8765/openapi/prod/v5.2.3";
    const char *user = argc > 2 ? argv[2] : "till";
    /* A real till takes the password from its key store: others on this machine can see a command line. */
    const char *password = argc > 3 ? argv[3] : "secret";
    const char *journal = argc > 4 ? argv[4] : "journal";
    char sale[PATH_SIZE_MAX], id[64];
    tg_till *till = NULL;
    tg_error *error = NULL;
    int32_t state = 0;

    if (tg_abi_version() != TG_ABI_VERSION || strlen(journal) + sizeof ".unfinished" > PATH_SIZE_MAX) {
        fprintf(stderr, "another version of the library than of the header, or a path that is too long\n");
        return EXIT_FAILURE;
    }
    snprintf(sale, sizeof sale, "%s.unfinished", journal);
    till = open_till(journal);
    if (till != NULL && attach(till, url, user, password)) {
        id_of_sale(sale, id, sizeof id);
        if (id[0] != '\0') {
            state = sell(till, id);
        }
    }
    /* Closing waits for what is on its way; what is still open is looked up when the till is opened again. */
    if (till != NULL) {
        failed(tg_till_close(till, &error), &error);
    }
    tg_till_free(till);
    return state == TG_ORDER_STATE_SUCCEEDED ? EXIT_SUCCESS : EXIT_FAILURE;
}
