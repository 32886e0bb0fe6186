/* Every type of the interface, there and back, through the made-up core. Prints one line per check; the last tells how many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tillgate.h"

static int passed = 0;
static int failed = 0;

/* Not assert(): it may be compiled away, and what stands in it with it. */
static void check(bool holds, const char *what, int line) {
  if (holds) {
    passed++;
  } else {
    failed++;
    printf("line %d: %s\n", line, what);
  }
}
#define CHECK(condition) check((condition), #condition, __LINE__)

static bool same(const char *left, const char *right) {
  return left != NULL && right != NULL && strcmp(left, right) == 0;
}

/* An error with this code and this field, which is freed. */
static bool failed_with(int32_t status, tg_error *error, int32_t code, const char *field) {
  bool holds = status == code && error != NULL && error->code == code &&
               (field == NULL ? error->field == NULL : same(error->field, field));
  if (!holds) {
    printf("  status %d, %s\n", (int)status, error != NULL ? error->text : "no error");
  }
  tg_error_free(error);
  return holds;
}

static tg_probe *open_probe(void) {
  tg_probe_config config;
  tg_probe *probe = NULL;
  tg_error *error = NULL;
  tg_probe_config_init(&config, sizeof config);
  config.name = "counter";
  CHECK(config.struct_size == sizeof config && config.password == NULL && config.strictness == 0);
  CHECK(tg_probe_new(&config, &probe, &error) == TG_OK && error == NULL);
  return probe;
}

/* What the value points to must live as long as the call; here all of it is static or belongs to the caller. */
static void fill(tg_everything *value, const tg_secret *pin) {
  static const char *const texts[] = {"one", "zw\xc3\xb6lf", ""};
  static const int64_t numbers[] = {INT64_MIN, 0, INT64_MAX};
  static const char *const amounts[] = {"0.10", "-79228162514264337593543950335"};
  static const int64_t instants[] = {0, -1, 1700000000123456};
  static const tg_strictness strictnesses[] = {TG_STRICTNESS_LAX, TG_STRICTNESS_TO_THE_LETTER};
  static const tg_progress progresses[] = {{TG_PROGRESS_IN_PROGRESS, NULL}, {TG_PROGRESS_OTHER, "paused"}};
  static const tg_pair extra[] = {{"b", "2"}, {"a", "1"}};
  static const uint8_t body[] = {0, 255, 7};
  static tg_money money, ceiling;
  static tg_inner first, second;
  static const tg_inner *inners[2];
  static tg_payment cash, wallet, cards;
  static tg_payment_wallet in_wallet;
  static tg_payment_cards in_cards;
  static const tg_payment *payments[2];

  tg_everything_init(value, sizeof *value);
  tg_money_init(&money, sizeof money);
  money.amount = "12.50";
  money.currency = "CHF";
  ceiling = money;
  ceiling.amount = "100";
  tg_inner_init(&first, sizeof first);
  first.label = "first";
  second = first;
  second.label = "second";
  second.count = 4294967295u;
  inners[0] = &first;
  inners[1] = &second;
  tg_payment_init(&cash, sizeof cash);
  cash.tag = TG_PAYMENT_CASH;
  tg_payment_wallet_init(&in_wallet, sizeof in_wallet);
  in_wallet.number = "W-1";
  in_wallet.at_most = &ceiling;
  tg_payment_init(&wallet, sizeof wallet);
  wallet.tag = TG_PAYMENT_WALLET;
  wallet.wallet = &in_wallet;
  tg_payment_cards_init(&in_cards, sizeof in_cards);
  in_cards.amounts = amounts;
  in_cards.amounts_len = 2;
  in_cards.pin = pin;
  tg_payment_init(&cards, sizeof cards);
  cards.tag = TG_PAYMENT_CARDS;
  cards.cards = &in_cards;
  payments[0] = &cash;
  payments[1] = &cards;

  value->yes = true;
  value->small = 255;
  value->port = 65535;
  value->count = 4294967295u;
  value->large = 9007199254740991u;
  value->offset = -2147483647 - 1;
  value->id = INT64_MIN;
  value->text = "gr\xc3\xbc\xc3\x9f Gott";
  value->body = body;
  value->body_len = 3;
  value->amount = "0.100";
  value->at = 1700000000123456;
  value->money = &money;
  value->strictness = TG_STRICTNESS_TO_THE_LETTER;
  value->progress.tag = TG_PROGRESS_DONE;
  value->payment = &wallet;
  value->pin = pin;
  value->texts = texts;
  value->texts_len = 3;
  value->numbers = numbers;
  value->numbers_len = 3;
  value->amounts = amounts;
  value->amounts_len = 2;
  value->instants = instants;
  value->instants_len = 3;
  value->inners = inners;
  value->inners_len = 2;
  value->strictnesses = strictnesses;
  value->strictnesses_len = 2;
  value->progresses = progresses;
  value->progresses_len = 2;
  value->payments = payments;
  value->payments_len = 2;
  value->extra = extra;
  value->extra_len = 2;
}

static void fill_optional(tg_everything *value, const tg_secret *pin) {
  value->has_maybe_yes = true;
  value->maybe_yes = false;
  value->has_maybe_count = true;
  value->maybe_count = 0;
  value->has_maybe_id = true;
  value->maybe_id = -1;
  value->maybe_text = "";
  value->maybe_body = (const uint8_t *)"";
  value->maybe_body_len = 0;
  value->maybe_amount = "-0.5";
  value->has_maybe_at = true;
  value->maybe_at = 0;
  value->maybe_inner = value->inners[0];
  value->maybe_strictness = TG_STRICTNESS_LAX;
  value->maybe_progress.text = "something new";
  value->maybe_payment = value->payments[0];
  value->maybe_pin = pin;
  value->maybe_texts = value->texts;
  value->maybe_texts_len = 0;
  value->maybe_inners = value->inners;
  value->maybe_inners_len = 2;
  value->maybe_extra = value->extra;
  value->maybe_extra_len = 1;
  value->limit = 7;
  value->currency = "EUR";
  value->careful = false;
  value->tags = value->texts;
  value->tags_len = 2;
  value->type = "kind";
  value->class_ = "first";
}

static void check_secret(const tg_secret *secret, const char *expected) {
  char *text = NULL;
  CHECK(tg_secret_reveal(secret, &text, NULL) == TG_OK);
  CHECK(same(text, expected));
  tg_string_free(text);
}

static void check_required(const tg_everything *got, const tg_everything *sent) {
  size_t i;
  CHECK(got->struct_size == sizeof *got);
  CHECK(got->yes && got->small == 255 && got->port == 65535 && got->count == 4294967295u);
  CHECK(got->large == sent->large && got->offset == sent->offset && got->id == sent->id);
  CHECK(same(got->text, sent->text));
  CHECK(got->body_len == 3 && memcmp(got->body, sent->body, 3) == 0);
  CHECK(same(got->amount, "0.100"));
  CHECK(got->at == sent->at);
  CHECK(same(got->money->amount, "12.50") && same(got->money->currency, "CHF"));
  CHECK(got->strictness == TG_STRICTNESS_TO_THE_LETTER);
  CHECK(got->progress.tag == TG_PROGRESS_DONE && same(got->progress.text, "done"));
  CHECK(got->payment->tag == TG_PAYMENT_WALLET && got->payment->cards == NULL);
  CHECK(same(got->payment->wallet->number, "W-1") && same(got->payment->wallet->at_most->amount, "100"));
  check_secret(got->pin, "1234");
  CHECK(got->texts_len == 3);
  for (i = 0; i < 3; i++) {
    CHECK(same(got->texts[i], sent->texts[i]));
  }
  CHECK(got->numbers_len == 3 && memcmp(got->numbers, sent->numbers, 3 * sizeof(int64_t)) == 0);
  CHECK(got->amounts_len == 2 && same(got->amounts[0], "0.10") && same(got->amounts[1], sent->amounts[1]));
  CHECK(got->instants_len == 3 && memcmp(got->instants, sent->instants, 3 * sizeof(int64_t)) == 0);
  CHECK(got->inners_len == 2 && same(got->inners[0]->label, "first") && got->inners[0]->count == 3);
  CHECK(same(got->inners[1]->label, "second") && got->inners[1]->count == 4294967295u);
  CHECK(got->strictnesses_len == 2 && got->strictnesses[0] == TG_STRICTNESS_LAX && got->strictnesses[1] == 7);
  CHECK(got->progresses_len == 2 && same(got->progresses[0].text, "in-progress"));
  CHECK(got->progresses[1].tag == TG_PROGRESS_OTHER && same(got->progresses[1].text, "paused"));
  CHECK(got->payments_len == 2 && got->payments[0]->tag == TG_PAYMENT_CASH);
  CHECK(got->payments[1]->tag == TG_PAYMENT_CARDS && same(got->payments[1]->cards->amounts[0], "0.10"));
  check_secret(got->payments[1]->cards->pin, "1234");
  CHECK(got->extra_len == 2 && same(got->extra[0].key, "a") && same(got->extra[1].value, "2"));
}

static void check_absent(const tg_everything *got) {
  CHECK(!got->has_maybe_yes && !got->has_maybe_count && !got->has_maybe_id && !got->has_maybe_at);
  CHECK(got->maybe_text == NULL && got->maybe_body == NULL && got->maybe_amount == NULL && got->maybe_inner == NULL);
  CHECK(got->maybe_strictness == 0 && got->maybe_progress.tag == 0 && got->maybe_progress.text == NULL);
  CHECK(got->maybe_payment == NULL && got->maybe_pin == NULL && got->maybe_texts == NULL && got->maybe_extra == NULL);
  CHECK(got->maybe_inners == NULL && got->type == NULL && got->class_ == NULL);
  CHECK(got->limit == 50 && same(got->currency, "CHF") && got->careful && got->tags_len == 0);
}

static void check_present(const tg_everything *got) {
  CHECK(got->has_maybe_yes && !got->maybe_yes && got->has_maybe_count && got->maybe_count == 0);
  CHECK(got->has_maybe_id && got->maybe_id == -1 && got->has_maybe_at && got->maybe_at == 0);
  CHECK(same(got->maybe_text, "") && got->maybe_body != NULL && got->maybe_body_len == 0);
  CHECK(same(got->maybe_amount, "-0.5") && same(got->maybe_inner->label, "first"));
  CHECK(got->maybe_strictness == TG_STRICTNESS_LAX && got->maybe_progress.tag == 0);
  CHECK(same(got->maybe_progress.text, "something new") && got->maybe_payment->tag == TG_PAYMENT_CASH);
  check_secret(got->maybe_pin, "1234");
  CHECK(got->maybe_texts != NULL && got->maybe_texts_len == 0 && got->maybe_inners_len == 2);
  CHECK(got->maybe_extra_len == 1 && same(got->maybe_extra[0].key, "b"));
  CHECK(got->limit == 7 && same(got->currency, "EUR") && !got->careful);
  CHECK(got->tags_len == 2 && same(got->type, "kind") && same(got->class_, "first"));
}

static void every_type_comes_back_as_it_went(const tg_probe *probe) {
  tg_everything sent;
  tg_everything *got = NULL;
  tg_everything *again = NULL;
  tg_secret *pin = NULL;
  tg_error *error = NULL;
  CHECK(tg_secret_new("1234", &pin, &error) == TG_OK);
  fill(&sent, pin);
  CHECK(tg_probe_echo(probe, &sent, &got, &error) == TG_OK);
  CHECK(error == NULL && got != NULL);
  check_required(got, &sent);
  check_absent(got);
  /* A result is an argument as it is. */
  CHECK(tg_probe_echo_now(probe, got, &again, &error) == TG_OK);
  tg_everything_free(got);
  check_required(again, &sent);
  tg_everything_free(again);

  fill_optional(&sent, pin);
  CHECK(tg_probe_echo(probe, &sent, &got, &error) == TG_OK);
  tg_secret_free(pin);
  check_required(got, &sent);
  check_present(got);
  tg_everything_free(got);
}

static void single_values_come_back_as_they_went(const tg_probe *probe) {
  char *text = NULL;
  tg_string_list *texts = NULL;
  tg_bytes *body = NULL;
  tg_pair_list *pairs = NULL;
  tg_progress progress = {0, "new"};
  tg_progress *progress_back = NULL;
  tg_payment payment;
  tg_payment *payment_back = NULL;
  tg_inner *inner = NULL;
  tg_inner_list *inners = NULL;
  tg_secret *secret = NULL;
  tg_secret *secret_back = NULL;
  int64_t number = 0;
  int32_t strictness = 0;
  uint32_t count = 9;
  bool there = true;
  const char *const two[] = {"a", "b"};
  const uint8_t bytes[] = {1, 0, 2};
  const tg_pair pair = {"k", "v"};

  CHECK(tg_probe_name(probe, &text, NULL) == TG_OK && same(text, "counter"));
  tg_string_free(text);
  CHECK(tg_probe_add(probe, 40, 2, &number, NULL) == TG_OK && number == 42);
  CHECK(tg_add_numbers(-1, 1, &number, NULL) == TG_OK && number == 0);
  CHECK(tg_probe_echo_text(probe, "x", &text, NULL) == TG_OK && same(text, "x"));
  tg_string_free(text);
  CHECK(tg_probe_echo_maybe_text(probe, NULL, &text, NULL) == TG_OK && text == NULL);
  CHECK(tg_probe_echo_texts(probe, two, 2, &texts, NULL) == TG_OK && texts->items_len == 2 && same(texts->items[1], "b"));
  tg_string_list_free(texts);
  CHECK(tg_probe_echo_texts(probe, NULL, 0, &texts, NULL) == TG_OK && texts->items_len == 0);
  tg_string_list_free(texts);
  CHECK(tg_probe_echo_body(probe, bytes, 3, &body, NULL) == TG_OK && body->data_len == 3 && body->data[2] == 2);
  tg_bytes_free(body);
  CHECK(tg_probe_echo_amount(probe, "-12.3400", &text, NULL) == TG_OK && same(text, "-12.3400"));
  tg_string_free(text);
  CHECK(tg_probe_echo_time(probe, -5, &number, NULL) == TG_OK && number == -5);
  CHECK(tg_probe_echo_maybe_time(probe, false, 77, &there, &number, NULL) == TG_OK && !there && number == -5);
  CHECK(tg_probe_echo_maybe_count(probe, true, 0, &there, &count, NULL) == TG_OK && there && count == 0);
  CHECK(tg_probe_echo_extra(probe, &pair, 1, &pairs, NULL) == TG_OK && same(pairs->items[0].value, "v"));
  tg_pair_list_free(pairs);
  CHECK(tg_probe_echo_strictness(probe, TG_STRICTNESS_USUAL, &strictness, NULL) == TG_OK && strictness == 2);
  CHECK(tg_probe_echo_progress(probe, progress, &progress_back, NULL) == TG_OK);
  CHECK(progress_back->tag == 0 && same(progress_back->text, "new"));
  tg_open_free(progress_back);
  /* A known text is known, whoever says it. */
  progress.text = "WAITING";
  CHECK(tg_probe_echo_progress(probe, progress, &progress_back, NULL) == TG_OK);
  CHECK(progress_back->tag == TG_PROGRESS_WAITING);
  tg_open_free(progress_back);
  tg_payment_init(&payment, sizeof payment);
  payment.tag = TG_PAYMENT_CASH;
  CHECK(tg_probe_echo_payment(probe, &payment, &payment_back, NULL) == TG_OK && payment_back->tag == TG_PAYMENT_CASH);
  tg_payment_free(payment_back);
  CHECK(tg_secret_new("s3cret", &secret, NULL) == TG_OK);
  CHECK(tg_probe_echo_secret(probe, secret, &secret_back, NULL) == TG_OK);
  tg_secret_free(secret);
  check_secret(secret_back, "s3cret");
  tg_secret_free(secret_back);
  CHECK(tg_probe_password(probe, &secret_back, NULL) == TG_OK && secret_back == NULL);
  CHECK(tg_probe_echo_maybe_inner(probe, NULL, &inner, NULL) == TG_OK && inner == NULL);
  CHECK(tg_probe_ten(probe, &inners, NULL) == TG_OK && inners->items_len == 10);
  CHECK(inners->items[9]->count == 9 && same(inners->items[9]->label, "number 9"));
  tg_inner_list_free(inners);
  CHECK(tg_probe_nothing(probe, NULL) == TG_OK);
}

static void a_stream_ends_with_nothing(const tg_probe *probe) {
  tg_probe_stream *stream = NULL;
  tg_inner *event = NULL;
  int count = 0;
  CHECK(tg_probe_events(probe, &stream, NULL) == TG_OK);
  while (tg_probe_stream_next(stream, &event, NULL) == TG_OK && event != NULL) {
    count++;
    tg_inner_free(event);
  }
  CHECK(count == 3);
  tg_probe_stream_free(stream);
}

static void an_error_tells_all_it_knows(const tg_probe *probe) {
  tg_inner *inner = (tg_inner *)&passed;
  tg_error *error = NULL;
  int32_t status = tg_probe_fail(probe, "because", &inner, &error);
  CHECK(status == TG_ERROR_GATEWAY_REFUSED && error->code == status && same(error->code_name, "gateway_refused"));
  /* Results are written on success alone. */
  CHECK(inner == (tg_inner *)&passed);
  CHECK(same(error->reason, "because") && same(error->advice, "Nothing was bought. Try another probe."));
  CHECK(error->outcome == TG_OUTCOME_REFUSED && same(error->gateway_code, "E-77"));
  CHECK(same(error->gateway_text, "the gateway's own words") && error->has_http_status && error->http_status == 422);
  CHECK(same(error->order_id, "order-1") && same(error->request_id, "request-1") && error->field == NULL);
  CHECK(strstr(error->text, "because") != NULL && error->struct_size == sizeof *error);
  tg_error_free(error);
  CHECK(tg_probe_fail(probe, "because", &inner, NULL) == TG_ERROR_GATEWAY_REFUSED);
}

static void a_panic_becomes_an_error(const tg_probe *probe) {
  uint32_t number = 1;
  tg_error *error = NULL;
  int32_t status = tg_probe_panic_now(probe, &number, &error);
  CHECK(status == TG_ERROR_INTERNAL && number == 1 && strstr(error->reason, "a defect, at once") != NULL);
  tg_error_free(error);
  status = tg_probe_panic_later(probe, &number, &error);
  CHECK(status == TG_ERROR_INTERNAL && strstr(error->reason, "a defect, later") != NULL);
  tg_error_free(error);
}

static void wrong_arguments_are_named(const tg_probe *probe) {
  tg_everything value;
  tg_everything *got = NULL;
  tg_secret *pin = NULL;
  tg_error *error = NULL;
  char *text = NULL;
  int64_t number = 0;
  tg_inner inner;
  const tg_inner *inners[2];
  tg_inner_list *list = NULL;
  struct {
    tg_inner known;
    uint64_t newer;
  } grown;
  const tg_pair doubles[] = {{"k", "1"}, {"k", "2"}};
  tg_pair_list *pairs = NULL;
  tg_probe *nobody = NULL;

  CHECK(tg_secret_new("1234", &pin, NULL) == TG_OK);
#define WRONG(call, field) \
  do { \
    int32_t status = (call); \
    CHECK(failed_with(status, error, TG_ERROR_INVALID_ARGUMENT, field)); \
    error = NULL; \
  } while (0)
#define WRONG_VALUE(change, field) \
  do { \
    fill(&value, pin); \
    change; \
    WRONG(tg_probe_echo_now(probe, &value, &got, &error), field); \
  } while (0)

  WRONG(tg_probe_name(NULL, &text, &error), "handle");
  WRONG(tg_probe_name(probe, NULL, &error), "out");
  WRONG(tg_probe_new(NULL, &nobody, &error), "config");
  WRONG(tg_probe_echo_text(probe, NULL, &text, &error), "text");
  WRONG(tg_probe_echo_text(probe, "\xff", &text, &error), "text");
  WRONG(tg_probe_echo_amount(probe, "1e3", &text, &error), "amount");
  WRONG(tg_probe_echo_amount(probe, "1_000", &text, &error), "amount");
  WRONG(tg_probe_echo_amount(probe, "", &text, &error), "amount");
  WRONG(tg_probe_echo_amount(probe, "+1", &text, &error), "amount");
  WRONG(tg_probe_echo_amount(probe, "0.12345678901234567890123456789012345", &text, &error), "amount");
  WRONG(tg_probe_echo_time(probe, INT64_MAX, &number, &error), "at");
  WRONG(tg_probe_echo_extra(probe, doubles, 2, &pairs, &error), "extra[1].key");
  WRONG(tg_probe_echo_extra(probe, NULL, 2, &pairs, &error), "extra");
  WRONG(tg_probe_echo_now(probe, NULL, &got, &error), "value");
  WRONG_VALUE(value.text = NULL, "value.text");
  WRONG_VALUE(value.money = NULL, "value.money");
  WRONG_VALUE(value.pin = NULL, "value.pin");
  WRONG_VALUE(value.amount = "twelve", "value.amount");
  WRONG_VALUE(value.strictness = 3, "value.strictness");
  WRONG_VALUE(value.strictness = 0, "value.strictness");
  WRONG_VALUE(value.progress.tag = 0, "value.progress.text");
  WRONG_VALUE(value.progress.tag = 99, "value.progress.tag");
  WRONG_VALUE(value.progress.text = "WAITING", "value.progress.text");
  WRONG_VALUE(value.texts = NULL, "value.texts");
  WRONG_VALUE(value.maybe_texts_len = 1, "value.maybe_texts");
  WRONG_VALUE(value.struct_size = 0, "value.struct_size");
  WRONG_VALUE(value.struct_size = (size_t)1 << 40, "value.struct_size");

  tg_inner_init(&inner, sizeof inner);
  inner.label = "x";
  inners[0] = &inner;
  inners[1] = NULL;
  WRONG(tg_probe_echo_list(probe, inners, 2, &list, &error), "values[1]");
  inner.label = "\xc3";
  WRONG(tg_probe_echo_list(probe, inners, 1, &list, &error), "values[0].label");

  /* A program of a newer header: its unknown member must be zero. */
  tg_inner_init(&grown.known, sizeof grown);
  CHECK(grown.newer == 0 && grown.known.struct_size == sizeof grown);
  grown.known.label = "x";
  inners[0] = &grown.known;
  CHECK(tg_probe_echo_list(probe, inners, 1, &list, &error) == TG_OK);
  tg_inner_list_free(list);
  grown.newer = 1;
  WRONG(tg_probe_echo_list(probe, inners, 1, &list, &error), "values[0]");
  /* A program of an older header: what it does not know has its default. */
  inner.label = "old";
  inner.count = 77;
  inner.struct_size = offsetof(tg_inner, count);
  inners[0] = &inner;
  CHECK(tg_probe_echo_list(probe, inners, 1, &list, &error) == TG_OK);
  CHECK(same(list->items[0]->label, "old") && list->items[0]->count == 3);
  tg_inner_list_free(list);
  tg_secret_free(pin);
}

static void what_is_closed_says_so(tg_probe *probe) {
  tg_probe_stream *stream = NULL;
  tg_error *error = NULL;
  int32_t status;
  CHECK(tg_probe_close(probe, &error) == TG_OK);
  CHECK(tg_probe_close(probe, &error) == TG_OK);
  status = tg_probe_events(probe, &stream, &error);
  CHECK(failed_with(status, error, TG_ERROR_CLOSED, NULL));
  CHECK(stream == NULL);
}

static void nothing_may_be_freed(void) {
  tg_error_free(NULL);
  tg_probe_free(NULL);
  tg_everything_free(NULL);
  tg_inner_list_free(NULL);
  tg_string_free(NULL);
  tg_bytes_free(NULL);
  tg_pair_list_free(NULL);
  tg_open_free(NULL);
  tg_secret_free(NULL);
  tg_inner_init(NULL, 8);
}

int main(void) {
  tg_probe *probe = open_probe();
  tg_probe *other = NULL;
  tg_probe_config config;
  tg_error *error = NULL;
  int32_t status;
  CHECK(tg_abi_version() == TG_ABI_VERSION && tg_version()[0] != 0);
  tg_probe_config_init(&config, sizeof config);
  config.name = "";
  status = tg_probe_new(&config, &other, &error);
  CHECK(failed_with(status, error, TG_ERROR_INVALID_ARGUMENT, "config.name"));
  CHECK(tg_probe_open("later", &other, NULL) == TG_OK);
  tg_probe_free(other);
  every_type_comes_back_as_it_went(probe);
  single_values_come_back_as_they_went(probe);
  a_stream_ends_with_nothing(probe);
  an_error_tells_all_it_knows(probe);
  a_panic_becomes_an_error(probe);
  wrong_arguments_are_named(probe);
  nothing_may_be_freed();
  what_is_closed_says_so(probe);
  tg_probe_free(probe);
  printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 100 ? EXIT_SUCCESS : EXIT_FAILURE;
}
