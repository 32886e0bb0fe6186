"""A process that is told every secret, and leaves behind what came out of it for `test_secrecy.py` to search.

Run as `python secrecy_scenario.py FOLDER [leak]`: with `leak` it lets one canary out on purpose, in each
channel.
"""

from __future__ import annotations

import asyncio
import copy
import faulthandler
import gc
import io
import json
import logging
import os
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

import tillgate
from tillgate import CysendClient, CysendConfig, CysendCredentials, Secret, Till

# Most hold characters that addresses, JSON and headers write in another way. Letters and digits are what is
# looked for.
CANARIES = {
    "password": 'a"/ %canaryPassword01',
    "token": '"/%canaryToken02==',
    "gift card": 'a/" %?canaryGiftCard03',
    "payment code": '"&canaryPayment04',
    "voucher": '"\\canaryVoucher05',
    "serial": "canarySerial06",
    "PIN": "canaryPin07",
    "link": "https://pdf.example/canaryLink08",
    "new part": "canaryNewPart09",
    "new field": "canaryNewField10",
    "made token": "canaryMadeToken11",
    "verification code": "7391",
    "proxy password": "canaryProxy12",
    "address": "canaryAddress13",
    "callback": "canaryCallback14",
    "journal key": "Y2FuYXJ5Sm91cm5hbEtleTE1YWJjZGVmZ2hpamtsbW4=",
    "half a surrogate pair": "canarySurrogate16",
}
LEAKED = "voucher"
leaking = sys.argv[2:] == ["leak"]


def secret(name: str) -> Secret:
    return Secret(CANARIES[name])


class Gateway(BaseHTTPRequestHandler):
    """Delivers; under `/quoting` it refuses instead, and quotes the whole request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if "/quoting" in self.path:
            status, told = 402, self.quoted(body)
        else:
            status, told = 200, self.delivered(body)
        sent = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PUT = answer

    def quoted(self, body: str) -> object:
        words = f"{unquote(self.path)} {self.path} {body}"
        return {"code": f"{words} {self.headers}", "message": words, "information": str(self.headers)}

    def delivered(self, body: str) -> object:
        if "/gift-card/" in self.path:
            card = {"code": CANARIES["gift card"], "active": True, "face_value": 10, "currency": "CHF"}
            return {**card, "remaining_balance": 10, "new": CANARIES["new field"]}
        if "/access/token" in self.path:
            return {"token": CANARIES["made token"], "new": CANARIES["new field"]}
        if "/verification/" in self.path:
            return {"status": "success", "new": CANARIES["new field"]}
        if "/balance" in self.path:
            return {"balance": 1000, "currency": "CHF"}
        if self.path.endswith("/store/order"):
            return [record(order["user_uid"]) for order in json.loads(body)]
        return [record(self.path.rpartition("=")[2])]


def record(user_uid: str) -> dict[str, Any]:
    code = {
        "code": CANARIES["voucher"],
        "serial": CANARIES["serial"],
        "pin_code": CANARIES["PIN"],
        "pdf_link": CANARIES["link"],
        "new": CANARIES["new part"],
    }
    return {
        "uid": f"0101-{user_uid}",
        "user_uid": user_uid,
        "date": None,
        "face_value_id": 1111,
        "face_value": 10.5,
        "face_value_currency": "CHF",
        "scenario": "simulate-success",
        "gift_card_code": CANARIES["payment code"],
        "callback_url": f"https://till.example/{CANARIES['callback']}",
        "beneficiary_information": [{"name": "mobile", "value": "+41791234567"}],
        "status": "success",
        "response_code": "00",
        "response_title": "Success",
        "response_description": f"Your code: {CANARIES['voucher']} {CANARIES['PIN']}",
        "prepaid_code": code,
        "new": CANARIES["new field"],
    }


class Told:
    """What came out, by channel."""

    def __init__(self) -> None:
        self.channels = {name: io.StringIO() for name in ("records", "errors", "pickles", "logging")}

    def write(self, channel: str, *texts: object) -> None:
        print(*texts, file=self.channels[channel])

    def shown(self, value: object) -> None:
        again = (value, copy.copy(value), copy.deepcopy(value), [value], {"value": value}, (value,))
        for one in again:
            self.write("records", repr(one), str(one), f"{one}", f"{one!r:>9}", "%s %r" % (one, one))  # noqa: UP031
            self.write("records", ascii(one), pprint.pformat(one), json.dumps(one, default=repr))
        self.pickled(value)

    def pickled(self, value: object) -> None:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            try:
                self.write("pickles", pickle.dumps(value, protocol))
            except TypeError as refused:
                self.write("pickles", refused)

    def call(self, work: Callable[[], object]) -> None:
        try:
            self.shown(work())
        except Exception as error:
            self.error(error)

    def error(self, error: BaseException) -> None:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        self.write("errors", str(error), repr(error), error.args, vars(error), *shown.format())
        self.write("errors", *traceback.format_exception(type(error), error, error.__traceback__))
        self.pickled(error)


def subscription() -> tillgate.CysendSubscription:
    url = tillgate.CysendDestinationParameter(name="url", value=f"https://till.example/{CANARIES['callback']}")
    return tillgate.CysendSubscription(trigger_uid="1111", channel_uid="2222", destination=[url])


def clients(told: Told, url: str, closed: str) -> None:
    basic = CysendCredentials(user="till", password=secret("password"))
    token = CysendCredentials(user="till", token=secret("token"))
    proxy = tillgate.ProxyConfig(url=closed, user="till", password=secret("proxy password"))
    through = tillgate.TransportConfig(proxy=proxy, total_timeout_ms=800)
    configs = [
        CysendConfig(credentials=credentials, base_url=base_url)
        for credentials in (basic, token)
        for base_url in (url, f"{url}/quoting", closed)
    ]
    configs.append(CysendConfig(credentials=basic, base_url="https://gateway.invalid", transport=through))
    configs.append(CysendConfig(credentials=basic, base_url=f"https://till:{CANARIES['address']}@shop.example"))
    for config in configs:
        told.shown(config)
        try:
            client = CysendClient(config)
        except tillgate.TillgateError as error:
            told.error(error)
            continue
        order = tillgate.CysendOrderRequest(
            user_uid="till_1",
            face_value_id=1111,
            face_value=Decimal("10.50"),
            face_value_currency="CHF",
            scenario="simulate-success",
            beneficiary_information=[],
            gift_card_code=secret("gift card"),
            callback_url=f"https://till.example/{CANARIES['callback']}",
            notifications=[subscription()],
        )
        code = tillgate.CysendVerification(uid="abcd1234", method="sms", code=secret("verification code"))
        told.shown(code)
        told.write("records", repr(order), str(order))
        told.call(lambda: client.create_order([order])[0].prepaid_code)  # noqa: B023
        told.call(lambda: client.get_gift_card(secret("gift card")))  # noqa: B023
        told.call(lambda: client.put_active(secret("gift card"), True))  # noqa: B023
        told.call(lambda: client.phone_number_verify(code))  # noqa: B023
        options = tillgate.CysendTokenOptions(ip_restricted=False)
        told.call(lambda: client.create_access_token(options))  # noqa: B023
        told.call(client.get_access_token)
        told.call(client.balance)
    # What is wrong with a secret is told without it.
    told.call(lambda: Secret(CANARIES["half a surrogate pair"] + "\ud800"))
    told.call(lambda: CysendCredentials(user="till", password=CANARIES["password"]))  # type: ignore[arg-type]
    told.call(lambda: CysendClient(CysendConfig(credentials=plain_text())))
    told.call(lambda: Secret(CANARIES["half a surrogate pair"].encode()))  # type: ignore[arg-type]


def plain_text() -> CysendCredentials:
    """What somebody writes who has not read the types."""
    return CysendCredentials(user="till", password=CANARIES["password"])  # type: ignore[arg-type]


def till_config(folder: Path) -> tillgate.TillConfig:
    return tillgate.TillConfig(
        journal_path=str(folder / "journal"),
        create=True,
        key=tillgate.JournalKey(id="first", key=secret("journal key")),
        installation_id="test",
        epoch_mirror_path=str(folder / "mirror"),
    )


def new_order(order_id: str, account: str) -> tillgate.NewOrder:
    return tillgate.NewOrder(
        id=order_id,
        product="1111",
        amount=tillgate.Money(amount=Decimal("10.50"), currency="CHF"),
        scenario="simulate-success",
        beneficiary=[tillgate.BeneficiaryField(name="mobile", value="+41791234567")],
        account=account,
        payment_code=secret("payment code"),
        callback_url=f"https://till.example/{CANARIES['callback']}",
        notes={"leak": CANARIES[LEAKED]} if leaking else {},
    )


def sell(told: Told, folder: Path, url: str) -> None:
    basic = CysendCredentials(user="till", password=secret("password"))
    with Till.open(till_config(folder)) as till:
        told.shown(till)
        for name in ("delivering", "quoting"):
            base_url = url if name == "delivering" else f"{url}/quoting"
            config = CysendConfig(credentials=basic, base_url=base_url)
            till.attach_cysend(tillgate.CysendAccount(client=CysendClient(config), name=name))
            told.write("records", repr(new_order(name, name)), repr(till.buy(new_order(name, name))))
            told.call(lambda: till.reveal(name))  # noqa: B023
            told.write("records", till.history(name), till.order(name))
        body = json.dumps([record("delivering")]).encode()
        callback = tillgate.CallbackRequest(body=body, account="delivering")
        del body
        told.write("records", repr(callback), str(callback), [callback])
        told.call(lambda: till.handle_callback(callback))
        told.write("records", repr(tillgate.CallbackRequest(body=bytearray(callback.body))))
        event = till.events().next(0)
        told.write("records", repr(event))
    other_key = tillgate.JournalKey(id="first", key=tillgate.new_journal_key())
    told.call(lambda: Till.open(till_config(folder).__replace__(key=other_key)))
    # Opened once more, and never closed: the process ends by a kill.
    told.write("records", repr(Till.open(till_config(folder))))


async def in_asyncio(told: Told, url: str) -> None:
    """Tasks, and errors that nobody fetches, under the debug mode that logs most."""
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 0
    loop.set_exception_handler(lambda _, context: told.write("logging", context))
    for base_url in (url, f"{url}/quoting"):
        credentials = CysendCredentials(user="till", password=secret("password"))
        client = tillgate.AsyncCysendClient(CysendConfig(credentials=credentials, base_url=base_url))
        task = asyncio.ensure_future(client.get_gift_card(secret("gift card")))
        told.write("logging", repr(task))
        await asyncio.wait([task])
        told.write("logging", repr(task))
        del task
        gc.collect()


def main() -> None:
    folder = Path(sys.argv[1])
    told = Told()
    logging.basicConfig(level=1, stream=told.channels["logging"])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    unused = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    unused.server_close()
    clients(told, url, f"http://127.0.0.1:{unused.server_port}")
    (folder / "journal").mkdir()
    sell(told, folder / "journal", url)
    asyncio.run(in_asyncio(told, url), debug=True)
    if leaking:
        told.write("records", repr(tillgate.OrderFilter(text=CANARIES[LEAKED])))
        told.error(ValueError(CANARIES[LEAKED]))
        logging.getLogger("till").debug("sold %s", CANARIES[LEAKED])
        told.write("pickles", pickle.dumps(tillgate.OrderFilter(text=CANARIES[LEAKED])))
        print(CANARIES[LEAKED])
    for name, channel in told.channels.items():
        (folder / name).write_text(channel.getvalue())
    try:
        CysendClient(CysendConfig(credentials=plain_text()))
    except tillgate.TillgateError:
        traceback.print_exc()
    sys.stdout.flush()
    faulthandler.enable()
    os.abort()


if __name__ == "__main__":
    main()
