/*
 * C's sides of the benches, on the shared library as it is shipped.
 *
 *     side orders till|client URL PLACE COUNT     so many orders a round, 64 threads at once
 *     side call COUNT                             so many calls of each kind
 *     side seller URL PLACE                       one order sold, and the memory that took
 *
 * Each line of standard input asks for a round; the answer is a line of JSON.
 */
#define _POSIX_C_SOURCE 200809L

#include "shop.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#define AT_ONCE 64

typedef struct {
    const tg_till *till;
    const tg_cysend_client *client;
    const char *begin;
    uint64_t first;
    uint64_t count;
    bool failed;
} lane;

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Waits for the next line; false at the end. */
static bool asked(void)
{
    char line[64];

    return fgets(line, sizeof line, stdin) != NULL;
}

/* The same order without a journal. */
static bool create(const tg_cysend_client *client, const char *id)
{
    tg_cysend_beneficiary mobile;
    const tg_cysend_beneficiary *beneficiary[1];
    tg_cysend_order_request request;
    const tg_cysend_order_request *requests[1];
    tg_cysend_order_list *orders = NULL;
    tg_error *error = NULL;
    bool bought;

    tg_cysend_beneficiary_init(&mobile, sizeof mobile);
    mobile.name = "mobile";
    mobile.value = "+41791234567";
    beneficiary[0] = &mobile;
    tg_cysend_order_request_init(&request, sizeof request);
    request.user_uid = id;
    request.face_value_id = 1111;
    request.face_value = "10";
    request.face_value_currency = "CHF";
    request.scenario.tag = TG_CYSEND_ORDER_SCENARIO_SIMULATE_SUCCESS;
    request.beneficiary_information = beneficiary;
    request.beneficiary_information_len = 1;
    requests[0] = &request;
    bought = !failed(tg_cysend_client_create_order(client, requests, 1, &orders, &error), &error) &&
             orders->items_len == 1 && strcmp(orders->items[0]->user_uid, id) == 0;
    tg_cysend_order_list_free(orders);
    return bought;
}

static void *buy(void *argument)
{
    lane *work = argument;
    char id[ID_SIZE_MAX];
    uint64_t number;

    for (number = 0; number < work->count && !work->failed; number++) {
        snprintf(id, sizeof id, "%sn%" PRIu64, work->begin, work->first + number * AT_ONCE);
        if (work->till != NULL) {
            tg_order *order = buy_top_up(work->till, id, NULL);

            work->failed = order == NULL || order->state != TG_ORDER_STATE_SUCCEEDED;
            tg_order_free(order);
        } else {
            work->failed = !create(work->client, id);
        }
    }
    return NULL;
}

static int orders(const char *side, const arguments *told, uint64_t count)
{
    tg_till *till = NULL;
    tg_cysend_client *client = NULL;
    char begin[32];
    uint64_t next = 0;
    bool well = true;

    if (strcmp(side, "till") == 0) {
        till = open_till(told);
    } else {
        client = new_client(told);
    }
    snprintf(begin, sizeof begin, "c%" PRIx64 "p%x", now(), (unsigned)getpid());
    well = till != NULL || client != NULL;
    printf(well ? "ready\n" : "failed\n");
    fflush(stdout);
    while (well && asked()) {
        lane lanes[AT_ONCE];
        pthread_t threads[AT_ONCE];
        uint64_t begun = now(), took;
        int at;

        for (at = 0; at < AT_ONCE; at++) {
            lane work = {till, client, begin, next + (uint64_t)at, count / AT_ONCE, false};

            lanes[at] = work;
            if (pthread_create(&threads[at], NULL, buy, &lanes[at]) != 0) {
                return EXIT_FAILURE;
            }
        }
        for (at = 0; at < AT_ONCE; at++) {
            pthread_join(threads[at], NULL);
            well = well && !lanes[at].failed;
        }
        took = now() - begun;
        next += count;
        if (well) {
            printf("{\"nanoseconds\":%" PRIu64 ",\"count\":%" PRIu64 "}\n", took, count / AT_ONCE * AT_ONCE);
            fflush(stdout);
        }
    }
    close_till(till);
    tg_cysend_client_free(client);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The time of so many calls, for each kind. */
static int call(uint64_t count)
{
    tg_secret *secret = NULL;
    tg_error *error = NULL;
    volatile uint32_t version = 0;

    if (failed(tg_secret_new("x", &secret, &error), &error)) {
        return EXIT_FAILURE;
    }
    printf("ready\n");
    fflush(stdout);
    while (asked()) {
        tg_money money;
        char *text = NULL;
        uint64_t begun = now(), bare, init, reveal, at;

        for (at = 0; at < count; at++) {
            version += tg_abi_version();
        }
        bare = now() - begun;
        begun = now();
        for (at = 0; at < count; at++) {
            tg_money_init(&money, sizeof money);
        }
        init = now() - begun;
        begun = now();
        for (at = 0; at < count; at++) {
            if (tg_secret_reveal(secret, &text, &error) != TG_OK) {
                return EXIT_FAILURE;
            }
            tg_string_free(text);
        }
        reveal = now() - begun;
        printf("{\"nanoseconds\":%" PRIu64 ",\"count\":%" PRIu64 ",\"samples\":[[\"bare\",[%" PRIu64
               "]],[\"init\",[%" PRIu64 "]],[\"reveal\",[%" PRIu64 "]]]}\n",
               bare + init + reveal, count, bare, init, reveal);
        fflush(stdout);
    }
    tg_secret_free(secret);
    return EXIT_SUCCESS;
}

/* A figure of this process, in KiB, as the kernel keeps it. */
static long memory(const char *name)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long found = -1;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            sscanf(line + strlen(name), ": %ld", &found);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static int seller(const arguments *told)
{
    tg_till *till = open_till(told);
    uint64_t begun = now();
    char id[ID_SIZE_MAX];
    tg_order *order;
    bool sold;

    snprintf(id, sizeof id, "s%" PRIx64 "p%x", now(), (unsigned)getpid());
    if (till == NULL) {
        return EXIT_FAILURE;
    }
    order = buy_top_up(till, id, NULL);
    sold = order != NULL && order->state == TG_ORDER_STATE_SUCCEEDED;
    tg_order_free(order);
    printf("ready\n");
    fflush(stdout);
    while (sold && asked()) {
        printf("{\"nanoseconds\":%" PRIu64 ",\"count\":1,\"figures\":[[\"memory at most, KiB\",%ld],[\"memory now, KiB\",%ld]]}\n",
               now() - begun, memory("VmHWM"), memory("VmRSS"));
        fflush(stdout);
    }
    close_till(till);
    return sold ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    char journal[PATH_SIZE_MAX];
    arguments told = arguments_of(0, argv);

    if (strcmp(what, "call") == 0 && argc == 3) {
        return call(strtoull(argv[2], NULL, 10));
    }
    if (argc < 4) {
        fprintf(stderr, "see the head of side.c\n");
        return EXIT_FAILURE;
    }
    told.url = strcmp(what, "orders") == 0 ? argv[3] : argv[2];
    snprintf(journal, sizeof journal, "%s/journal", strcmp(what, "orders") == 0 ? argv[4] : argv[3]);
    told.journal = journal;
    if (strcmp(what, "orders") == 0 && argc == 6) {
        return orders(argv[2], &told, strtoull(argv[5], NULL, 10));
    }
    return seller(&told);
}
