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
static char journal[LINE_SIZE_MAX], url[LINE_SIZE_MAX], user[LINE_SIZE_MAX], key_id[LINE_SIZE_MAX];
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

/* 0: done; 1: an order was not settled; 2: there is no such step. */
static int step(const tg_till *till, char **words, int count)
{
    tg_order *order = NULL;
    tg_voucher *voucher = NULL;
    tg_error *error = NULL;
    int32_t status;
    int events = -1, result = 0;
    bool settling = strcmp(words[0], "settle") == 0 && count == 2;

    printf("%s%s%s", words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
    if (settling) {
        status = settle(till, words[1], &order, &error);
    } else if (strcmp(words[0], "buy") == 0 && count == 7) {
        status = buy(till, words, &order, &error);
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
        const char *reason = order->failure.text;
        printf(" %s%s%s\n", STATES[order->state], reason ? " " : "", reason ? reason : "");
        result = settling && order->state < TG_ORDER_STATE_SUCCEEDED ? 1 : 0;
    } else if (events >= 0) {
        printf(" %d\n", events);
    } else {
        printf(voucher ? " revealed\n" : " ok\n");
    }
    tg_order_free(order);
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
