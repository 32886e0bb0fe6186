"""The sandbox as a process, asked over HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 60
"""Far beyond any answer: a run that waits for ever says nothing."""


@dataclass(frozen=True)
class Answer:
    """What came over the wire."""

    status: int
    content_type: str | None
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def basic(user: str, password: str) -> dict[str, str]:
    """The header for user and password."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def by_token(token: str) -> dict[str, str]:
    """The header for a token."""
    return {"Api-token": token}


class Sandbox:
    """A sandbox that ends with this object; its time stands still until it is moved."""

    def __init__(self, program: str, *arguments: str) -> None:
        command = [program, "--until-stdin-closes", "--speed", "0", *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        address = urlsplit(line.removeprefix("listening on ").strip())
        self._place = address.netloc
        self._base = address.path

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(TIMEOUT_S)
        self._process.stdout.close()

    def ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> Answer:
        """One request to the gateway."""
        return self._exchange(method, self._base + path, headers, body)

    def control(self, method: str, what: str, body: object = None) -> Any:
        """One request to the sandbox's own control, which must succeed."""
        text = None if body is None else json.dumps(body)
        answer = self._exchange(method, f"/_sandbox/{what}", {}, text)
        assert answer.status in (200, 201), answer
        return answer.json()

    def _exchange(self, method: str, target: str, headers: dict[str, str], body: str | None) -> Answer:
        connection = http.client.HTTPConnection(self._place, timeout=TIMEOUT_S)
        try:
            connection.request(method, target, body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return Answer(response.status, response.getheader("Content-Type"), response.read())
        finally:
            connection.close()
