"""Makes the calls with one language: the cases, then what follows from the file alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .document import Document
from .exchange import SERVERS, Exchange, Runner, Sandbox, sandbox
from .later import as_later
from .plan import method, resolved

USER, PASSWORD, TOKEN = "till", "secret", "t" * 32


def carry_out(cases: dict[str, Any], document: Document, program: Path, command: list[str]) -> list[Exchange]:
    """All cases; each error that the document knows; and each answer as a later gateway may give it."""
    with sandbox(program, cases["sandbox"]) as gateway, Runner(command) as runner:
        run = Run(gateway, runner)
        for step in cases["steps"]:
            run.take(step, cases["object"])
        run.try_errors(document)
        run.try_later_answers(document)
        return run.exchanges()


class Run:
    """Calls that were made so far."""

    def __init__(self, gateway: Sandbox, runner: Runner) -> None:
        self._gateway = gateway
        self._runner = runner
        self._known: dict[str, Any] = {
            "url": gateway.url,
            "user": USER,
            "password": PASSWORD,
            "token": TOKEN,
        }
        self._calls: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
        """Client, operation, arguments, and what was told."""
        self._derived: dict[str, dict[str, Any]] = {}
        """Clients that were made of others, for another server, by the arguments of that."""

    def take(self, step: dict[str, Any], cls: str) -> None:
        """Does what one step of the cases says."""
        if "operation" in step:
            arguments = resolved(step.get("arguments", {}), self._known)
            told = self._call(step["as"], step["operation"], arguments)
            self._known[step.get("name", "")] = told.get("returned")
        elif "control" in step:
            said = self._control(step["control"], step.get("body"))
            self._known[step.get("name", "")] = said
        elif "of" in step:
            arguments = resolved(step["arguments"], self._known)
            self._derived[step["client"]] = arguments
            self._make(f"derive {step['client']} {step['of']} {step['method']}", arguments)
        else:
            credentials = resolved(step["credentials"], self._known)
            config = {"base_url": self._gateway.url, "credentials": credentials}
            self._make(f"make {step['client']} {cls} new", {"config": config})

    def try_errors(self, document: Document) -> None:
        """Has each operation refused with each status that the document has for it, in words of its own."""
        for operation in document.operations.values():
            mine = [call for call in self._calls if call[1] == operation.id]
            for status in operation.answers:
                if status >= 400 and mine:
                    self._refuse(
                        operation.id,
                        status,
                        code=f"API_{status}_{operation.id}",
                        message=f"No {operation.id} today.",
                        information=f"It was refused with {status}.",
                    )
                    self._call(*mine[0][:3])

    def try_later_answers(self, document: Document) -> None:
        """Has the fullest answer of each operation given once more, with what this version cannot know."""
        for operation in document.operations.values():
            fullest: dict[int, tuple[str, tuple[str, str, dict[str, Any]]]] = {}
            for (client, name, arguments, _), request in zip(self._calls, self._requests()):
                body = request.get("answer", {}).get("body", "")
                best, _ = fullest.get(request.get("status", 0), ("", ()))
                if name == operation.id and len(body) > len(best):
                    fullest[request["status"]] = body, (client, name, arguments)
            for status, (body, call) in fullest.items():
                schema = operation.answers.get(status)
                if status < 300 and schema is not None and schema.type in ("array", "object"):
                    later = json.dumps(as_later(schema, json.loads(body)))
                    self._refuse(operation.id, status, body=later)
                    self._call(*call)

    def exchanges(self) -> list[Exchange]:
        """Each call with the request that it led to."""
        pairs = zip(self._calls, self._requests())
        return [Exchange(name, arguments, told, request) for (_, name, arguments, told), request in pairs]

    def _call(self, client: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        told = self._runner.say(f"call {client} {method(operation)}", arguments)
        if client in self._derived:
            operation, arguments = SERVERS, self._derived[client]
        self._calls.append((client, operation, arguments, told))
        return told

    def _make(self, head: str, arguments: dict[str, Any]) -> None:
        told = self._runner.say(head, arguments)
        if "error" in told or "missing" in told:
            raise RuntimeError(f"{head}: there is no client: {told}")

    def _control(self, what: str, body: Any) -> Any:
        return self._gateway.get(what) if body is None else self._gateway.post(what, body)

    def _refuse(self, operation: str, status: int, **answer: str) -> None:
        self._gateway.post("faults", {"kind": "refuse", "operation": operation, "status": status, **answer})

    def _requests(self) -> list[dict[str, Any]]:
        """The request of each call, in their order; an empty one for a call that was not sent."""
        requests = self._gateway.get("requests")
        sent = [_is_sent(told) for _, _, _, told in self._calls]
        # Nothing was repeated, and nothing else was asked.
        if len(requests) != sum(sent):
            raise RuntimeError(f"{sum(sent)} calls led to {len(requests)} requests")
        pairs = iter(requests)
        return [next(pairs) if was_sent else {} for was_sent in sent]


def _is_sent(told: dict[str, Any]) -> bool:
    return "missing" not in told and (told.get("error") or {}).get("outcome") not in ("local", "not_sent")
