"""Takes CY.SEND's callbacks in a Django application, beside the program that sells.

    export TILLGATE_JOURNAL=journal CYSEND_URL=https://… CYSEND_USER=till CALLBACK_PATH=/callbacks/7f3a…
    gunicorn --workers 2 --timeout 20 callbacks_django:application

Orders name the address of this application as their `callback_url`. Callbacks carry voucher codes: put a
server before it that speaks TLS and waits for slow senders in gunicorn's stead (nginx does), choose a path
that nobody guesses (`tillgate.new_callback_path()` makes one), and log no bodies. Not with `--preload`: a
till does not survive a fork.

A project of yours has its settings elsewhere; what it takes from here are the view, its path, `open_till` and
the limit of the body's size.
"""

from __future__ import annotations

import os

import tillgate
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

settings.configure(
    ROOT_URLCONF=__name__,
    # The host of your `callback_url`.
    ALLOWED_HOSTS=[os.environ.get("CALLBACK_HOST", "127.0.0.1")],
    # A gateway's callbacks are far smaller.
    DATA_UPLOAD_MAX_MEMORY_SIZE=1 << 20,
)


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


till = open_till()


# sample: django
@csrf_exempt  # the gateway has no token of yours; nothing in a callback is believed anyway
@require_POST
def callback(request: HttpRequest) -> HttpResponse:
    try:
        # The bytes as they came: whatever parses them before the till does may change or lose them.
        body = request.body
    except RequestDataTooBig:
        return HttpResponse(status=413)
    answer = till.handle_callback(tillgate.CallbackRequest(body=body))
    # 200 once it is written down. If it cannot be (an error becomes 500), the gateway sends it again.
    return HttpResponse(status=answer.http_status)


urlpatterns = [path(os.environ["CALLBACK_PATH"].lstrip("/"), callback)]
# sample ends

application = get_wsgi_application()
