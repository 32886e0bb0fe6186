"""Takes CY.SEND's callbacks in a Flask application, beside the program that sells.

    export TILLGATE_JOURNAL=journal CYSEND_URL=https://… CYSEND_USER=till CALLBACK_PATH=/callbacks/7f3a…
    gunicorn --workers 2 --timeout 20 'callbacks_flask:create_app()'

Orders name the address of this application as their `callback_url`. Callbacks carry voucher codes: put a
server before it that speaks TLS and waits for slow senders in gunicorn's stead (nginx does), choose a path
that nobody guesses (`tillgate.new_callback_path()` makes one), and log no bodies. Not with `--preload`: a
till does not survive a fork.
"""

from __future__ import annotations

import os

import tillgate
from flask import Flask, Response, request

# A gateway's callbacks are far smaller.
BODY_SIZE_MAX = 1 << 20


# sample: flask
def create_app() -> Flask:
    till = open_till()
    app = Flask(__name__)
    # What is larger is answered with 413, and not read to its end.
    app.config["MAX_CONTENT_LENGTH"] = BODY_SIZE_MAX

    @app.post(os.environ["CALLBACK_PATH"])
    def callback() -> Response:
        # The bytes as they came: whatever parses them before the till does may change or lose them.
        answer = till.handle_callback(tillgate.CallbackRequest(body=request.get_data(cache=False)))
        # 200 once it is written down. If it cannot be (an error becomes 500), the gateway sends it again.
        return Response(status=answer.http_status)

    return app


# sample ends


# sample: second-door
def open_till() -> tillgate.Till:
    """A second door to the journal of the program that sells: it reads, and writes down that a callback came.

    Any number of processes may have one. They ask the gateway nothing, so they have neither its password nor
    the journal's key: within two seconds the program that sells takes the hint up and asks.
    """
    journal = tillgate.TillConfig(journal_path=os.environ["TILLGATE_JOURNAL"], read_only=True)
    till = tillgate.Till.open(journal)
    # Whose orders these are: the same address and user as there.
    unused = tillgate.Secret("unused")
    credentials = tillgate.CysendCredentials(user=os.environ["CYSEND_USER"], password=unused)
    config = tillgate.CysendConfig(credentials=credentials, base_url=os.environ["CYSEND_URL"])
    till.attach_cysend(tillgate.CysendAccount(client=tillgate.CysendClient(config)))
    return till


# sample ends
