/*
 * Sells one top-up of 10 CHF, whatever happens to this program on the way.
 *
 *     ./crash_and_resume [URL [USER [PASSWORD [JOURNAL]]]]
 *
 * Kill it at any moment and run it again: it goes on with the sale that it finds, and never buys a second time. Without
 * arguments it sells at the sandbox: cargo run -p tillgate-sandbox -- --port 8765
 */
#include "shop.h"

/* Twenty minutes in all. */
#define WAITS_MAX 120
#define WAIT_MS 10000

/* The state of the order at its end, or where it stands after twenty minutes; 0 if nothing can be said. */
static int32_t sell(const tg_till *till, const char *id)
{
    tg_order *order, *later = NULL;
    tg_error *error = NULL;
    int32_t state = 0;
    int wait;

    /* The same id with the same request: an order that was placed before comes back as it is, and is not sent again. */
    order = buy_top_up(till, id, NULL);
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

int main(int argc, char **argv)
{
    arguments told = arguments_of(argc, argv);
    char path[PATH_SIZE_MAX], id[ID_SIZE_MAX];
    tg_till *till = open_till(&told);
    int32_t state = 0;

    /* The file stays until the customer has the goods or the money; then it makes room for the next sale. */
    if (till != NULL && id_of_sale(beside(path, told.journal, ".unfinished"), id, sizeof id)) {
        state = sell(till, id);
    }
    close_till(till);
    return state == TG_ORDER_STATE_SUCCEEDED ? EXIT_SUCCESS : EXIT_FAILURE;
}
