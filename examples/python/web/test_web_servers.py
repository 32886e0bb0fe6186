"""Each sample takes real requests, from the sandbox and from strangers, in processes of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tillgate
from tillgate import OrderState

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SANDBOX = Path(os.environ.get("TILLGATE_SANDBOX", ROOT / "target" / "debug" / "tillgate-sandbox"))
PACKAGE = str(Path(tillgate.__file__).parent.parent)
CALLBACK_PATH = "/callbacks/7f3a9c"
# Only a callback can make the till ask within a test.
NEVER_MS = 3_600_000
# Far longer than anything here takes.
PATIENCE_MS = 60_000

# They get a socket that listens already, so that nobody comes too early.
SERVERS = {
    "flask": "gunicorn --workers 2 --bind fd://{fd} callbacks_flask:create_app()",
    "django": "gunicorn --workers 2 --bind fd://{fd} callbacks_django:application",
    "fastapi": "uvicorn --workers 2 --fd {fd} --factory callbacks_fastapi:create_app",
}


class Gateway(NamedTuple):
    url: str

    def control(self, path: str, body: Any = None) -> Any:
        origin = "/".join(self.url.split("/")[:3])
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{origin}/_sandbox/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def forge(self, url: str, kind: str, **particulars: Any) -> int:
        """Posts a callback that the gateway would not send; what was answered."""
        record = self.control("callbacks", {"url": url, "kind": kind, **particulars})
        assert record["error"] is None, record["error"]
        return int(record["status"])

    def look_ups(self) -> int:
        """How often somebody asked what became of an order."""
        requests = self.control("requests")
        return sum(request["operation"] == "getOrder" for request in requests)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    command = [str(SANDBOX), "--speed", "100", "--catalogue-products", "0", "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Gateway(process.stdout.readline().removeprefix("listening on ").strip())
        process.stdin.close()


@pytest.fixture(scope="module")
def till(gateway: Gateway, place: Path) -> Iterator[tillgate.Till]:
    """The program that sells."""
    config = tillgate.TillConfig(
        journal_path=str(place / "journal"),
        create=True,
        key=tillgate.JournalKey(id="first", key=tillgate.new_journal_key()),
        policy=tillgate.OrderPolicy(look_up_first_ms=NEVER_MS, look_up_accepted_max_ms=NEVER_MS),
    )
    credentials = tillgate.CysendCredentials(user="till", password=tillgate.Secret("secret"))
    client = tillgate.CysendClient(tillgate.CysendConfig(credentials=credentials, base_url=gateway.url))
    with tillgate.Till.open(config) as till:
        till.attach_cysend(tillgate.CysendAccount(client=client))
        yield till


@pytest.fixture(scope="module", params=SERVERS)
def callback_url(
    request: pytest.FixtureRequest, gateway: Gateway, till: tillgate.Till, place: Path
) -> Iterator[str]:
    """Where a sample listens, started as its users start it."""
    environment = {
        **os.environ,
        "PYTHONPATH": PACKAGE,
        "TILLGATE_JOURNAL": str(place / "journal"),
        "CYSEND_URL": gateway.url,
        "CYSEND_USER": "till",
        "CALLBACK_PATH": CALLBACK_PATH,
    }
    with socket.create_server(("127.0.0.1", 0)) as listening, open(place / "server.log", "w") as log:
        command = [sys.executable, "-m", *SERVERS[request.param].format(fd=listening.fileno()).split()]
        with subprocess.Popen(
            command, cwd=HERE, env=environment, stdout=log, stderr=log, pass_fds=[listening.fileno()]
        ) as process:
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}{CALLBACK_PATH}"
            finally:
                process.terminate()
                assert process.wait(timeout=60) == 0, (place / "server.log").read_text()


def post(url: str, body: bytes, content_type: str = "application/json", method: str = "POST") -> int:
    request = urllib.request.Request(url, body, {"Content-Type": content_type}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def buy(till: tillgate.Till, callback_url: str) -> tillgate.Order:
    return till.buy(
        tillgate.NewOrder(
            id=tillgate.new_id(),
            product="1111",
            amount=tillgate.Money(amount=Decimal(10), currency="CHF"),
            scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,
            beneficiary=[tillgate.BeneficiaryField(name="mobile", value="+41791234567")],
            callback_url=callback_url,
        )
    )


def test_a_genuine_callback_settles_its_order(
    callback_url: str, gateway: Gateway, till: tillgate.Till
) -> None:
    order = buy(till, callback_url)
    assert order.state == OrderState.ACCEPTED
    # Nothing else makes the till ask within the hour.
    assert till.wait(order.id, PATIENCE_MS).state == OrderState.SUCCEEDED
    # The processes that serve asked the gateway nothing, so a password that is none was never shown.
    assert all(request["status"] != 401 for request in gateway.control("requests"))


def test_what_strangers_send_moves_nothing(callback_url: str, gateway: Gateway, till: tillgate.Till) -> None:
    # The gateway takes it, and calls nobody.
    gateway.control("faults", [{"operation": "createOrder", "kind": "outcome", "status": "accepted"}])
    order = buy(till, callback_url)
    asked = gateway.look_ups()

    assert gateway.forge(callback_url, "status", user_uid=order.id, status="success") == 200
    # The till asks, as it does after any callback, and the gateway says what is.
    for _ in range(PATIENCE_MS // 100):
        if gateway.look_ups() > asked:
            break
        till.wait(order.id, 100)
    assert gateway.look_ups() > asked
    gateway.control("idle")
    assert till.look_up(order.id).state == OrderState.ACCEPTED

    assert gateway.forge(callback_url, "unknown_ids", user_uid="nobody") == 200
    assert gateway.forge(callback_url, "not_json") == 400
    assert gateway.forge(callback_url, "huge", bytes=2 << 20) == 413
    # Strange bytes reach the till as they are, and it refuses them: no framework stumbles over them before.
    assert post(callback_url, b"\xff\xfe\x00[") == 400
    assert post(callback_url, b"") == 400
    assert post(callback_url.replace("7f3a9c", "guessed"), b"[]") == 404
    assert post(callback_url, b"", method="PUT") == 405
    assert till.order(order.id).state == OrderState.ACCEPTED


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_the_body_is_handed_over_whatever_it_calls_itself(
    content_type: str, callback_url: str, gateway: Gateway, till: tillgate.Till
) -> None:
    gateway.control("faults", [{"operation": "createOrder", "kind": "drop_callbacks"}])
    order = buy(till, callback_url)
    body = json.dumps(gateway.control(f"ledger?user_uid={order.id}")).encode()
    assert post(callback_url, body, content_type) == 200
    assert till.wait(order.id, PATIENCE_MS).state == OrderState.SUCCEEDED


def begin(url: str, length: int, body: bytes) -> bytes:
    """What is answered to a request whose body never comes to its end."""
    host, path = url.removeprefix("http://").split("/", 1)
    address, port = host.split(":")
    with socket.create_connection((address, int(port)), timeout=PATIENCE_MS / 1000) as sender:
        sender.sendall(f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n".encode())
        sender.sendall(body)
        return sender.recv(100)


@pytest.mark.parametrize(
    ("callback_url", "body_size"),
    # The first two judge by the length that is told, the third by what comes.
    [("flask", 0), ("django", 0), ("fastapi", (1 << 20) + 1)],
    indirect=["callback_url"],
)
def test_a_huge_body_is_not_read_to_its_end(callback_url: str, body_size: int) -> None:
    assert begin(callback_url, 1 << 30, b" " * body_size).startswith(b"HTTP/1.1 413 ")


# Before gunicorn stands a server that does this.
@pytest.mark.parametrize("callback_url", ["fastapi"], indirect=True)
def test_who_is_slow_is_not_waited_for(callback_url: str) -> None:
    assert begin(callback_url, 9, b"[").startswith(b"HTTP/1.1 408 ")
