"""Carries the cases out with one language: its sandbox, its caller, and what both say of each call."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from .document import Document
from .plan import block, method, resolved

USER, PASSWORD, TOKEN = "till", "secret", "t" * 32
LIMIT_S = 60

SERVERS = "(servers)"
"""In the place of an operation: a call of which only the address counts. No such server answers."""


@dataclass
class Exchange:
    """One call, and the one request that it led to."""

    operation: str
    arguments: dict[str, Any]
    told: dict[str, Any]
    """What the caller printed."""
    request: dict[str, Any]
    """What the sandbox logged, with its answer."""


class Sandbox:
    """A running sandbox and its control."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._control = "/".join(url.split("/")[:3]) + "/_sandbox/"

    def get(self, what: str) -> Any:
        with urllib.request.urlopen(self._control + what, timeout=LIMIT_S) as answer:
            return json.load(answer, parse_float=Decimal)

    def post(self, what: str, body: Any) -> Any:
        request = urllib.request.Request(
            self._control + what, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.load(answer)


@contextmanager
def sandbox(program: Path, options: list[str]) -> Iterator[Sandbox]:
    """Starts one whose time stands still."""
    command = [str(program), "--until-stdin-closes", "--speed", "0", "--keep-answers", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield Sandbox(process.stdout.readline().removeprefix("listening on ").strip())
        finally:
            process.stdin.close()


class Caller:
    """A running caller."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait(LIMIT_S) != 0:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.returncode}")

    def say(self, head: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(block(head, arguments))
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} broke off at {head}")
        told: dict[str, Any] = json.loads(line)
        return told


def carry_out(cases: dict[str, Any], document: Document, program: Path, command: list[str]) -> list[Exchange]:
    """All cases, and each error that the document knows of each operation."""
    with sandbox(program, cases["sandbox"]) as gateway, Caller(command) as caller:
        known: dict[str, Any] = {"url": gateway.url, "user": USER, "password": PASSWORD, "token": TOKEN}
        calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        first: dict[str, tuple[str, dict[str, Any]]] = {}
        derived: dict[str, dict[str, Any]] = {}
        for step in cases["steps"]:
            if "of" in step:
                head = f"derive {step['client']} {step['of']} {step['method']}"
                derived[step["client"]] = resolved(step["arguments"], known)
                _made(caller.say(head, derived[step["client"]]))
            elif "client" in step:
                config = {
                    "config": {"base_url": gateway.url, "credentials": resolved(step["credentials"], known)}
                }
                _made(caller.say(f"make {step['client']} {cases['object']} new", config))
            elif "control" in step:
                said = (
                    gateway.post(step["control"], step["body"])
                    if "body" in step
                    else gateway.get(step["control"])
                )
                known[step.get("name", "")] = said
            else:
                arguments = resolved(step.get("arguments", {}), known)
                told = caller.say(f"call {step['as']} {method(step['operation'])}", arguments)
                if step["as"] in derived:
                    calls.append((SERVERS, derived[step["as"]], told))
                    continue
                calls.append((step["operation"], arguments, told))
                first.setdefault(step["operation"], (step["as"], arguments))
                if "name" in step:
                    known[step["name"]] = told.get("returned")
        for operation in document.operations.values():
            for status in operation.answers:
                if status < 400 or operation.id not in first:
                    continue
                gateway.post("faults", refusal(operation.id, status))
                client, arguments = first[operation.id]
                told = caller.say(f"call {client} {method(operation.id)}", arguments)
                calls.append((operation.id, arguments, told))
        requests = gateway.get("requests")
    # Each call that was sent is one request, in the same order: nothing was repeated, nothing else was asked.
    sent = [_is_sent(told) for _, _, told in calls]
    if len(requests) != sum(sent):
        raise RuntimeError(f"{sum(sent)} calls of {command!r} led to {len(requests)} requests")
    pairs = iter(requests)
    return [Exchange(*call, next(pairs) if was_sent else {}) for call, was_sent in zip(calls, sent)]


def _made(told: dict[str, Any]) -> None:
    if "error" in told or "missing" in told:
        raise RuntimeError(f"there is no client: {told}")


def _is_sent(told: dict[str, Any]) -> bool:
    return "missing" not in told and (told.get("error") or {}).get("outcome") not in ("local", "not_sent")


def refusal(operation: str, status: int) -> dict[str, Any]:
    """A fault by which the next call of the operation is refused, in words of its own."""
    return {
        "kind": "refuse",
        "operation": operation,
        "status": status,
        "code": f"API_{status}_{operation}",
        "message": f"No {operation} today.",
        "information": f"It was refused with {status}.",
    }


def kept(exchanges: dict[str, list[Exchange]]) -> str:
    """All of it as JSON, so that it can be judged again."""
    return json.dumps(
        {language: [asdict(one) for one in all_of] for language, all_of in exchanges.items()}, default=str
    )


def read(text: str) -> dict[str, list[Exchange]]:
    """What `kept` wrote."""
    return {language: [Exchange(**one) for one in all_of] for language, all_of in json.loads(text).items()}
