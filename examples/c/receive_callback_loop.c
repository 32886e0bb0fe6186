/*
 * Sells one top-up of 10 CHF, and takes the gateway's callback about it with sockets of its own: for a program that has a loop
 * of its own already, and only needs to know what to hand over.
 *
 *     ./receive_callback_loop [URL [USER [PASSWORD [JOURNAL]]]]
 *
 * One request at a time, bounded in size and in time. Where that is too little, let the till receive callbacks itself: see
 * receive_callback.c. Without arguments it sells at the sandbox: cargo run -p tillgate-sandbox -- --port 8765
 */
#include "shop.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#define HEAD_SIZE_MAX 16384
/* A gateway's callbacks are far smaller. */
#define BODY_SIZE_MAX 1048576
/* From the connection to the last byte. Short, because the others wait meanwhile. */
#define REQUEST_WITHIN_MS 3000
#define TURN_MS 200
#define GIVE_UP_AFTER_MS 120000

/* Time that nobody sets. */
static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until there is something to read, or to accept. */
static bool ready(int socket, int64_t until_ms)
{
    struct pollfd waiting;
    int64_t left_ms = until_ms - now_ms();

    waiting.fd = socket;
    waiting.events = POLLIN;
    waiting.revents = 0;
    return left_ms > 0 && poll(&waiting, 1, (int)left_ms) > 0;
}

/* Reads on; false at the end, after a failure, or when the time is over. */
static bool read_on(int connection, char *request, size_t *len, size_t size, int64_t until_ms)
{
    ssize_t got;

    if (!ready(connection, until_ms)) {
        return false;
    }
    got = recv(connection, request + *len, size - *len, 0);
    if (got > 0) {
        *len += (size_t)got;
    }
    return got > 0;
}

/* Where the body begins; 0 as long as the head is not complete. */
static size_t end_of_head(const char *request, size_t len)
{
    size_t i;

    for (i = 4; i <= len; i++) {
        if (memcmp(request + i - 4, "\r\n\r\n", 4) == 0) {
            return i;
        }
    }
    return 0;
}

/* The body's length as the head tells it; BODY_SIZE_MAX + 1 for all that is larger, -1 when it is not told. */
static long body_length(const char *head)
{
    static const char name[] = "\r\nContent-Length:";
    const char *line;
    long length = -1;

    for (line = strchr(head, '\r'); line != NULL; line = strchr(line + 1, '\r')) {
        if (strncasecmp(line, name, sizeof name - 1) == 0) {
            line += sizeof name - 1;
            while (*line == ' ' || *line == '\t') {
                line++;
            }
            for (length = 0; isdigit((unsigned char)*line) && length <= BODY_SIZE_MAX; line++) {
                length = length * 10 + (*line - '0');
            }
            return length;
        }
    }
    return length;
}

/* sample: hand-over */
/* Gives the raw bytes to the till, as they came, and says what to answer. */
static int hand_over(const tg_till *till, const char *body, size_t body_len)
{
    tg_callback_request request;
    tg_callback_answer *answer = NULL;
    tg_error *error = NULL;
    int http_status = 503; /* It could not be written down: the gateway sends it again. */

    tg_callback_request_init(&request, sizeof request);
    request.body = (const uint8_t *)body;
    request.body_len = body_len;
    if (!failed(tg_till_handle_callback(till, &request, &answer, &error), &error)) {
        http_status = answer->http_status;
    }
    tg_callback_answer_free(answer);
    return http_status;
}
/* sample ends */

/* Reads a request and says what to answer; 0 when nobody is there any more. */
static int take(const tg_till *till, int connection, const char *path, int64_t until_ms)
{
    static char request[HEAD_SIZE_MAX + BODY_SIZE_MAX]; /* one at a time */
    char wanted[320];
    size_t len = 0, body;
    long length;

    while ((body = end_of_head(request, len)) == 0) {
        if (len >= HEAD_SIZE_MAX) {
            return 431;
        }
        if (!read_on(connection, request, &len, HEAD_SIZE_MAX, until_ms)) {
            return now_ms() < until_ms ? 0 : 408;
        }
    }
    request[body - 2] = '\0'; /* ends the head's text */
    snprintf(wanted, sizeof wanted, "POST %s HTTP/1.", path);
    if (strncmp(request, wanted, strlen(wanted)) != 0) {
        return 404;
    }
    length = body_length(request);
    if (length < 0) {
        return 411;
    }
    if (length > BODY_SIZE_MAX) {
        return 413;
    }
    while (len < body + (size_t)length) {
        if (!read_on(connection, request, &len, body + (size_t)length, until_ms)) {
            return now_ms() < until_ms ? 0 : 408;
        }
    }
    /* It is not printed: a callback may carry a voucher's code. */
    return hand_over(till, request + body, (size_t)length);
}

static void answer(int connection, int http_status, int64_t until_ms)
{
    char text[128], rest[4096];
    size_t len = 0;

    snprintf(text, sizeof text, "HTTP/1.1 %d \r\nContent-Length: 0\r\nConnection: close\r\n\r\n", http_status);
    if (http_status != 0 && send(connection, text, strlen(text), MSG_NOSIGNAL) > 0) {
        /* Reads away what was refused, so that the answer is not lost with the connection. */
        shutdown(connection, SHUT_WR);
        while (read_on(connection, rest, &len, sizeof rest, until_ms)) {
            len = 0;
        }
    }
    close(connection);
}

/* Listens on this machine only: what the gateway reaches, and speaks TLS, stands before it. Returns -1 on failure. */
static int listen_here(int *port)
{
    struct sockaddr_in address;
    socklen_t address_len = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof address) != 0 || listen(listening, 64) != 0 ||
        getsockname(listening, (struct sockaddr *)&address, &address_len) != 0) {
        perror("listening");
        if (listening >= 0) {
            close(listening);
        }
        return -1;
    }
    *port = ntohs(address.sin_port);
    return listening;
}

/* Takes callbacks until the order is settled. Nothing in them is believed: the till asks the gateway. */
static int32_t take_until_settled(const tg_till *till, const char *id, int listening, const char *path)
{
    int64_t give_up_at_ms = now_ms() + GIVE_UP_AFTER_MS;
    int32_t state = 0;
    bool settled = false;

    while (!settled && now_ms() < give_up_at_ms) {
        tg_order *order = NULL;
        tg_error *error = NULL;

        if (ready(listening, now_ms() + TURN_MS)) {
            int connection = accept(listening, NULL, NULL);
            int64_t until_ms = now_ms() + REQUEST_WITHIN_MS;
            if (connection >= 0) {
                answer(connection, take(till, connection, path, until_ms), until_ms);
            }
        }
        if (failed(tg_till_order(till, id, &order, &error), &error)) {
            break;
        }
        state = order->state;
        settled = is_settled(order);
        if (settled) {
            print_in_words(order);
        }
        tg_order_free(order);
    }
    return state;
}

int main(int argc, char **argv)
{
    arguments told = arguments_of(argc, argv);
    char place[PATH_SIZE_MAX], url[512], *id = NULL, *path = NULL;
    int port = 0, listening = listen_here(&port);
    tg_till *till = open_till(&told);
    tg_secret *secret_path = NULL;
    tg_order *order = NULL;
    tg_error *error = NULL;
    int32_t state = 0;

    if (listening >= 0 && till != NULL && !failed(tg_new_id(&id, &error), &error) &&
        /* A path that nobody guesses keeps strangers out, since callbacks are not signed. A real till keeps it, so that it
         * hears of earlier orders too. */
        !failed(tg_new_callback_path(&secret_path, &error), &error) &&
        !failed(tg_secret_reveal(secret_path, &path, &error), &error) &&
        save(beside(place, told.journal, ".sale"), id)) {
        snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
        /* For the sandbox: who knows the address can send callbacks, so a real till tells it to the gateway alone. */
        printf("callbacks at %s\n", url);
        fflush(stdout);
        order = buy_top_up(till, id, url);
        if (order != NULL) {
            state = take_until_settled(till, id, listening, path);
        }
    }
    tg_order_free(order);
    tg_string_free(path);
    tg_secret_free(secret_path);
    tg_string_free(id);
    close_till(till);
    if (listening >= 0) {
        close(listening);
    }
    return state == TG_ORDER_STATE_SUCCEEDED ? EXIT_SUCCESS : EXIT_FAILURE;
}
