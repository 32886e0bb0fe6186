/*
 * Sells one top-up of 10 CHF, and says what became of it.
 *
 *     ./sell [URL [USER [PASSWORD [JOURNAL]]]]
 *
 * Without arguments it sells at the sandbox: cargo run -p tillgate-sandbox -- --port 8765
 */
#include "shop.h"

/* sample: sell */
/* The state of the order at its end, or where it stands after two minutes; 0 when nothing certain can be said. */
static int32_t sell(const tg_till *till, const char *id)
{
    tg_beneficiary_field mobile;
    const tg_beneficiary_field *beneficiary[1];
    tg_money amount;
    tg_new_order new_order;
    tg_order *bought = NULL, *order = NULL;
    tg_error *error = NULL;
    int32_t state = 0;

    tg_beneficiary_field_init(&mobile, sizeof mobile);
    mobile.name = "mobile";
    mobile.value = "+41791234567";
    beneficiary[0] = &mobile;
    tg_money_init(&amount, sizeof amount);
    amount.amount = "10"; /* exact, so a text */
    amount.currency = "CHF";
    tg_new_order_init(&new_order, sizeof new_order);
    new_order.id = id;          /* from tg_new_id, and saved */
    new_order.product = "1111"; /* the catalogue's number of the face value */
    new_order.amount = &amount;
    new_order.scenario = "simulate-success"; /* live costs money; there is no default */
    new_order.beneficiary = beneficiary;
    new_order.beneficiary_len = 1;

    /* Most orders are only accepted at first. tg_till_wait waits for their end, two minutes at most. */
    if (!failed(tg_till_buy(till, &new_order, &bought, &error), &error) &&
        !failed(tg_till_wait(till, id, 120000, &order, &error), &error)) {
        print_in_words(order);
        state = order->state;
    }
    tg_order_free(order);
    tg_order_free(bought);
    return state;
}
/* sample ends */

int main(int argc, char **argv)
{
    arguments told = arguments_of(argc, argv);
    char path[PATH_SIZE_MAX];
    char *id = NULL;
    tg_till *till = open_till(&told);
    tg_error *error = NULL;
    int32_t state = 0;

    /* The id is saved before anything is bought. If the machine dies from here on, it tells what became of the order. */
    if (till != NULL && !failed(tg_new_id(&id, &error), &error) && save(beside(path, told.journal, ".sale"), id)) {
        state = sell(till, id);
    }
    tg_string_free(id);
    close_till(till);
    return state == TG_ORDER_STATE_SUCCEEDED ? EXIT_SUCCESS : EXIT_FAILURE;
}
