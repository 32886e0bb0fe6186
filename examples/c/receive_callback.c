/*
 * Sells one top-up of 10 CHF, and receives the gateway's callback about it by the till itself.
 *
 *     ./receive_callback [URL [USER [PASSWORD [JOURNAL]]]]
 *
 * Without arguments it sells at the sandbox: cargo run -p tillgate-sandbox -- --port 8765. For a program that has sockets of its
 * own see receive_callback_loop.c.
 */
#include "shop.h"

/* The path that nobody guesses: it keeps strangers out, since callbacks are not signed. Freed with tg_secret_free. */
static tg_secret *path_of(const char *journal)
{
    char file[PATH_SIZE_MAX], saved[300];
    char *revealed = NULL;
    tg_secret *path = NULL;
    tg_error *error = NULL;

    if (!load(beside(file, journal, ".path"), saved, sizeof saved)) {
        return NULL;
    }
    if (saved[0] != '\0') {
        return failed(tg_secret_new(saved, &path, &error), &error) ? NULL : path;
    }
    if (failed(tg_new_callback_path(&path, &error), &error) ||
        failed(tg_secret_reveal(path, &revealed, &error), &error) || !save(file, revealed)) {
        tg_secret_free(path);
        path = NULL;
    }
    tg_string_free(revealed);
    return path;
}

/* Begins to receive callbacks, and tells where. The address is freed with tg_string_free. */
static tg_callback_receiver *receive(const tg_till *till, const tg_secret *path, char **callback_url)
{
    tg_callback_receiver_config config;
    tg_callback_receiver *receiver = NULL;
    tg_error *error = NULL;

    tg_callback_receiver_config_init(&config, sizeof config);
    /* On this machine only, for the sandbox. What CY.SEND is to reach listens on another address, with a certificate, or behind
     * a proxy whose https address is `public_url`. */
    config.address = "127.0.0.1:0";
    /* The same at each start, so that orders of an earlier one are heard of too. */
    config.path = path;
    if (failed(tg_till_receive_callbacks(till, &config, &receiver, &error), &error) ||
        failed(tg_callback_receiver_callback_url(receiver, callback_url, &error), &error)) {
        tg_callback_receiver_free(receiver);
        return NULL;
    }
    return receiver;
}

/* Nothing that a callback says is believed: it only makes the till ask the gateway sooner. So there is nothing to do but to wait,
 * as without callbacks; or to read events. */
static int32_t sell(const tg_till *till, const char *id, const char *callback_url)
{
    tg_order *bought = buy_top_up(till, id, callback_url), *order = NULL;
    tg_error *error = NULL;
    int32_t state = 0;

    if (bought != NULL && !failed(tg_till_wait(till, id, 120000, &order, &error), &error)) {
        print_in_words(order);
        state = order->state;
    }
    tg_order_free(order);
    tg_order_free(bought);
    return state;
}

int main(int argc, char **argv)
{
    arguments told = arguments_of(argc, argv);
    char file[PATH_SIZE_MAX];
    char *id = NULL, *callback_url = NULL;
    tg_secret *path = path_of(told.journal);
    tg_till *till = path != NULL ? open_till(&told) : NULL;
    tg_callback_receiver *receiver = till != NULL ? receive(till, path, &callback_url) : NULL;
    tg_callback_receiver_status *status = NULL;
    tg_error *error = NULL;
    int32_t state = 0;

    if (receiver != NULL && !failed(tg_new_id(&id, &error), &error) && save(beside(file, told.journal, ".sale"), id)) {
        /* For the sandbox: who knows the address can send callbacks, so a real till tells it to the gateway alone. */
        printf("callbacks at %s\n", callback_url);
        fflush(stdout);
        state = sell(till, id, callback_url);
    }
    if (receiver != NULL && !failed(tg_callback_receiver_get_status(receiver, &status, &error), &error)) {
        printf("Taken: %u callbacks of %u requests.\n", (unsigned)status->handled, (unsigned)status->connections);
    }
    if (receiver != NULL) {
        failed(tg_callback_receiver_close(receiver, &error), &error);
    }
    tg_callback_receiver_status_free(status);
    tg_callback_receiver_free(receiver);
    tg_string_free(id);
    tg_string_free(callback_url);
    close_till(till);
    tg_secret_free(path);
    return state == TG_ORDER_STATE_SUCCEEDED ? EXIT_SUCCESS : EXIT_FAILURE;
}
