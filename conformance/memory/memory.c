/* Very many calls through the library as a C program has it: see conformance/README.md. */
#include "../../examples/c/shop.h"

/* Ten turns of five calls, and two that wait. */
#define CALLS_IN_TEN_TURNS 52

/* An object, a text out of it, a text, a record, an error with all its facts. Everything is freed. */
static bool turn(const char *id)
{
    tg_secret *secret = NULL;
    char *revealed = NULL, *new_id = NULL;
    tg_cysend_advice *advice = NULL;
    tg_cysend_config nowhere;
    tg_cysend_client *client = NULL;
    tg_error *error = NULL, *refused = NULL;
    bool right;

    tg_cysend_config_init(&nowhere, sizeof nowhere);
    nowhere.base_url = "nowhere";
    right = !failed(tg_secret_new("secret", &secret, &error), &error) &&
            !failed(tg_secret_reveal(secret, &revealed, &error), &error) && strcmp(revealed, "secret") == 0 &&
            !failed(tg_new_id(&new_id, &error), &error) && strcmp(new_id, id) != 0 &&
            !failed(tg_cysend_response_advice("00", &advice, &error), &error) && advice != NULL &&
            tg_cysend_client_new(&nowhere, &client, &refused) == TG_ERROR_INVALID_ARGUMENT && refused != NULL;
    tg_error_free(refused);
    tg_cysend_advice_free(advice);
#ifndef LEAKS /* for the proof that it would be noticed */
    tg_string_free(new_id);
#endif
    tg_string_free(revealed);
    tg_secret_free(secret);
    return right;
}

/* What has to be waited for: a record, and an error. */
static bool waiting(const tg_till *till, const char *id)
{
    tg_order *order = NULL, *nothing = NULL;
    tg_error *error = NULL, *unknown = NULL;
    bool right;

    right = !failed(tg_till_order(till, id, &order, &error), &error) && strcmp(order->id, id) == 0 &&
            tg_till_order(till, "nobody", &nothing, &unknown) == TG_ERROR_UNKNOWN_ORDER && unknown != NULL;
    tg_error_free(unknown);
    tg_order_free(order);
    return right;
}

/* What this process has in memory now. */
static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long found = -1;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            found = strtol(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

int main(int argc, char **argv)
{
    arguments told = arguments_of(argc, argv);
    tg_till *till = open_till(&told);
    tg_order *order = till != NULL ? buy_top_up(till, "sold", NULL) : NULL;
    bool right = order != NULL;
    int at;

    tg_order_free(order);
    for (at = 5; at < argc && right; at++) {
        long left = strtol(argv[at], NULL, 10) / CALLS_IN_TEN_TURNS;

        while (right && left-- > 0) {
            int turns = 10;

            while (right && turns-- > 0) {
                right = turn("sold");
            }
            right = right && waiting(till, "sold");
        }
        printf("%ld\n", resident_kib());
    }
    close_till(till);
    return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
