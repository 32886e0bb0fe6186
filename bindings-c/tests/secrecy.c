/*
 * Nothing that is secret comes out of the library unasked: a canary in the place of each secret is searched for in the log at its
 * most talkative level, in every text of every error and order, in what the process prints, and in the journal's files. Then
 * one canary is let out on purpose, and the same search must find it in each of them.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tillgate.h"

/* Where people read; the process's own output is searched and goes elsewhere at times. */
static int screen = STDOUT_FILENO;

static void must_hold(bool holds, const char *what) {
  if (!holds) {
    fflush(stdout);
    dprintf(screen, "not so: %s\n", what);
    exit(EXIT_FAILURE);
  }
}

/* A text that grows. */
typedef struct {
  char *data;
  size_t size;
} heap;

static void add(heap *to, const char *data, size_t size) {
  char *grown = (char *)realloc(to->data, to->size + size + 1);
  must_hold(grown != NULL, "there is memory");
  to->data = grown;
  memcpy(to->data + to->size, data, size);
  to->size += size;
  to->data[to->size] = 0;
}

static void add_text(heap *to, const char *text) {
  if (text != NULL) {
    add(to, text, strlen(text));
    add(to, "\n", 1);
  }
}

static void add_format(heap *to, const char *format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  add(to, line, strlen(line));
}

static void add_stream(heap *to, FILE *from) {
  char block[4096];
  size_t size;
  while ((size = fread(block, 1, sizeof block, from)) > 0) {
    add(to, block, size);
  }
}

static void add_file(heap *to, const char *path) {
  FILE *file = fopen(path, "rb");
  if (file != NULL) {
    add_stream(to, file);
    fclose(file);
  }
}

static void empty(heap *what) {
  free(what->data);
  what->data = NULL;
  what->size = 0;
}

/* The canaries: the text, and the letters and digits in it, which no way of writing it changes. */
typedef struct {
  const char *name;
  const char *text;
  const char *core;
} canary;

enum {
  PASSWORD, TOKEN, GIFT_CARD, PAYMENT, VOUCHER, SERIAL, PIN, LINK, NEW_PART, MADE_TOKEN, CODE, PROXY, ADDRESS, CALLBACK, KEY, OTHER_KEY,
  LET_OUT, CANARIES
};

static const canary canaries[CANARIES] = {
  {"password", "a'/ %canaryPassword01", "canaryPassword01"},
  {"token", "'/%canaryToken02==", "canaryToken02"},
  {"gift card", "a/' %?canaryGiftCard03", "canaryGiftCard03"},
  {"payment code", "'&canaryPayment04", "canaryPayment04"},
  {"voucher", "'canaryVoucher05", "canaryVoucher05"},
  {"serial", "canarySerial06", "canarySerial06"},
  {"PIN", "canaryPin07", "canaryPin07"},
  {"link", "https://pdf.example/canaryLink08", "canaryLink08"},
  {"new part", "canaryNewPart09", "canaryNewPart09"},
  {"made token", "canaryMadeToken10", "canaryMadeToken10"},
  {"verification code", "7391", "7391"},
  {"proxy password", "canaryProxy11", "canaryProxy11"},
  {"address", "canaryAddress12", "canaryAddress12"},
  {"callback", "canaryCallback13", "canaryCallback13"},
  {"journal key", "Y2FuYXJ5Sm91cm5hbEtleTE0YWJjZGVmZ2hpamtsbW4=", "canaryJournalKey14abcdefghijklmn"},
  {"wrong key", "Y2FuYXJ5V3JvbmdLZXkxNWFiY2RlZmdoaWprbG1ub3A=", "canaryWrongKey15abcdefghijklmnop"},
  {"let out", "canaryletout16", "canaryletout16"},
};

static bool is_of_a_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool holds(const heap *where, const char *needle, size_t size, bool alone) {
  const char *at = where->data;
  const char *end = where->data + where->size;
  while (at != NULL && end - at >= (ptrdiff_t)size) {
    at = (const char *)memchr(at, needle[0], (size_t)(end - at) - size + 1);
    if (at == NULL) {
      return false;
    }
    if (memcmp(at, needle, size) == 0) {
      bool before = at > where->data && is_of_a_word(at[-1]);
      bool after = at + size < end && is_of_a_word(at[size]);
      if (!alone || (!before && !after)) {
        return true;
      }
    }
    at++;
  }
  return false;
}

/* The Base64 of a text that `before` other bytes precede, without the letters that its neighbours decide. */
static void base64(const char *text, size_t before, heap *out) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t sure = before == 0 ? 0 : before + 1;
  size_t bits = (before + strlen(text)) * 8;
  size_t letter;
  for (letter = sure; (letter + 1) * 6 <= bits; letter++) {
    unsigned value = 0;
    size_t bit;
    for (bit = letter * 6; bit < letter * 6 + 6; bit++) {
      unsigned char byte = bit / 8 < before ? 0 : (unsigned char)text[bit / 8 - before];
      value = value << 1 | (byte >> (7 - bit % 8) & 1u);
    }
    add(out, &letters[value], 1);
  }
}

/* The form in which a canary stands in there, or NULL. */
static const char *found_in(const heap *where, const canary *what) {
  size_t size = strlen(what->core);
  /* Four digits stand by chance in longer numbers; as a code they stand alone. */
  bool alone = size == 4;
  heap form = {NULL, 0};
  size_t i;
  bool found;
  if (where->size == 0) {
    return NULL;
  }
  if (holds(where, what->core, size, alone)) {
    return "plain";
  }
  for (i = 0; i < size; i++) {
    add_format(&form, "%02x", (unsigned)(unsigned char)what->core[i]);
  }
  found = holds(where, form.data, form.size, alone);
  empty(&form);
  if (found) {
    return "hex";
  }
  for (i = 0; i < 3 && !alone; i++) {
    base64(what->core, i, &form);
    found = holds(where, form.data, form.size, false);
    empty(&form);
    if (found) {
      return "Base64";
    }
  }
  return NULL;
}

/* A gateway: it delivers, and under /quoting it refuses and quotes the whole request. It serves one connection after another. */
typedef struct {
  int socket;
  unsigned port;
  bool lets_out;
} gateway;

static void add_json(heap *to, const char *text) {
  for (; *text != 0; text++) {
    if (*text == '"' || *text == '\\') {
      add(to, "\\", 1);
    }
    if ((unsigned char)*text < ' ') {
      add(to, " ", 1);
    } else {
      add(to, text, 1);
    }
  }
}

static void add_record(heap *to, const char *id, size_t size) {
  add_format(to, "[{\"uid\":\"0101-%.*s\",\"user_uid\":\"%.*s\",\"face_value_id\":1111,\"face_value\":10.5,", (int)size, id, (int)size, id);
  add_format(to, "\"face_value_currency\":\"CHF\",\"scenario\":\"simulate-success\",\"status\":\"success\",\"new\":\"%s\",",
             canaries[NEW_PART].text);
  add_format(to, "\"beneficiary_information\":[{\"name\":\"mobile\",\"value\":\"+41791234567\"}],\"gift_card_code\":\"%s\",",
             canaries[PAYMENT].text);
  add_format(to, "\"response_code\":\"00\",\"response_title\":\"Success\",\"response_description\":\"Your code: %s %s\",",
             canaries[VOUCHER].text, canaries[PIN].text);
  add_format(to, "\"prepaid_code\":{\"code\":\"%s\",\"serial\":\"%s\",\"pin_code\":\"%s\",\"pdf_link\":\"%s\",\"new\":\"%s\"}}]",
             canaries[VOUCHER].text, canaries[SERIAL].text, canaries[PIN].text, canaries[LINK].text, canaries[NEW_PART].text);
}

static void add_answer(heap *to, const gateway *from, const char *request) {
  const char *id = strstr(request, "user_uid=");
  if (strncmp(strchr(request, ' '), " /quoting", 9) == 0) {
    add_format(to, "{\"code\":\"%s", from->lets_out ? canaries[LET_OUT].text : "");
    add_json(to, request);
    add(to, "\",\"message\":\"", 13);
    add_json(to, request);
    add(to, "\"}", 2);
  } else if (strstr(request, "/gift-card/") != NULL) {
    add_format(to, "{\"code\":\"%s\",\"active\":true,\"face_value\":1,\"currency\":\"CHF\",\"remaining_balance\":1}",
               canaries[GIFT_CARD].text);
  } else if (strstr(request, "/access/token") != NULL) {
    add_format(to, "{\"token\":\"%s\"}", canaries[MADE_TOKEN].text);
  } else if (strstr(request, "/verification/") != NULL) {
    add_format(to, "{\"status\":\"success\"}");
  } else if (id != NULL) {
    add_record(to, id + 9, strcspn(id + 9, " &"));
  } else {
    id = strstr(request, "\"user_uid\":\"");
    add_record(to, id != NULL ? id + 12 : "", id != NULL ? strcspn(id + 12, "\"") : 0);
  }
}

static void serve(const gateway *from, int connection) {
  heap request = {NULL, 0};
  heap body = {NULL, 0};
  heap head = {NULL, 0};
  char block[4096];
  size_t wanted = (size_t)-1;
  ssize_t size;
  while (request.size < wanted && (size = read(connection, block, sizeof block)) > 0) {
    const char *end;
    const char *length;
    add(&request, block, (size_t)size);
    end = strstr(request.data, "\r\n\r\n");
    if (end != NULL && wanted == (size_t)-1) {
      length = strstr(request.data, "content-length: ");
      wanted = (size_t)(end + 4 - request.data) + (length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0);
    }
  }
  if (request.size > 0 && request.size >= wanted) {
    const char *status = strncmp(strchr(request.data, ' '), " /quoting", 9) == 0 ? "402 No" : "200 OK";
    add_answer(&body, from, request.data);
    add_format(&head, "HTTP/1.1 %s\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: %lu\r\n\r\n", status,
               (unsigned long)body.size);
    add(&head, body.data, body.size);
    if (write(connection, head.data, head.size) != (ssize_t)head.size) {
      fprintf(stderr, "the gateway could not answer\n");
    }
  }
  close(connection);
  empty(&request);
  empty(&body);
  empty(&head);
}

static void *work(void *data) {
  const gateway *from = (const gateway *)data;
  int connection;
  while ((connection = accept(from->socket, NULL, NULL)) >= 0) {
    serve(from, connection);
  }
  return NULL;
}

static void open_gateway(gateway *to) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to->socket = socket(AF_INET, SOCK_STREAM, 0);
  must_hold(bind(to->socket, (struct sockaddr *)&address, size) == 0 && listen(to->socket, 64) == 0, "there is a port");
  must_hold(getsockname(to->socket, (struct sockaddr *)&address, &size) == 0, "the port has a number");
  to->port = ntohs(address.sin_port);
}

/* What comes out, by channel. */
enum { LOG, ERRORS, ORDERS, OUTPUT, OPEN, CLOSED, CHANNELS };

static const char *const channel_names[CHANNELS] = {"log", "errors", "orders", "output", "journal, open", "journal, closed"};
/* What proves that a channel was heard. */
static const char *const signs_of_life[CHANNELS] = {"answered", "insufficient_funds", "intent", "began", "+41791234567", "SQLite format"};

static heap came_out[CHANNELS];
static pthread_mutex_t lines = PTHREAD_MUTEX_INITIALIZER;

static void hear(void *user_data, int32_t level, const char *part, const char *text) {
  (void)user_data;
  (void)level;
  pthread_mutex_lock(&lines);
  add_text(&came_out[LOG], part);
  add_text(&came_out[LOG], text);
  pthread_mutex_unlock(&lines);
}

/*
 * Keeps the texts of an error, if there was one, and frees it. By its address: which argument of a call is evaluated first, the call
 * that makes the error or the error, C leaves open.
 */
static void told(int32_t status, tg_error **made) {
  heap *to = &came_out[ERRORS];
  tg_error *error = *made;
  must_hold((status == TG_OK) == (error == NULL), "an error comes with its status");
  if (error != NULL) {
    add_text(to, error->code_name);
    add_text(to, error->text);
    add_text(to, error->reason);
    add_text(to, error->advice);
    add_text(to, error->field);
    add_text(to, error->gateway_code);
    add_text(to, error->gateway_text);
    add_text(to, error->order_id);
    add_text(to, error->request_id);
    tg_error_free(error);
    *made = NULL;
  }
}

static void kept(tg_order *order) {
  heap *to = &came_out[ORDERS];
  size_t i;
  if (order == NULL) {
    return;
  }
  add_text(to, order->conflict);
  add_text(to, order->account);
  add_text(to, order->gateway_uid);
  add_text(to, order->gateway_status);
  add_text(to, order->response_code);
  add_text(to, order->response_text);
  add_text(to, order->issuer_reference);
  for (i = 0; i < order->attempts_len; i++) {
    add_text(to, order->attempts[i]->reason);
    add_text(to, order->attempts[i]->advice);
    add_text(to, order->attempts[i]->gateway_code);
  }
  tg_order_free(order);
}

static tg_secret *secret(int which) {
  tg_secret *made = NULL;
  must_hold(tg_secret_new(canaries[which].text, &made, NULL) == TG_OK, "a secret is made");
  return made;
}

/* A client with a password or a token, at this address, through a proxy if one is named. NULL if it is refused. */
static tg_cysend_client *client_at(const char *address, int which, const char *proxy_address) {
  tg_cysend_config config;
  tg_cysend_credentials credentials;
  tg_transport_config transport;
  tg_proxy_config proxy;
  tg_cysend_client *client = NULL;
  tg_error *error = NULL;
  tg_secret *proof = secret(which);
  tg_secret *proxy_password = secret(PROXY);
  tg_cysend_credentials_init(&credentials, sizeof credentials);
  credentials.user = "till";
  if (which == TOKEN) {
    credentials.token = proof;
  } else {
    credentials.password = proof;
  }
  tg_proxy_config_init(&proxy, sizeof proxy);
  proxy.url = proxy_address;
  proxy.user = "till";
  proxy.password = proxy_password;
  tg_transport_config_init(&transport, sizeof transport);
  transport.has_use_environment_proxy = true;
  transport.proxy = proxy_address != NULL ? &proxy : NULL;
  tg_cysend_config_init(&config, sizeof config);
  config.credentials = &credentials;
  config.base_url = address;
  config.transport = &transport;
  told(tg_cysend_client_new(&config, &client, &error), &error);
  tg_secret_free(proof);
  tg_secret_free(proxy_password);
  return client;
}

/* Calls that carry a secret, or are answered with one. */
static void call(const tg_cysend_client *client) {
  tg_cysend_gift_card *card = NULL;
  tg_cysend_verification_status *status = NULL;
  tg_cysend_token *token = NULL;
  tg_cysend_verification verification;
  tg_cysend_token_options options;
  tg_error *error = NULL;
  tg_secret *card_code = secret(GIFT_CARD);
  tg_secret *code = secret(CODE);
  told(tg_cysend_client_get_gift_card(client, card_code, &card, &error), &error);
  told(tg_cysend_client_put_active(client, card_code, true, &error), &error);
  tg_cysend_verification_init(&verification, sizeof verification);
  verification.uid = "abcd1234";
  verification.method.tag = TG_CYSEND_VERIFICATION_METHOD_SMS;
  verification.code = code;
  told(tg_cysend_client_phone_number_verify(client, &verification, &status, &error), &error);
  tg_cysend_token_options_init(&options, sizeof options);
  told(tg_cysend_client_create_access_token(client, &options, &token, &error), &error);
  tg_secret_free(card_code);
  tg_secret_free(code);
  tg_cysend_gift_card_free(card);
  tg_cysend_verification_status_free(status);
  tg_cysend_token_free(token);
}

static tg_till *open_till(const char *path, int which) {
  tg_till_config config;
  tg_journal_key key;
  tg_till *till = NULL;
  tg_error *error = NULL;
  tg_secret *text = secret(which);
  tg_journal_key_init(&key, sizeof key);
  key.id = "first";
  key.key = text;
  tg_till_config_init(&config, sizeof config);
  config.journal_path = path;
  config.create = true;
  config.key = &key;
  config.installation_id = "test";
  told(tg_till_open(&config, &till, &error), &error);
  tg_secret_free(text);
  return till;
}

static void buy(const tg_till *till, const char *name, const char *address) {
  tg_cysend_account account;
  tg_new_order order;
  tg_money amount;
  tg_beneficiary_field mobile;
  const tg_beneficiary_field *beneficiary = &mobile;
  tg_order *bought = NULL;
  tg_voucher *voucher = NULL;
  tg_history_entry_list *history = NULL;
  tg_error *error = NULL;
  tg_secret *payment = secret(PAYMENT);
  heap callback = {NULL, 0};
  size_t i;
  tg_cysend_client *client = client_at(address, PASSWORD, NULL);

  must_hold(client != NULL, "there is a client");
  tg_cysend_account_init(&account, sizeof account);
  account.client = client;
  account.name = name;
  told(tg_till_attach_cysend(till, &account, &error), &error);
  add_format(&callback, "https://till.example/%s", canaries[CALLBACK].text);
  tg_beneficiary_field_init(&mobile, sizeof mobile);
  mobile.name = "mobile";
  mobile.value = "+41791234567";
  tg_money_init(&amount, sizeof amount);
  amount.amount = "10.50";
  amount.currency = "CHF";
  tg_new_order_init(&order, sizeof order);
  order.id = name;
  order.account = name;
  order.product = "1111";
  order.amount = &amount;
  order.scenario = "simulate-success";
  order.beneficiary = &beneficiary;
  order.beneficiary_len = 1;
  order.payment_code = payment;
  order.callback_url = callback.data;
  told(tg_till_buy(till, &order, &bought, &error), &error);
  kept(bought);
  told(tg_till_reveal(till, name, &voucher, &error), &error);
  tg_voucher_free(voucher);
  told(tg_till_history(till, name, &history, &error), &error);
  for (i = 0; history != NULL && i < history->items_len; i++) {
    add_text(&came_out[ORDERS], history->items[i]->what);
    add_text(&came_out[ORDERS], history->items[i]->note);
  }
  tg_history_entry_list_free(history);
  tg_secret_free(payment);
  tg_cysend_client_free(client);
  empty(&callback);
}

static void call_back(const tg_till *till) {
  tg_callback_request request;
  tg_callback_answer *answer = NULL;
  tg_error *error = NULL;
  heap body = {NULL, 0};
  add_record(&body, "delivering", 10);
  tg_callback_request_init(&request, sizeof request);
  request.body = (const uint8_t *)body.data;
  request.body_len = body.size;
  request.account = "delivering";
  told(tg_till_handle_callback(till, &request, &answer, &error), &error);
  tg_callback_answer_free(answer);
  /* What cannot be read is told without it. */
  request.body_len--;
  answer = NULL;
  told(tg_till_handle_callback(till, &request, &answer, &error), &error);
  tg_callback_answer_free(answer);
  empty(&body);
}

static void add_journal(heap *to, const char *path) {
  static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
  size_t i;
  for (i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    heap name = {NULL, 0};
    add_format(&name, "%s%s", path, endings[i]);
    add_file(to, name.data);
    empty(&name);
  }
}

/* A whole day, with or without a canary that is let out; what came out is left in the channels. */
static void day(const char *path, bool lets_out) {
  gateway from;
  pthread_t thread;
  tg_till *till;
  tg_cysend_client *client;
  tg_error *error = NULL;
  heap delivering = {NULL, 0};
  heap quoting = {NULL, 0};
  heap wrong = {NULL, 0};
  heap nowhere = {NULL, 0};
  const char *addresses[2];
  int i;
  int errors;
  FILE *output;

  for (i = 0; i < CHANNELS; i++) {
    empty(&came_out[i]);
  }
  from.lets_out = lets_out;
  open_gateway(&from);
  must_hold(pthread_create(&thread, NULL, work, &from) == 0, "there is a thread");
  add_format(&delivering, "http://127.0.0.1:%u/openapi", from.port);
  add_format(&quoting, "http://127.0.0.1:%u/quoting", from.port);
  add_format(&wrong, "https://till:%s@shop.example", canaries[ADDRESS].text);
  add_format(&nowhere, "https://%s.invalid", lets_out ? canaries[LET_OUT].text : "nowhere");

  /* What the process prints goes to a file meanwhile. */
  fflush(stdout);
  fflush(stderr);
  screen = dup(STDOUT_FILENO);
  errors = dup(STDERR_FILENO);
  output = tmpfile();
  must_hold(output != NULL, "there is a file");
  dup2(fileno(output), STDOUT_FILENO);
  dup2(fileno(output), STDERR_FILENO);
  printf("it began %s\n", lets_out ? canaries[LET_OUT].text : "");
  tg_log_set(hear, NULL, TG_LOG_TRACE);

  addresses[0] = delivering.data;
  addresses[1] = quoting.data;
  for (i = 0; i < 4; i++) {
    client = client_at(addresses[i % 2], i < 2 ? PASSWORD : TOKEN, NULL);
    must_hold(client != NULL, "there is a client");
    call(client);
    tg_cysend_client_free(client);
  }
  /* The gateway is no proxy, and quotes what it was asked. */
  client = client_at("https://gateway.invalid", PASSWORD, delivering.data);
  must_hold(client != NULL, "there is a client");
  told(tg_cysend_client_ping(client, &error), &error);
  tg_cysend_client_free(client);
  client = client_at(nowhere.data, PASSWORD, NULL);
  must_hold(client != NULL, "there is a client");
  told(tg_cysend_client_ping(client, &error), &error);
  tg_cysend_client_free(client);
  must_hold(client_at(wrong.data, PASSWORD, NULL) == NULL, "an address with a password is refused");

  till = open_till(path, KEY);
  must_hold(till != NULL, "there is a till");
  buy(till, "delivering", delivering.data);
  buy(till, "quoting", quoting.data);
  call_back(till);
  add_journal(&came_out[OPEN], path);
  told(tg_till_close(till, &error), &error);
  tg_till_free(till);
  must_hold(open_till(path, OTHER_KEY) == NULL, "a wrong key is refused");
  add_journal(&came_out[CLOSED], path);

  tg_log_set(NULL, NULL, 0);
  fflush(stdout);
  fflush(stderr);
  dup2(screen, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  close(screen);
  close(errors);
  screen = STDOUT_FILENO;
  rewind(output);
  add_stream(&came_out[OUTPUT], output);
  fclose(output);
  shutdown(from.socket, SHUT_RDWR);
  close(from.socket);
  pthread_join(thread, NULL);
  empty(&delivering);
  empty(&quoting);
  empty(&wrong);
  empty(&nowhere);
}

int main(void) {
  bool ok = true;
  int channel;
  int which;
  tg_error *error = NULL;
  heap sample = {NULL, 0};

  /* The search itself: "till:" and the password in Base64, as Basic authentication writes it. */
  add_text(&sample, "dGlsbDphJy8gJWNhbmFyeVBhc3N3b3JkMDE=");
  must_hold(found_in(&sample, &canaries[PASSWORD]) != NULL && found_in(&sample, &canaries[TOKEN]) == NULL, "Base64 is found");
  empty(&sample);

  day("journal", false);
  printf("%-20s", "");
  for (channel = 0; channel < CHANNELS; channel++) {
    printf("%16s", channel_names[channel]);
    must_hold(holds(&came_out[channel], signs_of_life[channel], strlen(signs_of_life[channel]), false), signs_of_life[channel]);
  }
  for (which = 0; which < CANARIES; which++) {
    printf("\n%-20s", canaries[which].name);
    for (channel = 0; channel < CHANNELS; channel++) {
      const char *form = found_in(&came_out[channel], &canaries[which]);
      /* Told to the gateway again after a restart, so it stands in the journal as it is. */
      bool kept_there = which == CALLBACK && channel >= OPEN;
      printf("%16s", form == NULL ? "-" : kept_there ? "kept" : form);
      ok = ok && (form != NULL) == kept_there;
    }
  }
  printf("\n%-20s", "bytes searched");
  for (channel = 0; channel < CHANNELS; channel++) {
    printf("%16lu", (unsigned long)came_out[channel].size);
  }

  day("journal-that-leaks", true);
  printf("\n%-20s", "let out on purpose");
  for (channel = 0; channel < CHANNELS; channel++) {
    const char *form = found_in(&came_out[channel], &canaries[LET_OUT]);
    printf("%16s", form == NULL ? "NOT FOUND" : form);
    ok = ok && form != NULL;
    empty(&came_out[channel]);
  }
  printf("\n%s\n", ok ? "no secret came out" : "a secret came out, or the search is blind");
  must_hold(tg_shut_down(5000, &error) == TG_OK, "the library ends");
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
