/* Sells a voucher at the sandbox and reveals its code. The journal is made in the folder where it runs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tillgate.h"

/* Tells what went wrong and ends. */
static void must(int32_t status, tg_error *error, const char *what) {
  if (status != TG_OK) {
    printf("%s: %s\n", what, error != NULL ? error->text : "no more is known");
    tg_error_free(error);
    exit(EXIT_FAILURE);
  }
}

static void must_hold(bool holds, const char *what) {
  if (!holds) {
    printf("not so: %s\n", what);
    exit(EXIT_FAILURE);
  }
}

/* Lines come from any thread, so no more is done here than C99 allows there. */
static volatile sig_atomic_t lines = 0;

static void listen(void *user_data, int32_t level, const char *part, const char *text) {
  (void)user_data;
  if (level >= TG_LOG_ERROR && level <= TG_LOG_DEBUG && part[0] != 0 && text[0] != 0) {
    lines = 1;
  }
}

static const char *environment(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) {
    printf("%s is not set: no sandbox to sell at\n", name);
    exit(77);
  }
  return value;
}

static tg_cysend_client *connect_to_sandbox(void) {
  tg_cysend_config config;
  tg_cysend_credentials credentials;
  tg_secret *password = NULL;
  tg_cysend_client *client = NULL;
  tg_error *error = NULL;

  must(tg_secret_new(environment("TILLGATE_SANDBOX_PASSWORD"), &password, &error), error, "secret");
  tg_cysend_credentials_init(&credentials, sizeof credentials);
  credentials.user = environment("TILLGATE_SANDBOX_USER");
  credentials.password = password;
  tg_cysend_config_init(&config, sizeof config);
  config.credentials = &credentials;
  config.base_url = environment("TILLGATE_SANDBOX_URL");
  must(tg_cysend_client_new(&config, &client, &error), error, "client");
  tg_secret_free(password);
  return client;
}

static tg_till *open_till(const char *path, const tg_cysend_client *client) {
  tg_till_config config;
  tg_journal_key key;
  tg_cysend_account account;
  tg_secret *key_text = NULL;
  tg_till *till = NULL;
  tg_error *error = NULL;

  must(tg_new_journal_key(&key_text, &error), error, "key");
  tg_journal_key_init(&key, sizeof key);
  key.id = "first";
  key.key = key_text;
  tg_till_config_init(&config, sizeof config);
  config.journal_path = path;
  config.create = true;
  config.key = &key;
  config.installation_id = "test";
  must(tg_till_open(&config, &till, &error), error, "open");
  tg_secret_free(key_text);

  tg_cysend_account_init(&account, sizeof account);
  account.client = client;
  must(tg_till_attach_cysend(till, &account, &error), error, "attach");
  return till;
}

static void buy_a_voucher(const tg_till *till, const char *id) {
  tg_new_order order;
  tg_money amount;
  tg_order *bought = NULL;
  tg_order *again = NULL;
  tg_voucher *voucher = NULL;
  tg_error *error = NULL;
  char *code = NULL;

  tg_money_init(&amount, sizeof amount);
  amount.amount = "25";
  amount.currency = "EUR";
  tg_new_order_init(&order, sizeof order);
  order.id = id;
  order.product = "3333";
  order.amount = &amount;
  order.scenario = "live";
  must(tg_till_buy(till, &order, &bought, &error), error, "buy");
  must_hold(strcmp(bought->id, id) == 0 && bought->live, "the order is the one that was asked for");
  tg_order_free(bought);
  must(tg_till_wait(till, id, 60000, &bought, &error), error, "wait");
  must_hold(bought->state == TG_ORDER_STATE_SUCCEEDED, "the order succeeded");
  must_hold(strcmp(bought->amount->currency, "EUR") == 0 && bought->attempts_len == 1, "it was sent once");

  /* The same id with the same request sends nothing. */
  must(tg_till_buy(till, &order, &again, &error), error, "buy again");
  must_hold(again->attempts_len == 1, "it was not sent again");
  tg_order_free(again);

  must(tg_till_reveal(till, id, &voucher, &error), error, "reveal");
  must_hold(voucher->code != NULL, "the voucher has a code");
  must(tg_secret_reveal(voucher->code, &code, &error), error, "code");
  must_hold(strlen(code) > 3, "the code is a code");
  tg_string_free(code);
  tg_voucher_free(voucher);
  tg_order_free(bought);
}

static void hear_of_it(const tg_till *till, const char *id) {
  tg_event_stream *events = NULL;
  tg_event *event = NULL;
  tg_error *error = NULL;
  int heard = 0;

  must(tg_till_events(till, &events, &error), error, "events");
  for (;;) {
    must(tg_event_stream_next(events, 0, &event, &error), error, "next");
    if (event == NULL) {
      break;
    }
    must_hold(strcmp(event->order->id, id) == 0, "the event is about the order");
    must(tg_event_stream_acknowledge(events, event->id, &error), error, "acknowledge");
    tg_event_free(event);
    heard++;
  }
  must_hold(heard > 0, "there was an event");
  tg_event_stream_free(events);
}

static void refuse_what_is_wrong(const tg_till *till) {
  tg_new_order new_order;
  tg_order *order = NULL;
  tg_error *error = NULL;
  must_hold(tg_till_order(till, "never", &order, &error) == TG_ERROR_UNKNOWN_ORDER, "the order is unknown");
  must_hold(order == NULL && error != NULL && error->outcome == TG_OUTCOME_LOCAL, "nothing happened");
  tg_error_free(error);
  must_hold(tg_till_buy(till, NULL, &order, &error) == TG_ERROR_INVALID_ARGUMENT, "NULL is refused");
  must_hold(strcmp(error->field, "order") == 0, "the argument is named");
  tg_error_free(error);
  tg_new_order_init(&new_order, sizeof new_order);
  new_order.struct_size = sizeof(size_t) + 1; /* It would end within the first pointer. */
  must_hold(tg_till_buy(till, &new_order, &order, &error) == TG_ERROR_INVALID_ARGUMENT, "half a pointer is refused");
  must_hold(strcmp(error->field, "order.struct_size") == 0, "the size is named");
  tg_error_free(error);
}

int main(void) {
  tg_cysend_client *client;
  tg_till *till;
  tg_error *error = NULL;
  char *id = NULL;
  must_hold(tg_abi_version() == TG_ABI_VERSION, "the library is the one of the header");
  tg_log_set(listen, NULL, TG_LOG_DEBUG);
  client = connect_to_sandbox();
  till = open_till("journal", client);
  must(tg_new_id(&id, &error), error, "id");
  buy_a_voucher(till, id);
  hear_of_it(till, id);
  refuse_what_is_wrong(till);
  tg_string_free(id);
  must(tg_till_close(till, &error), error, "close");
  tg_till_free(till);
  must_hold(lines == 1, "the library told of its work");
  tg_log_set(NULL, NULL, 0);
  must(tg_shut_down(5000, &error), error, "shut down");
  must_hold(tg_cysend_client_ping(client, NULL) == TG_ERROR_CLOSED, "what comes later is told that it is closed");
  tg_cysend_client_free(client);
  printf("sold\n");
  return EXIT_SUCCESS;
}
