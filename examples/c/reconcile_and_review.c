/*
 * Goes through the journal: what is open, what needs a person, and what a person decided.
 *
 *     ./reconcile_and_review [URL [USER [PASSWORD [JOURNAL]]]]
 *     ./reconcile_and_review URL USER PASSWORD JOURNAL ID succeeded|failed|reversed WHO GROUNDS
 *
 * The first form asks the gateway about every order that is not settled, and ends with 0 when nobody is needed. The second
 * writes a decision down first. One program at a time buys with a journal, or decides: close the till before, or let the
 * program that sells do what stands here.
 */
#include "shop.h"

#include <time.h>

/* Those in review are listed apart: they wait for a person. */
static const tg_order_state OPEN[] = {TG_ORDER_STATE_PENDING, TG_ORDER_STATE_SENDING, TG_ORDER_STATE_UNKNOWN,
                                      TG_ORDER_STATE_ACCEPTED};
static const tg_order_state IN_REVIEW[] = {TG_ORDER_STATE_NEEDS_REVIEW};

static const char *name_of(tg_order_state state)
{
    static const char *const names[] = {"",        "pending",   "sending",  "unknown",  "accepted", "succeeded",
                                        "failed",  "cancelled", "expired",  "reversed", "needs_review"};

    return state > 0 && (size_t)state < sizeof names / sizeof names[0] ? names[state] : "of a newer version";
}

/* Instants are microseconds since 1970. */
static void print_instant(int64_t at_us)
{
    char text[32];
    time_t at_s = (time_t)(at_us / 1000000);

    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", gmtime(&at_s));
    printf("%s", text);
}

static void show(const tg_till *till, const tg_order *order)
{
    tg_history_entry_list *history = NULL;
    tg_error *error = NULL;
    size_t i;

    printf("\n%s: %s %s of %s, since ", order->id, order->amount->amount, order->amount->currency, order->product);
    print_instant(order->created_at);
    printf("\n  ");
    print_in_words(order);
    if (order->overdue) {
        printf("  Overdue: there has been no certain answer for long. See whether the gateway can be reached.\n");
    }
    if (order->conflict != NULL) {
        printf("  In conflict: %s\n", order->conflict);
    }
    if (failed(tg_till_history(till, order->id, &history, &error), &error)) {
        return;
    }
    for (i = 0; i < history->items_len; i++) {
        const tg_history_entry *entry = history->items[i];
        printf("  %3u ", (unsigned)entry->sequence);
        print_instant(entry->at);
        printf(" %s: %s. %s\n", entry->what, name_of(entry->state), entry->note != NULL ? entry->note : "");
    }
    tg_history_entry_list_free(history);
}

/* Asks the gateway about each of these orders, now. */
static bool compare(const tg_till *till, const tg_order_state *states, size_t states_len, bool conflicts_only)
{
    char after[256] = "";
    tg_order_filter filter;
    tg_error *error = NULL;
    size_t i;

    tg_order_filter_init(&filter, sizeof filter);
    filter.states = states;
    filter.states_len = states_len;
    filter.conflicts_only = conflicts_only;
    do {
        tg_order_page *page = NULL;
        filter.after = after[0] != '\0' ? after : NULL;
        if (failed(tg_till_list(till, &filter, &page, &error), &error)) {
            return false;
        }
        for (i = 0; i < page->orders_len; i++) {
            tg_order *order = NULL;
            /* After an error nothing certain was learnt, so nothing was changed. An error is no answer. */
            if (failed(tg_till_look_up(till, page->orders[i]->id, &order, &error), &error)) {
                show(till, page->orders[i]);
            } else {
                show(till, order);
            }
            tg_order_free(order);
        }
        snprintf(after, sizeof after, "%s", page->next != NULL ? page->next : "");
        tg_order_page_free(page);
    } while (after[0] != '\0');
    return true;
}

/* Asks about everything that is not settled; whether nothing is left for a person to do. */
static bool reconcile(const tg_till *till)
{
    tg_till_status *status = NULL;
    tg_error *error = NULL;
    bool nobody_is_needed;
    size_t i;

    /* The last of the three: final orders of which the gateway said something else later. */
    if (!compare(till, OPEN, sizeof OPEN / sizeof OPEN[0], false) || !compare(till, IN_REVIEW, 1, false) ||
        !compare(till, NULL, 0, true) || failed(tg_till_get_status(till, &status, &error), &error)) {
        return false;
    }
    if (status->quarantine != NULL) {
        printf("The journal is in quarantine: %s\n", status->quarantine);
    }
    for (i = 0; i < status->unattached_accounts_len; i++) {
        printf("There are open orders of %s, and nobody attached it.\n", status->unattached_accounts[i]);
    }
    printf("%u open, %u of them in review; %u in conflict.\n", (unsigned)status->open_orders,
           (unsigned)status->in_review, (unsigned)status->conflicts);
    nobody_is_needed = status->in_review == 0 && status->conflicts == 0 && status->quarantine == NULL;
    tg_till_status_free(status);
    return nobody_is_needed;
}

/* Writes a person's decision into the order's history, for good. */
static bool resolve(const tg_till *till, const char *id, const char *state, const char *decided_by, const char *grounds)
{
    tg_decision decision;
    tg_order *order = NULL;
    tg_error *error = NULL;
    int32_t status;

    tg_decision_init(&decision, sizeof decision);
    decision.state = strcmp(state, "succeeded") == 0  ? TG_ORDER_STATE_SUCCEEDED
                     : strcmp(state, "failed") == 0   ? TG_ORDER_STATE_FAILED
                     : strcmp(state, "reversed") == 0 ? TG_ORDER_STATE_REVERSED
                                                      : 0; /* refused */
    decision.decided_by = decided_by;
    decision.grounds = grounds;
    status = tg_till_resolve(till, id, &decision, &order, &error);
    if (!failed(status, &error)) {
        show(till, order);
    }
    tg_order_free(order);
    /* Too late: evidence came first, and settled it. Nothing is left to decide. */
    return status == TG_OK || status == TG_ERROR_TOO_LATE;
}

int main(int argc, char **argv)
{
    arguments told = arguments_of(argc, argv);
    tg_till *till;
    bool nobody_is_needed = false;

    if (argc > 5 && argc != 9) {
        fprintf(stderr, "a decision is ID STATE WHO GROUNDS\n");
        return EXIT_FAILURE;
    }
    till = open_till(&told);
    if (till != NULL && (argc != 9 || resolve(till, argv[5], argv[6], argv[7], argv[8]))) {
        nobody_is_needed = reconcile(till);
    }
    close_till(till);
    return nobody_is_needed ? EXIT_SUCCESS : EXIT_FAILURE;
}
