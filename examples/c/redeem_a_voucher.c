/*
 * Sells a voucher and prints its code, once, whatever happens to this program on the way.
 *
 *     ./redeem_a_voucher [URL [USER [PASSWORD [JOURNAL]]]]
 *
 * Kill it at any moment and run it again: it never buys a second voucher, and a second slip says that it is one. Without
 * arguments it sells at the sandbox: cargo run -p tillgate-sandbox -- --port 8765
 */
#include "shop.h"

/* Buys a voucher of 25 EUR: once, however often it is called with the saved id. */
static tg_order *sell(const tg_till *till, const char *id)
{
    tg_money amount;
    tg_new_order new_order;
    tg_order *bought = NULL, *order = NULL;
    tg_error *error = NULL;

    tg_money_init(&amount, sizeof amount);
    amount.amount = "25"; /* exact, so a text */
    amount.currency = "EUR";
    tg_new_order_init(&new_order, sizeof new_order);
    new_order.id = id;
    new_order.product = "3333"; /* the catalogue's number of this face value */
    new_order.amount = &amount;
    new_order.scenario = "simulate-success"; /* live costs money; there is no default */
    if (!failed(tg_till_buy(till, &new_order, &bought, &error), &error)) {
        failed(tg_till_wait(till, id, 120000, &order, &error), &error);
    }
    tg_order_free(bought);
    return order;
}

/* The result is freed with tg_voucher_free. */
static tg_voucher *reveal(const tg_till *till, const char *id)
{
    tg_voucher *voucher = NULL;
    tg_order *order = NULL;
    tg_error *error = NULL;
    int32_t status;

    /* No order, event or log holds the code. Asking for it is written into the order's history, and may be repeated: it is the
     * same code each time, and not another voucher. */
    status = tg_till_reveal(till, id, &voucher, &error);
    if (status == TG_ERROR_WRONG_KEY) {
        /* The key that encrypted it is lost. The gateway tells the code again, and today's key encrypts it. */
        tg_error_free(error);
        error = NULL;
        status = tg_till_refetch_code(till, id, &order, &error);
        tg_order_free(order);
        if (status == TG_OK) {
            status = tg_till_reveal(till, id, &voucher, &error);
        }
    }
    failed(status, &error);
    return voucher;
}

static bool print_secret(const char *name, const tg_secret *secret)
{
    char *text = NULL;
    tg_error *error = NULL;
    bool printed;

    if (secret == NULL) {
        return true;
    }
    printed = !failed(tg_secret_reveal(secret, &text, &error), &error) && printf("%-8s%s\n", name, text) > 0;
    /* It is wiped as well. */
    tg_string_free(text);
    return printed;
}

/* Prints the code; `slip` is the file that remembers how far that has come. */
static bool hand_out(const tg_till *till, const char *id, const char *slip)
{
    char done[16];
    tg_voucher *voucher;
    bool printed;

    if (!load(slip, done, sizeof done)) {
        return false;
    }
    if (strcmp(done, "printed") == 0) {
        printf("The slip was printed. If it is lost, a manager decides: whoever has the code has the money.\n");
        return true;
    }
    voucher = reveal(till, id);
    /* Nobody can print and write that down in one step. So what is begun is written down before: after a crash between the
     * two, the slip may already be in somebody's hand. */
    if (voucher == NULL || !save(slip, "printing")) {
        tg_voucher_free(voucher);
        return false;
    }
    if (strcmp(done, "printing") == 0) {
        printf("COPY. The printing was cut short: look for the first slip, and hand out one of the two.\n");
    }
    printed = print_secret("Code", voucher->code) && print_secret("PIN", voucher->pin_code) &&
              print_secret("Serial", voucher->serial) &&
              print_secret("Voucher", voucher->code == NULL ? voucher->pdf_link : NULL) && fflush(stdout) == 0;
    tg_voucher_free(voucher);
    return printed && save(slip, "printed");
}

int main(int argc, char **argv)
{
    arguments told = arguments_of(argc, argv);
    char path[PATH_SIZE_MAX], id[ID_SIZE_MAX];
    tg_till *till = open_till(&told);
    tg_order *order = NULL;
    bool handed_out = false;

    if (till != NULL && id_of_sale(beside(path, told.journal, ".voucher"), id, sizeof id)) {
        order = sell(till, id);
    }
    if (order != NULL) {
        print_in_words(order);
        if (order->has_voucher) {
            handed_out = hand_out(till, id, beside(path, told.journal, ".slip"));
        } else if (order->state == TG_ORDER_STATE_SUCCEEDED) {
            printf("The gateway delivered no code. Keep the customer's receipt and ask the gateway.\n");
        }
    }
    tg_order_free(order);
    close_till(till);
    return handed_out ? EXIT_SUCCESS : EXIT_FAILURE;
}
