/* A child that was forked is told that its parent's handles are not for it; the parent sells on. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
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

static tg_till *open_till(const tg_cysend_client *client) {
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
  config.journal_path = "journal";
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

static int32_t buy(const tg_till *till, const char *id, tg_order **bought, tg_error **error) {
  tg_new_order order;
  tg_money amount;

  tg_money_init(&amount, sizeof amount);
  amount.amount = "25";
  amount.currency = "EUR";
  tg_new_order_init(&order, sizeof order);
  order.id = id;
  order.product = "3333";
  order.amount = &amount;
  order.scenario = "live";
  return tg_till_buy(till, &order, bought, error);
}

/* Where the child goes wrong, or 0. */
static char what_a_child_finds(const tg_till *till, const tg_cysend_client *client) {
  tg_till_status *status = NULL;
  tg_order *order = NULL;
  tg_error *error = NULL;

  if (tg_till_get_status(till, &status, &error) != TG_ERROR_FORKED || status != NULL) {
    return 1;
  }
  if (error == NULL || error->code != TG_ERROR_FORKED || error->outcome == TG_OUTCOME_UNKNOWN) {
    return 2;
  }
  tg_error_free(error);
  error = NULL;
  if (buy(till, "of_the_child", &order, &error) != TG_ERROR_FORKED || order != NULL) {
    return 3;
  }
  tg_error_free(error);
  error = NULL;
  if (tg_cysend_client_ping(client, &error) != TG_ERROR_FORKED) {
    return 4;
  }
  tg_error_free(error);
  return 0;
}

int main(void) {
  tg_cysend_client *client = connect_to_sandbox();
  tg_till *till = open_till(client);
  tg_order *order = NULL;
  tg_error *error = NULL;
  pid_t child;
  int said[2];
  int32_t status;
  int ended = 0;
  char found = 99;

  must_hold(pipe(said) == 0, "there is a pipe");
  fflush(stdout);
  child = fork();
  must_hold(child >= 0, "the process forks");
  if (child == 0) {
    found = what_a_child_finds(till, client);
    if (write(said[1], &found, 1) != 1) {
      _exit(EXIT_FAILURE);
    }
    /* No other end: what its parent's threads held is lost memory to whoever looks at the child's last moment. */
    raise(SIGKILL);
  }
  close(said[1]);
  must_hold(waitpid(child, &ended, 0) == child, "the child ends");
  must_hold(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL, "the child ends by itself alone");
  must_hold(read(said[0], &found, 1) == 1, "the child says what it found");
  close(said[0]);
  if (found != 0) {
    printf("the child was not told, at %d\n", found);
    return EXIT_FAILURE;
  }

  /* The parent is none the worse for it. */
  must_hold(tg_till_order(till, "of_the_child", &order, &error) == TG_ERROR_UNKNOWN_ORDER, "the child bought nothing");
  tg_error_free(error);
  error = NULL;
  status = buy(till, "of_the_parent", &order, &error);
  must(status, error, "buy");
  tg_order_free(order);
  must(tg_till_wait(till, "of_the_parent", 60000, &order, &error), error, "wait");
  must_hold(order->state == TG_ORDER_STATE_SUCCEEDED, "the parent's order succeeded");
  tg_order_free(order);
  must(tg_till_close(till, &error), error, "close");
  tg_till_free(till);
  must(tg_shut_down(5000, &error), error, "shut down");
  tg_cysend_client_free(client);
  printf("told\n");
  return EXIT_SUCCESS;
}
