"""How each status of each operation is brought about, by the description's own names for them."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from gateway import basic, by_token
from talk import TILL, Talk

FIXED_TOKEN, GUEST_TOKEN = "t" * 32, "g" * 32
ARGUMENTS = (
    *("--catalogue-products", "60"),
    *("--account", "till:secret:1000:CHF", "--token", f"till={FIXED_TOKEN}"),
    # Without money.
    *("--account", "poor:poor:0:CHF"),
    # Without rights.
    *("--account", "guest:guest:0:CHF", "--token", f"guest={GUEST_TOKEN}", "--permission", "guest=GET:none"),
)
POOR = basic("poor", "poor")
GUEST = basic("guest", "guest")
WRONG = basic("till", "wrong")

CARD, CARD_OF_NOTHING, NO_CARD = "567890123", "456789012", "000000000"
MOBILE = {"name": "mobile", "value": "+41791234567"}
SHOWN: dict[str, Any] = {
    "face_value_id": 8101,
    "face_value": 19.95,
    "face_value_currency": "EUR",
    "gift_card_code": CARD,
    "beneficiary_information": [MOBILE, {"name": "plan", "value": "plus"}],
}
"""What shows everything that an order can show."""
PLAIN: dict[str, Any] = {
    "face_value_id": 1111,
    "face_value": 10,
    "face_value_currency": "CHF",
    "beneficiary_information": [MOBILE],
}
SCENARIOS = (
    "live",
    "simulate-success",
    "simulate-failed",
    "simulate-delayed-success",
    "simulate-delayed-failed",
)

Case = Callable[[Talk], object]
CASES: dict[tuple[str, int], Case] = {}


def case(operation: str, status: int) -> Callable[[Case], Case]:
    """Registers how a status comes about."""

    def register(how: Case) -> Case:
        assert (operation, status) not in CASES, f"{operation} {status} stands twice"
        CASES[operation, status] = how
        return how

    return register


class Receiver:
    """A customer's server on this machine, which keeps what is posted to it."""

    def __init__(self) -> None:
        bodies: list[Any] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            kept: ClassVar[list[Any]] = bodies

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                assert self.headers["Content-Type"] == "application/json"
                self.kept.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.bodies = bodies
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


# Orders


def settle(talk: Talk) -> None:
    """Lets every order end, delayed ones too."""
    talk.sandbox.control("POST", "advance", {"ms": 120_000})
    talk.sandbox.control("GET", "idle")


@case("createOrder", 201)
def orders(talk: Talk) -> None:
    receiver = Receiver()
    (channel,) = (one for one in told_channels(talk) if one["type"] == "HTTP")
    (event,) = (one for one in told_events(talk) if one["name"] == "Purchase result")
    told = {
        "trigger_uid": event["uid"],
        "channel_uid": channel["uid"],
        "destination": [{"name": "url", "value": receiver.url}],
    }
    shown = {**SHOWN, "scenario": "live", "callback_url": receiver.url, "notifications": [told]}
    talk.ask("createOrder", to_be=201, body=[{"user_uid": "shown", **shown}])
    all_scenarios = [{"user_uid": f"a{at}", **PLAIN, "scenario": one} for at, one in enumerate(SCENARIOS)]
    talk.ask("createOrder", to_be=201, body=all_scenarios)
    talk.ask("createOrder", to_be=201, body=[{"user_uid": "b", **PLAIN}])
    settle(talk)
    schema = talk.document.callback("createOrder", "transactionProcessed")
    for body in receiver.bodies:
        talk.check_value(body, schema)
    # By callback_url and by notification.
    assert len(receiver.bodies) == 2, receiver.bodies
    receiver.close()


@case("createOrder", 400)
def wrong_order(talk: Talk) -> None:
    talk.ask("createOrder", to_be=400, body=[{**PLAIN, "user_uid": ""}])


@case("createOrder", 402)
def poor_order(talk: Talk) -> None:
    talk.ask("createOrder", to_be=402, body=[{"user_uid": "c", **PLAIN, "scenario": "live"}], as_=POOR)
    small = {"user_uid": "d", **PLAIN, "scenario": "live", "gift_card_code": "345678901"}
    talk.ask("createOrder", to_be=402, body=[small])


@case("createOrder", 404)
def unknown_face_value(talk: Talk) -> None:
    talk.ask("createOrder", to_be=404, body=[{"user_uid": "e", **PLAIN, "face_value_id": 9}])
    talk.ask("createOrder", to_be=404, body=[{"user_uid": "f", **PLAIN, "scenario": "simulate-rain"}])


@case("getOrder", 200)
def look_up(talk: Talk) -> None:
    wanted = {"user_uid": "g", **SHOWN, "scenario": "simulate-success"}
    order = talk.ask("createOrder", to_be=201, body=[wanted])
    talk.ask("getOrder", to_be=200, query={"user_uid": "g"})
    settle(talk)
    talk.ask("getOrder", to_be=200, query={"user_uid": "g", "uid": order.json()[0]["uid"]})
    talk.ask("createOrder", to_be=201, body=[{"user_uid": "h", **PLAIN, "scenario": "simulate-failed"}])
    settle(talk)
    talk.ask("getOrder", to_be=200, query={"user_uid": "h"})


@case("getOrder", 404)
def no_order(talk: Talk) -> None:
    talk.ask("getOrder", to_be=404, query={"user_uid": "nobody"})


@case("forceCallback", 201)
def forced(talk: Talk) -> None:
    receiver = Receiver()
    order = {"user_uid": "i", **PLAIN, "scenario": "simulate-success", "callback_url": receiver.url}
    uid = talk.ask("createOrder", to_be=201, body=[order]).json()[0]["uid"]
    talk.ask("forceCallback", to_be=201, body={"uid": uid, "user_uid": "i"})
    talk.sandbox.control("GET", "idle")
    (body,) = receiver.bodies
    talk.check_value(body, talk.document.callback("createOrder", "transactionProcessed"))
    receiver.close()


@case("forceCallback", 404)
def forced_nothing(talk: Talk) -> None:
    talk.ask("forceCallback", to_be=404, body={"uid": "0101-000000-01", "user_uid": "nobody"})


@case("getProductCost", 200)
def cost(talk: Talk) -> None:
    talk.ask("getProductCost", to_be=200, body=[SHOWN, PLAIN])


@case("getResponses", 200)
def responses(talk: Talk) -> None:
    talk.ask("getResponses", to_be=200)


# Catalogue

OF_COUNTRIES = {"country_id": 233, "country_iso2": "CH", "promotion": True}
OF_CATEGORIES = {**OF_COUNTRIES, "category_id": 19}
OF_PRODUCTS = {**OF_CATEGORIES, "product_id": 1240}
WORDS = {"return_usage_instruction": True, "languages": "en,fr"}
FILTERED: dict[str, dict[str, object]] = {
    "getCatalogue": WORDS,
    "getCountries": OF_COUNTRIES,
    "getCategories": OF_CATEGORIES,
    "getProducts": {**OF_PRODUCTS, **WORDS, "maintenance": False},
    "getFaceValues": {**OF_PRODUCTS, "face_value_id": 8101},
}
"""Everything that may be asked of one product, by the operations that a gift card filters too."""


def filtered(operation: str) -> None:
    """The four ways of an operation of the catalogue with filters."""

    @case(operation, 200)
    def found(talk: Talk) -> None:
        talk.ask(operation, to_be=200)
        talk.ask(operation, to_be=200, query={**FILTERED[operation], "gift_card_code": CARD})
        if operation in ("getProducts", "getFaceValues"):
            talk.ask(operation, to_be=200, query={"mobile": "+41791234567"})

    @case(operation, 204)
    def nothing(talk: Talk) -> None:
        talk.ask(operation, to_be=204, query={"gift_card_code": CARD_OF_NOTHING})

    @case(operation, 404)
    def unknown(talk: Talk) -> None:
        talk.ask(operation, to_be=404, query={"gift_card_code": NO_CARD})
        for name in set(FILTERED[operation]) - {"promotion", "maintenance", *WORDS}:
            talk.ask(operation, to_be=404, query={name: "ZZ" if name == "country_iso2" else 9})


for one in FILTERED:
    filtered(one)


@case("getMaintenance", 200)
def maintenance(talk: Talk) -> None:
    talk.ask("getMaintenance", to_be=200)
    talk.ask("getMaintenance", to_be=200, query={"product_id": 1236})


@case("getMaintenance", 204)
def no_maintenance(talk: Talk) -> None:
    talk.ask("getMaintenance", to_be=204, query={"product_id": 1234})


@case("getMaintenance", 404)
def maintenance_of_nothing(talk: Talk) -> None:
    talk.ask("getMaintenance", to_be=404, query={"product_id": 9})


@case("getPromotions", 200)
def promotions(talk: Talk) -> None:
    talk.ask("getPromotions", to_be=200)
    talk.ask("getPromotions", to_be=200, query={"product_id": 1240})


@case("getPromotions", 204)
def no_promotion(talk: Talk) -> None:
    talk.ask("getPromotions", to_be=204, query={"product_id": 1234})


@case("getPromotions", 404)
def promotion_of_nothing(talk: Talk) -> None:
    talk.ask("getPromotions", to_be=404, query={"product_id": 9})


# Account, API, notifications


@case("balance", 200)
def balance(talk: Talk) -> None:
    talk.ask("balance", to_be=200)


@case("ping", 200)
def ping(talk: Talk) -> None:
    talk.ask("ping", to_be=200)


@case("getErrors", 200)
def errors(talk: Talk) -> None:
    talk.ask("getErrors", to_be=200)


@case("getSubscriptions", 200)
def subscriptions(talk: Talk) -> None:
    talk.ask("getSubscriptions", to_be=200)


@case("getNotificationResourceTypes", 200)
def resource_types(talk: Talk) -> None:
    talk.ask("getNotificationResourceTypes", to_be=200)


def told_events(talk: Talk) -> Any:
    return talk.ask("getNotificationEvents", to_be=200).json()


def told_channels(talk: Talk) -> Any:
    return talk.ask("getNotificationChannels", to_be=200).json()


case("getNotificationEvents", 200)(told_events)
case("getNotificationChannels", 200)(told_channels)


# Access tokens


def token(talk: Talk, **options: object) -> str:
    body = {"ip_restricted": False, **options}
    made: str = talk.ask("createAccessToken", to_be=201, body=body).json()["token"]
    return made


@case("createAccessToken", 201)
def tokens(talk: Talk) -> None:
    token(talk)
    token(talk, ip_restricted=True, authorized_ips="mine,8.8.8.8", TTL=60)


@case("getAccessToken", 200)
def told_token(talk: Talk) -> None:
    talk.ask("getAccessToken", to_be=200, as_=by_token(token(talk, ip_restricted=True)))
    talk.ask("getAccessToken", to_be=200, as_=by_token(FIXED_TOKEN))


@case("getAccessToken", 401)
def foreign_token(talk: Talk) -> None:
    foreign = token(talk, ip_restricted=True, authorized_ips="8.8.8.8")
    talk.ask("getAccessToken", to_be=401, as_=by_token(foreign))
    talk.ask("getAccessToken", to_be=401, as_=TILL)
    talk.ask("getAccessToken", to_be=401, as_={})


@case("createAccessToken", 401)
def token_by_token(talk: Talk) -> None:
    by_itself = by_token(token(talk))
    talk.ask("createAccessToken", to_be=401, body={"ip_restricted": False}, as_=by_itself)
    talk.ask("createAccessToken", to_be=401, body={"ip_restricted": False}, as_=WRONG)


@case("getAccessToken", 404)
def ended_token(talk: Talk) -> None:
    short = token(talk, TTL=1)
    talk.sandbox.control("POST", "advance", {"ms": 1_000})
    talk.ask("getAccessToken", to_be=404, as_=by_token(short))


# Gift cards


@case("getGiftCard", 200)
def gift_card(talk: Talk) -> None:
    for code in (CARD, "234567890"):
        talk.ask("getGiftCard", to_be=200, path={"gift_card_code": code})


@case("getActive", 200)
def is_active(talk: Talk) -> None:
    talk.ask("getActive", to_be=200, path={"gift_card_code": "234567890"})


@case("putActive", 200)
def switched(talk: Talk) -> None:
    for active in (False, True):
        talk.ask("putActive", to_be=200, path={"gift_card_code": CARD}, query={"active": active})


@case("getGiftCard", 404)
def no_gift_card(talk: Talk) -> None:
    talk.ask("getGiftCard", to_be=404, path={"gift_card_code": NO_CARD})


@case("getActive", 404)
def activity_of_nothing(talk: Talk) -> None:
    talk.ask("getActive", to_be=404, path={"gift_card_code": NO_CARD})


@case("putActive", 404)
def nothing_switched(talk: Talk) -> None:
    talk.ask("putActive", to_be=404, path={"gift_card_code": NO_CARD}, query={"active": True})


# Phone numbers


def verification(talk: Talk, method: str) -> dict[str, str]:
    asked = {"method": method, "number": "+41791234567", "template_id": 1, "language": "fr"}
    uid = talk.ask("phoneNumberVerificationRequest", to_be=200, body=asked).json()["uid"]
    sent = talk.sandbox.control("GET", "verifications")[-1]
    assert sent["uid"] == uid
    return {"uid": uid, "method": method, "code": sent["code"]}


@case("phoneNumberVerificationRequest", 200)
def verification_begun(talk: Talk) -> None:
    for method in ("sms", "ivr-call"):
        verification(talk, method)


@case("phoneNumberVerificationRequest", 404)
def unknown_language(talk: Talk) -> None:
    asked = {"method": "sms", "number": "+41791234567", "language": "xx"}
    talk.ask("phoneNumberVerificationRequest", to_be=404, body=asked)


@case("phoneNumberVerify", 200)
def verified(talk: Talk) -> None:
    right = verification(talk, "sms")
    wrong = "0000" if right["code"] != "0000" else "1111"
    for code, status in ((wrong, "failed"), (right["code"], "success")):
        answer = talk.ask("phoneNumberVerify", to_be=200, body={**right, "code": code})
        assert answer.json()["status"] == status


@case("phoneNumberVerify", 404)
def nothing_to_verify(talk: Talk) -> None:
    talk.ask("phoneNumberVerify", to_be=404, body={"uid": "unknown0", "method": "sms", "code": "1234"})


# The same for all


def request_of(talk: Talk, operation: str) -> dict[str, Any]:
    """Whatever an operation needs to be asked at all."""
    described = talk.document.operations[operation]
    path = {"gift_card_code": CARD} if "{" in described.path else None
    return {"path": path, "body": {} if "requestBody" in described.raw else None}


def without_credentials(talk: Talk, operation: str) -> None:
    """401, whether the operation lists it or not."""
    for credentials in ({}, WRONG):
        talk.ask(operation, to_be=401, as_=credentials, **request_of(talk, operation))


def without_rights(talk: Talk, operation: str) -> None:
    """403, which no operation lists."""
    credentials = by_token(GUEST_TOKEN) if operation == "getAccessToken" else GUEST
    talk.ask(operation, to_be=403, as_=credentials, **request_of(talk, operation))


def broken(talk: Talk, operation: str) -> None:
    """Statuses of section 10 that any server may answer, ordered as faults: each operation takes faults."""
    for status in (500, 502, 503, 504):
        fault = {"operation": operation, "kind": "refuse", "status": status}
        talk.sandbox.control("POST", "faults", fault)
        talk.ask(operation, to_be=status, **request_of(talk, operation))


ASKED_WRONGLY: dict[str, dict[str, Any]] = {
    "createAccessToken": {"body": {"ip_restricted": "perhaps"}},
    "getCatalogue": {"query": {"return_usage_instruction": "perhaps"}},
    "getCountries": {"query": {"country_iso2": "ch"}},
    "getCategories": {"query": {"category_id": "x"}},
    "getProducts": {"query": {"mobile": "079"}},
    "getFaceValues": {"query": {"promotion": "perhaps"}},
    "getMaintenance": {"query": {"product_id": "x"}},
    "getPromotions": {"query": {"product_id": "x"}},
    "getOrder": {},
    "createOrder": {"body": []},
    "forceCallback": {"body": {"uid": "0101-000000-01"}},
    "getProductCost": {"body": [{**PLAIN, "face_value": 11}]},
    "phoneNumberVerificationRequest": {"body": {"method": "sms", "number": "x"}},
    "phoneNumberVerify": {"body": {"uid": "unknown0", "method": "sms", "code": "12"}},
    "putActive": {"path": {"gift_card_code": CARD}, "query": {"active": "perhaps"}},
}
"""A wrong request to each operation that can be asked wrongly."""


def asked_wrongly(talk: Talk, operation: str) -> None:
    """400, whether the operation lists it or not."""
    talk.ask(operation, to_be=400, **ASKED_WRONGLY[operation])


def too_poor_to_search(talk: Talk, operation: str) -> None:
    """402: a search by number costs money."""
    talk.ask(operation, to_be=402, query={"mobile": "+41791234567"}, as_=POOR)


def play(talk: Talk) -> None:
    """Everything, in an order that does not matter. What no case asks is left to the verdict."""
    for how in CASES.values():
        how(talk)
    asked = {operation for operation, _ in CASES}
    for operation in talk.document.operations.values():
        if operation.id not in asked:
            continue
        if not operation.is_open:
            without_credentials(talk, operation.id)
            without_rights(talk, operation.id)
        if operation.id in ASKED_WRONGLY:
            asked_wrongly(talk, operation.id)
        broken(talk, operation.id)
    for searched in ("getProducts", "getFaceValues"):
        too_poor_to_search(talk, searched)
