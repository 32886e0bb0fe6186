"""One call, and both sides of it: the runner that makes it, and the sandbox that answers."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from .plan import block

LIMIT_S = 120

SERVERS = "(servers)"
"""In the place of an operation: a call of which only the address counts. No such server answers."""


@dataclass
class Exchange:
    """One call, and the one request that it led to."""

    operation: str
    arguments: dict[str, Any]
    told: dict[str, Any]
    """What the runner printed."""
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


class Runner:
    """A running program of one language."""

    def __init__(self, command: list[str], clock: int = 1) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TILLGATE_")}
        environment["TILLGATE_CLOCK_SPEED"] = str(clock)
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def say(self, head: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(block(head, arguments))
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the runner broke off at {head!r}")
        told: dict[str, Any] = json.loads(line)
        return told

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait(LIMIT_S) != 0:
            raise RuntimeError(f"the runner ended with {self._process.returncode}")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(LIMIT_S)


def kept(exchanges: dict[str, list[Exchange]]) -> str:
    """All of it as JSON, so that it can be judged again."""
    return json.dumps(
        {language: [asdict(one) for one in all_of] for language, all_of in exchanges.items()}, default=str
    )


def read(text: str) -> dict[str, list[Exchange]]:
    """What `kept` wrote."""
    return {language: [Exchange(**one) for one in all_of] for language, all_of in json.loads(text).items()}
