"""Asks the sandbox through the description, and holds each answer against it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from document import Document, parts
from gateway import Answer, Sandbox, basic

TILL = basic("till", "secret")
ERROR: Mapping[str, Any] = {"$ref": "#/components/schemas/APIError"}
"""What an answer with a status that no operation lists must be."""


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass
class Talk:
    """What was asked and answered so far."""

    document: Document
    sandbox: Sandbox
    checked: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How many answers were held against the description, by operation and status."""
    problems: Counter[str] = field(default_factory=Counter)
    """What did not fit, and how often."""
    errors: set[tuple[int, str, str]] = field(default_factory=set)
    """The errors that were answered and not ordered: status, code, message."""
    seen: dict[str, list[object]] = field(default_factory=dict)
    """What each place of the description held in some answer."""

    def ask(
        self,
        operation: str,
        *,
        to_be: int,
        query: Mapping[str, object] | None = None,
        path: Mapping[str, str] | None = None,
        body: object = None,
        as_: Mapping[str, str] = TILL,
    ) -> Answer:
        """Sends a request as the description has it, and checks what comes."""
        described = self.document.operations[operation]
        target = described.path
        for name, value in (path or {}).items():
            target = target.replace(f"{{{name}}}", quote(value, safe=""))
        assert "{" not in target, f"{operation} lacks a parameter of its path"
        if query:
            target += "?" + urlencode({name: _text(value) for name, value in query.items()})
        text = None if body is None else json.dumps(body)
        if 200 <= to_be < 300 and body is not None:
            self._check_request(operation, body)
        headers = {} if described.is_open else dict(as_)
        answer = self.sandbox.ask(described.method, target, headers, text)
        if answer.status != to_be:
            said = answer.body[:200].decode(errors="replace")
            self.problems[f"{operation} answers {answer.status} where {to_be} was expected: {said}"] += 1
        self._check(operation, answer)
        return answer

    def _check_request(self, operation: str, body: object) -> None:
        """What we send must be right as well, or an answer to it says little."""
        (content,) = self.document.operations[operation].raw["requestBody"]["content"].values()
        self.problems.update(set(self.document.problems(body, content["schema"])))

    def _check(self, operation: str, answer: Answer) -> None:
        self.checked[operation, answer.status] += 1
        if answer.status in self.document.operations[operation].statuses:
            content = self.document.content(operation, answer.status)
        else:
            content = ("application/json", ERROR)
        if content is None:
            if answer.body or answer.content_type:
                self.problems[f"{operation} {answer.status} has no body"] += 1
            return
        kind, schema = content
        if answer.content_type != kind:
            self.problems[f"{operation} {answer.status} is {kind}, not {answer.content_type}"] += 1
        elif kind == "application/json":
            value = answer.json()
            self.check_value(value, schema)
            # Those from 500 on are faults that were ordered.
            if 400 <= answer.status < 500:
                self.errors.add((answer.status, value["code"], value["message"]))
        else:
            self.check_value(answer.body.decode(), schema)

    def check_value(self, value: object, schema: Mapping[str, Any]) -> None:
        """Holds a value against a schema and remembers what it showed."""
        # Once for each value: the same mistake in all products of a list is one.
        self.problems.update(set(self.document.problems(value, schema)))
        for at, part in parts(self.document.whole(schema), value):
            self.seen.setdefault(at, []).append(part)
