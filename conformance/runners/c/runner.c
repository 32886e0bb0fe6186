/*
 * Carries out a plan of orders (see conformance/README.md): ./runner PLAN
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tillgate.h"

#define LINE_SIZE_MAX 4096
#define WORDS_MAX 8
/* How often `settle` asks, and how long it waits in between, before it gives up. */
#define ROUNDS_MAX 200
#define ROUND_MS 240000
/* How long `enqueue` waits before it looks again whether the order was sent. */
#define SENDING_POLL_MS 20
#define BATCH_MAX 16

static const char *const STATES[] = {"?",      "pending",   "sending", "unknown",  "accepted",    "succeeded",
                                     "failed", "cancelled", "expired", "reversed", "needs_review"};
static const char *const OUTCOMES[] = {"?", "local", "not_sent", "refused", "unknown"};

#define FIGURE(name) {#name, offsetof(tg_order_policy, name)}
static const struct {
    const char *name;
    size_t at;
} FIGURES[] = {FIGURE(submit_within_ms),        FIGURE(look_up_first_ms), FIGURE(look_up_unknown_max_ms),
               FIGURE(look_up_accepted_max_ms), FIGURE(overdue_after_ms), FIGURE(absence_running_ms)};

/* What a plan says before its first step. */
static char journal[LINE_SIZE_MAX], mirror[LINE_SIZE_MAX], url[LINE_SIZE_MAX], user[LINE_SIZE_MAX], key_id[LINE_SIZE_MAX];
static tg_secret *key, *password;
static tg_order_policy policy;

/* Ends a step's line with an error, and frees it. True if there was one. */
static bool failed(int32_t status, tg_error *error)
{
    if (status == TG_OK) {
        return false;
    }
    printf(" error %s %s\n", error ? error->code_name : "no_memory", OUTCOMES[error ? error->outcome : 0]);
    fprintf(stderr, "%s\n", error ? error->text : "no memory is left");
    tg_error_free(error);
    return true;
}

/* 1: it was a setting; 0: it was not; -1: it cannot be read. */
static int take(const char *line, char **words, int count)
{
    tg_error *error = NULL;
    size_t i;

    if (strcmp(words[0], "journal") == 0 && count > 1) {
        strcpy(journal, line + strlen("journal "));
        return 1;
    }
    if (strcmp(words[0], "mirror") == 0 && count > 1) {
        strcpy(mirror, line + strlen("mirror "));
        return 1;
    }
    if (strcmp(words[0], "key") == 0 && count == 3) {
        strcpy(key_id, words[1]);
        return failed(tg_secret_new(words[2], &key, &error), error) ? -1 : 1;
    }
    if (strcmp(words[0], "gateway") == 0 && count == 4) {
        strcpy(url, words[1]);
        strcpy(user, words[2]);
        return failed(tg_secret_new(words[3], &password, &error), error) ? -1 : 1;
    }
    if (strcmp(words[0], "policy") != 0 || count != 3) {
        return 0;
    }
    if (strcmp(words[1], "batch_size_on_wire") == 0) {
        policy.batch_size_on_wire = (uint32_t)strtoul(words[2], NULL, 10);
        return 1;
    }
    for (i = 0; i < sizeof FIGURES / sizeof FIGURES[0]; i++) {
        if (strcmp(words[1], FIGURES[i].name) == 0) {
            *(uint64_t *)((char *)&policy + FIGURES[i].at) = strtoull(words[2], NULL, 10);
            return 1;
        }
    }
    return -1;
}

static tg_till *open_till(void)
{
    tg_cysend_credentials credentials;
    tg_cysend_config gateway;
    tg_cysend_account account;
    tg_cysend_client *client = NULL;
    tg_journal_key journal_key;
    tg_till_config config;
    tg_till *till = NULL;
    tg_error *error = NULL;

    tg_cysend_credentials_init(&credentials, sizeof credentials);
    credentials.user = user;
    credentials.password = password;
    tg_cysend_config_init(&gateway, sizeof gateway);
    gateway.credentials = &credentials;
    gateway.base_url = url;
    tg_journal_key_init(&journal_key, sizeof journal_key);
    journal_key.id = key_id;
    journal_key.key = key;
    tg_till_config_init(&config, sizeof config);
    config.journal_path = journal;
    config.create = true;
    config.key = &journal_key;
    config.epoch_mirror_path = mirror[0] != '\0' ? mirror : NULL;
    config.policy = &policy;
    tg_cysend_account_init(&account, sizeof account);
    printf("open");
    if (!failed(tg_cysend_client_new(&gateway, &client, &error), error) &&
        !failed(tg_till_open(&config, &till, &error), error)) {
        account.client = client;
        if (!failed(tg_till_attach_cysend(till, &account, &error), error)) {
            printf(" ok\n");
            /* Before the first step, so that whoever watches knows how far it came. */
            fflush(stdout);
        } else {
            tg_till_free(till);
            till = NULL;
        }
    }
    tg_cysend_client_free(client);
    return till;
}

/* What is bought, and what that is made of. */
struct purchase {
    tg_beneficiary_field mobile;
    const tg_beneficiary_field *beneficiary[1];
    tg_money amount;
    tg_new_order order;
};

static const tg_new_order *purchase(struct purchase *into, const char *id, char **words)
{
    into->beneficiary[0] = &into->mobile;
    tg_beneficiary_field_init(&into->mobile, sizeof into->mobile);
    into->mobile.name = "mobile";
    into->mobile.value = words[6];
    tg_money_init(&into->amount, sizeof into->amount);
    into->amount.amount = words[3];
    into->amount.currency = words[4];
    tg_new_order_init(&into->order, sizeof into->order);
    into->order.id = id;
    into->order.product = words[2];
    into->order.amount = &into->amount;
    into->order.scenario = words[5];
    into->order.beneficiary = into->beneficiary;
    into->order.beneficiary_len = strcmp(words[6], "-") == 0 ? 0 : 1;
    return &into->order;
}

/* Several orders that differ in their ids alone. */
static int32_t buy_batch(const tg_till *till, char **words, tg_order_list **orders, tg_error **error)
{
    struct purchase purchases[BATCH_MAX];
    const tg_new_order *batch[BATCH_MAX];
    char ids[LINE_SIZE_MAX];
    char *id = ids;
    size_t count = 0;

    strcpy(ids, words[1]);
    while (id != NULL && count < BATCH_MAX) {
        char *comma = strchr(id, ',');

        if (comma != NULL) {
            *comma++ = '\0';
        }
        batch[count] = purchase(&purchases[count], id, words);
        count++;
        id = comma;
    }
    return tg_till_buy_batch(till, batch, count, orders, error);
}

/* Until it was sent in the background, and its outcome written down. */
static int32_t enqueue(const tg_till *till, char **words, tg_order **order, tg_error **error)
{
    struct purchase what;
    int32_t status = tg_till_enqueue(till, purchase(&what, words[1], words), order, error);

    while (status == TG_OK &&
           ((*order)->state == TG_ORDER_STATE_PENDING || (*order)->state == TG_ORDER_STATE_SENDING)) {
        tg_order_free(*order);
        *order = NULL;
        status = tg_till_wait(till, words[1], SENDING_POLL_MS, order, error);
    }
    return status;
}

/* Looks up and waits until the order is final or in review, or for too long. */
static int32_t settle(const tg_till *till, const char *id, tg_order **order, tg_error **error)
{
    int32_t status = tg_till_order(till, id, order, error);
    int round;

    for (round = 0; status == TG_OK && (*order)->state < TG_ORDER_STATE_SUCCEEDED && round < ROUNDS_MAX; round++) {
        tg_order *seen = NULL;
        tg_error *unclear = NULL;

        /* An error means that nothing certain was learnt this time. */
        tg_till_look_up(till, id, &seen, &unclear);
        tg_error_free(unclear);
        tg_order_free(*order);
        *order = seen;
        if (seen == NULL || seen->state < TG_ORDER_STATE_SUCCEEDED) {
            tg_order_free(seen);
            *order = NULL;
            status = tg_till_wait(till, id, ROUND_MS, order, error);
        }
    }
    return status;
}

/* Takes and acknowledges every event. */
static int32_t take_events(const tg_till *till, int *count, tg_error **error)
{
    tg_event_stream *stream = NULL;
    tg_event *event = NULL;
    int32_t status = tg_till_events(till, &stream, error);

    while (status == TG_OK && (status = tg_event_stream_next(stream, 0, &event, error)) == TG_OK && event != NULL) {
        status = tg_event_stream_acknowledge(stream, event->id, error);
        tg_event_free(event);
        event = NULL;
        *count += 1;
    }
    tg_event_stream_free(stream);
    return status;
}

static void print_state(const tg_order *order)
{
    const char *reason = order->failure.text;

    printf("%s%s%s", STATES[order->state], reason ? " " : "", reason ? reason : "");
}

/* 0: done; 1: an order was not settled; 2: there is no such step. */
static int step(const tg_till *till, char **words, int count)
{
    tg_order *order = NULL;
    tg_order_list *orders = NULL;
    tg_voucher *voucher = NULL;
    tg_error *error = NULL;
    int32_t status;
    int events = -1, result = 0;
    bool settling = strcmp(words[0], "settle") == 0 && count == 2;

    printf("%s%s%s", words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
    if (settling) {
        status = settle(till, words[1], &order, &error);
    } else if (strcmp(words[0], "buy") == 0 && count == 7) {
        struct purchase what;

        status = tg_till_buy(till, purchase(&what, words[1], words), &order, &error);
    } else if (strcmp(words[0], "batch") == 0 && count == 7) {
        status = buy_batch(till, words, &orders, &error);
    } else if (strcmp(words[0], "enqueue") == 0 && count == 7) {
        status = enqueue(till, words, &order, &error);
    } else if (strcmp(words[0], "look_up") == 0 && count == 2) {
        status = tg_till_look_up(till, words[1], &order, &error);
    } else if (strcmp(words[0], "wait") == 0 && count == 3) {
        status = tg_till_wait(till, words[1], strtoull(words[2], NULL, 10), &order, &error);
    } else if (strcmp(words[0], "cancel") == 0 && count == 2) {
        status = tg_till_cancel(till, words[1], &order, &error);
    } else if (strcmp(words[0], "reveal") == 0 && count == 2) {
        status = tg_till_reveal(till, words[1], &voucher, &error);
    } else if (strcmp(words[0], "events") == 0) {
        events = 0;
        status = take_events(till, &events, &error);
    } else if (strcmp(words[0], "close") == 0) {
        status = tg_till_close(till, &error);
    } else {
        return 2;
    }
    if (failed(status, error)) {
        result = settling ? 1 : 0;
    } else if (order != NULL) {
        putchar(' ');
        print_state(order);
        putchar('\n');
        result = settling && order->state < TG_ORDER_STATE_SUCCEEDED ? 1 : 0;
    } else if (orders != NULL) {
        size_t i;

        for (i = 0; i < orders->items_len; i++) {
            putchar(i == 0 ? ' ' : ',');
            print_state(orders->items[i]);
        }
        putchar('\n');
    } else if (events >= 0) {
        printf(" %d\n", events);
    } else {
        printf(voucher ? " revealed\n" : " ok\n");
    }
    tg_order_free(order);
    tg_order_list_free(orders);
    tg_voucher_free(voucher);
    return result;
}

static int carry_out(FILE *plan)
{
    char line[LINE_SIZE_MAX], split[LINE_SIZE_MAX], *words[WORDS_MAX + 1];
    tg_till *till = NULL;
    int result = 0;

    while (result == 0 && fgets(line, sizeof line, plan) != NULL) {
        int count = 0, taken;

        line[strcspn(line, "\n")] = '\0';
        strcpy(split, line);
        for (words[0] = strtok(split, " "); words[count] && count < WORDS_MAX; words[count] = strtok(NULL, " ")) {
            count++;
        }
        taken = count > 0 ? take(line, words, count) : -1;
        if (taken == 0 && till == NULL) {
            till = open_till();
        }
        if (taken <= 0) {
            result = taken < 0 ? 2 : till == NULL ? 1 : step(till, words, count);
        }
        /* What was done is told at once: the next step may be the end of this process. */
        fflush(stdout);
    }
    tg_till_free(till);
    return result;
}

int main(int argc, char **argv)
{
    FILE *plan = argc == 2 ? fopen(argv[1], "r") : NULL;
    int result;

    if (plan == NULL || tg_abi_version() != TG_ABI_VERSION) {
        fprintf(stderr, "usage: runner PLAN, with the library that the header describes\n");
        return 2;
    }
    tg_order_policy_init(&policy, sizeof policy);
    result = carry_out(plan);
    fclose(plan);
    tg_secret_free(key);
    tg_secret_free(password);
    return result;
}
