/*
 * Carries out a plan of orders (see conformance/README.md).
 *
 *     ./runner PLAN
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tillgate.h"

#define LINE_SIZE_MAX 4096
#define WORDS_MAX 8
/* How often `settle` asks, and how long it waits in between, before it gives up. */
#define ROUNDS_MAX 200
#define ROUND_MS 240000

static const char *const STATES[] = {"?",         "pending", "sending",   "unknown", "accepted",    "succeeded",
                                     "failed",    "cancelled", "expired", "reversed", "needs_review"};
static const char *const OUTCOMES[] = {"?", "local", "not_sent", "refused", "unknown"};

/* What a plan says before its first step. */
typedef struct {
    char journal[LINE_SIZE_MAX], url[LINE_SIZE_MAX], user[LINE_SIZE_MAX], key_id[LINE_SIZE_MAX];
    tg_secret *key, *password;
    tg_order_policy policy;
} settings;

/* Prints the rest of a step's line from an error, and frees it. True if there was one. */
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

/* Prints where an order stands, and frees it. */
static void told(tg_order *order)
{
    printf(" %s", STATES[order->state]);
    if (order->failure.text) {
        printf(" %s", order->failure.text);
    }
    printf("\n");
    tg_order_free(order);
}

/* 1: it was a setting; 0: it was not; -1: it cannot be read. */
static int take(settings *all, const char *line, char **words, int count)
{
    tg_error *error = NULL;
    struct {
        const char *name;
        uint64_t *figure;
    } policy[6];
    size_t i;

    if (strcmp(words[0], "journal") == 0 && count > 1) {
        snprintf(all->journal, sizeof all->journal, "%s", line + strlen("journal "));
        return 1;
    }
    if (strcmp(words[0], "key") == 0 && count == 3) {
        snprintf(all->key_id, sizeof all->key_id, "%s", words[1]);
        return failed(tg_secret_new(words[2], &all->key, &error), error) ? -1 : 1;
    }
    if (strcmp(words[0], "gateway") == 0 && count == 4) {
        snprintf(all->url, sizeof all->url, "%s", words[1]);
        snprintf(all->user, sizeof all->user, "%s", words[2]);
        return failed(tg_secret_new(words[3], &all->password, &error), error) ? -1 : 1;
    }
    if (strcmp(words[0], "policy") != 0 || count != 3) {
        return 0;
    }
    policy[0].name = "submit_within_ms", policy[0].figure = &all->policy.submit_within_ms;
    policy[1].name = "look_up_first_ms", policy[1].figure = &all->policy.look_up_first_ms;
    policy[2].name = "look_up_unknown_max_ms", policy[2].figure = &all->policy.look_up_unknown_max_ms;
    policy[3].name = "look_up_accepted_max_ms", policy[3].figure = &all->policy.look_up_accepted_max_ms;
    policy[4].name = "overdue_after_ms", policy[4].figure = &all->policy.overdue_after_ms;
    policy[5].name = "absence_running_ms", policy[5].figure = &all->policy.absence_running_ms;
    for (i = 0; i < sizeof policy / sizeof policy[0]; i++) {
        if (strcmp(words[1], policy[i].name) == 0) {
            *policy[i].figure = strtoull(words[2], NULL, 10);
            return 1;
        }
    }
    return -1;
}

static tg_till *open_till(const settings *all)
{
    tg_cysend_credentials credentials;
    tg_cysend_config gateway;
    tg_cysend_account account;
    tg_cysend_client *client = NULL;
    tg_journal_key key;
    tg_till_config config;
    tg_till *till = NULL;
    tg_error *error = NULL;

    tg_cysend_credentials_init(&credentials, sizeof credentials);
    credentials.user = all->user;
    credentials.password = all->password;
    tg_cysend_config_init(&gateway, sizeof gateway);
    gateway.credentials = &credentials;
    gateway.base_url = all->url;
    tg_journal_key_init(&key, sizeof key);
    key.id = all->key_id;
    key.key = all->key;
    tg_till_config_init(&config, sizeof config);
    config.journal_path = all->journal;
    config.create = true;
    config.key = &key;
    config.policy = &all->policy;
    printf("open");
    if (failed(tg_cysend_client_new(&gateway, &client, &error), error)) {
        return NULL;
    }
    if (!failed(tg_till_open(&config, &till, &error), error)) {
        tg_cysend_account_init(&account, sizeof account);
        account.client = client;
        if (failed(tg_till_attach_cysend(till, &account, &error), error)) {
            tg_till_free(till);
            till = NULL;
        } else {
            printf(" ok\n");
        }
    }
    tg_cysend_client_free(client);
    return till;
}

static int32_t buy(const tg_till *till, char **words, tg_order **order, tg_error **error)
{
    tg_beneficiary_field mobile;
    const tg_beneficiary_field *beneficiary[1];
    tg_money amount;
    tg_new_order new_order;

    beneficiary[0] = &mobile;
    tg_beneficiary_field_init(&mobile, sizeof mobile);
    mobile.name = "mobile";
    mobile.value = words[6];
    tg_money_init(&amount, sizeof amount);
    amount.amount = words[3];
    amount.currency = words[4];
    tg_new_order_init(&new_order, sizeof new_order);
    new_order.id = words[1];
    new_order.product = words[2];
    new_order.amount = &amount;
    new_order.scenario = words[5];
    new_order.beneficiary = beneficiary;
    new_order.beneficiary_len = strcmp(words[6], "-") == 0 ? 0 : 1;
    return tg_till_buy(till, &new_order, order, error);
}

/* Looks up and waits until the order is final or in review; NULL when it does not get there. */
static tg_order *settle(const tg_till *till, const char *id)
{
    tg_order *order = NULL;
    tg_error *error = NULL;
    int round;

    for (round = 0; round <= ROUNDS_MAX; round++) {
        tg_order_free(order);
        order = NULL;
        /* An error of a look-up means that nothing certain was learnt this time. */
        if (round > 0 && tg_till_look_up(till, id, &order, &error) != TG_OK) {
            tg_error_free(error);
            error = NULL;
        }
        tg_order_free(order);
        order = NULL;
        if (failed(tg_till_order(till, id, &order, &error), error)) {
            return NULL;
        }
        if (order->state >= TG_ORDER_STATE_SUCCEEDED) { /* the final states, and review */
            return order;
        }
        tg_order_free(order);
        order = NULL;
        if (round > 0 && failed(tg_till_wait(till, id, ROUND_MS, &order, &error), error)) {
            return NULL;
        }
    }
    fprintf(stderr, "%s has no end after %d look-ups\n", id, ROUNDS_MAX);
    tg_order_free(order);
    return NULL;
}

/* Takes and acknowledges every event. */
static void take_events(const tg_till *till)
{
    tg_event_stream *stream = NULL;
    tg_event *event = NULL;
    tg_error *error = NULL;
    int count = 0;

    if (failed(tg_till_events(till, &stream, &error), error)) {
        return;
    }
    for (;;) {
        if (failed(tg_event_stream_next(stream, 0, &event, &error), error)) {
            break;
        }
        if (event == NULL) {
            printf(" %d\n", count);
            break;
        }
        if (failed(tg_event_stream_acknowledge(stream, event->id, &error), error)) {
            tg_event_free(event);
            break;
        }
        tg_event_free(event);
        event = NULL;
        count++;
    }
    tg_event_stream_free(stream);
}

/* 0: done; 1: an order was not settled; 2: there is no such step. */
static int step(const tg_till *till, char **words, int count)
{
    tg_order *order = NULL;
    tg_voucher *voucher = NULL;
    tg_error *error = NULL;
    int32_t status;

    printf("%s%s%s", words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
    if (strcmp(words[0], "buy") == 0 && count == 7) {
        status = buy(till, words, &order, &error);
    } else if (strcmp(words[0], "look_up") == 0 && count == 2) {
        status = tg_till_look_up(till, words[1], &order, &error);
    } else if (strcmp(words[0], "wait") == 0 && count == 3) {
        status = tg_till_wait(till, words[1], strtoull(words[2], NULL, 10), &order, &error);
    } else if (strcmp(words[0], "cancel") == 0 && count == 2) {
        status = tg_till_cancel(till, words[1], &order, &error);
    } else if (strcmp(words[0], "settle") == 0 && count == 2) {
        order = settle(till, words[1]);
        if (order == NULL) {
            return 1;
        }
        status = TG_OK;
    } else if (strcmp(words[0], "reveal") == 0 && count == 2) {
        if (!failed(tg_till_reveal(till, words[1], &voucher, &error), error)) {
            printf(" revealed\n");
        }
        tg_voucher_free(voucher);
        return 0;
    } else if (strcmp(words[0], "events") == 0) {
        take_events(till);
        return 0;
    } else if (strcmp(words[0], "close") == 0) {
        if (!failed(tg_till_close(till, &error), error)) {
            printf(" ok\n");
        }
        return 0;
    } else {
        return 2;
    }
    if (!failed(status, error)) {
        told(order);
    }
    return 0;
}

static int carry_out(FILE *plan, settings *all)
{
    char line[LINE_SIZE_MAX], split[LINE_SIZE_MAX];
    char *words[WORDS_MAX + 1];
    tg_till *till = NULL;
    int result = 0;

    while (result == 0 && fgets(line, sizeof line, plan) != NULL) {
        int count = 0, taken;

        line[strcspn(line, "\n")] = '\0';
        memcpy(split, line, sizeof split);
        for (words[0] = strtok(split, " "); words[count] != NULL && count < WORDS_MAX; words[count] = strtok(NULL, " ")) {
            count++;
        }
        taken = count > 0 ? take(all, line, words, count) : -1;
        if (taken == 0 && till == NULL) {
            till = open_till(all);
        }
        if (taken == 0) {
            result = till == NULL ? 1 : step(till, words, count);
        } else if (taken < 0) {
            result = 2;
        }
        /* What was done is told at once: the next step may be the end of this process. */
        fflush(stdout);
    }
    tg_till_free(till);
    return result;
}

int main(int argc, char **argv)
{
    static settings all;
    FILE *plan = argc == 2 ? fopen(argv[1], "r") : NULL;
    int result;

    if (plan == NULL || tg_abi_version() != TG_ABI_VERSION) {
        fprintf(stderr, "usage: runner PLAN, with the library that this header describes\n");
        return 2;
    }
    tg_order_policy_init(&all.policy, sizeof all.policy);
    result = carry_out(plan, &all);
    fclose(plan);
    tg_secret_free(all.key);
    tg_secret_free(all.password);
    return result;
}
