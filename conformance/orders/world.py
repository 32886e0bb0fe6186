"""One case in one language: a sandbox and a journal of its own, runners, and what they told."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations.exchange import Runner, Sandbox
from operations.plan import resolved

ROUNDS_MAX = 20_000
"""How often a call is made until it tells what is waited for. Each asks a running library; nothing sleeps."""

MAPS = {"notes"}
"""Arguments that are maps."""

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"""The bytes 0 to 31 in base64: a key that protects nothing but tests."""

FAR_MS = 86_400_000
QUIET = {
    "submit_within_ms": FAR_MS,
    "look_up_first_ms": FAR_MS,
    "look_up_unknown_max_ms": FAR_MS,
    "look_up_accepted_max_ms": FAR_MS,
    "overdue_after_ms": 10 * FAR_MS,
}
"""Nothing happens by itself: what is looked up, a step looks up."""


@dataclass
class Told:
    """What came of all steps of a case."""

    steps: list[Any] = field(default_factory=list)
    ledger: dict[str, int] = field(default_factory=dict)
    """How often each id was bought."""
    journal: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The orders as the journal has them."""
    broken: str | None = None
    """Why it could not be carried out."""
    hidden: list[tuple[str, str]] = field(default_factory=list)
    """Texts that differ from run to run, and what stands for them."""


class World:
    """What a case happens in."""

    def __init__(self, case: dict[str, Any], command: list[str], sandbox: Sandbox, folder: Path) -> None:
        self.case, self.command, self.sandbox, self.folder = case, command, sandbox, folder
        self.runners: dict[str, Runner] = {}
        self.known: dict[str, Any] = {"url": sandbox.url, "folder": str(folder)}
        self.known["folder_mirror"], self.known["folder_missing"] = (
            str(folder / "mirror"),
            str(folder / "missing"),
        )
        self.known["closed_port"] = "http://127.0.0.1:1/openapi/prod/v5.2.3"
        self.known["tls"] = sandbox.url.replace("http:", "https:")

    def runner(self, step: dict[str, Any]) -> Runner:
        name = step.get("in", "one")
        if name not in self.runners:
            self.runners[name] = Runner(self.command, self.case.get("clock", 1))
        return self.runners[name]

    def take(self, step: dict[str, Any]) -> Any:
        """Does a step, and returns what was told of it."""
        told: Any = None
        if "open" in step:
            told = self._open(step)
        elif "do" in step:
            told = self._do(step)
        elif "events" in step:
            told = self._events(step)
        elif "drop" in step:
            told = self.runner(step).say(f"drop {step['drop']}", {})
        elif "kill" in step:
            self.runners.pop(step["kill"]).kill()
        elif "write" in step:
            (self.folder / step["write"]).write_text(step["text"])
        elif "sql" in step:
            with sqlite3.connect(self.folder / "journal") as connection:
                connection.execute(step["sql"])
            connection.close()
        elif "copy" in step:
            shutil.copyfile(self.folder / step["copy"][0], self.folder / step["copy"][1])
        elif "until_rows" in step:
            told = self._rows(step)
        elif "sandbox" in step:
            body = resolved(step.get("body"), self.known)
            told = (
                self.sandbox.post(step["sandbox"], body)
                if body is not None
                else self.sandbox.get(step["sandbox"])
            )
        else:
            raise ValueError(f"not a step: {step}")
        self.known[step.get("as", "last")] = told.get("returned") if isinstance(told, dict) else told
        return told

    def _open(self, step: dict[str, Any]) -> dict[str, Any]:
        wanted = {"till": "till", "client": {}, "config": {}, "attach": {}, **(step["open"] or {})}
        client, till, runner = f"{wanted['till']}_client", wanted["till"], self.runner(step)
        config: dict[str, Any] = {
            "credentials": {"user": "till", "password": "secret"},
            "base_url": self.sandbox.url,
            **wanted["client"],
        }
        policy = {**QUIET, **self.case.get("policy", {})}
        journal: dict[str, Any] = {
            "journal_path": str(self.folder / "journal"),
            "create": True,
            "key": {"id": "test", "key": KEY},
            "installation_id": "this",
            "policy": policy,
            **wanted["config"],
        }
        calls = [
            (f"make {client} CysendClient new", {"config": config}),
            (f"make {till} Till open", {"config": journal}),
        ]
        if wanted["attach"] is not None:
            calls.append((f"call {till} attach_cysend", {"account": {"client": client, **wanted["attach"]}}))
        calls.append((f"derive {till}_events {till} events", {}))
        for head, arguments in calls:
            told = runner.say(head, as_given(resolved(arguments, self.known)))
            if "error" in told or "missing" in told:
                return told
        return runner.say(f"call {till} status", {})

    def _do(self, step: dict[str, Any]) -> dict[str, Any]:
        of, _, method = step["do"].rpartition(".")
        verb, _, made = step.get("verb", "call").partition(" ")
        head = " ".join(word for word in (verb, made, of or "till", method) if word)
        arguments = as_given(resolved(step.get("with", {}), self.known))
        for _ in range(ROUNDS_MAX if "until" in step else 1):
            told = self.runner(step).say(head, arguments)
            if "until" not in step or agrees(step["until"], told.get("returned")):
                return told
        raise RuntimeError(f"{head} never told {step['until']}, but {told}")

    def _rows(self, step: dict[str, Any]) -> Any:
        """What the sandbox lists, as soon as that is so long."""
        for _ in range(ROUNDS_MAX):
            told = self.sandbox.get(step["sandbox"])
            if len(told) == step["until_rows"]:
                return told
        raise RuntimeError(f"{step['sandbox']} never had {step['until_rows']} rows")

    def _events(self, step: dict[str, Any]) -> list[Any]:
        """Takes and acknowledges all that there are; each is an event as it was told."""
        runner, till = self.runner(step), step.get("of", "till")
        events: list[Any] = []
        while True:
            told = runner.say(f"call {till}_events next", {"timeout_ms": 0})
            if told.get("returned") is None:
                return events if "error" not in told else [*events, told]
            events.append(told["returned"])
            acknowledged = runner.say(f"call {till}_events acknowledge", {"event_id": told["returned"]["id"]})
            if "error" in acknowledged:
                return [*events, acknowledged]


def as_given(value: Any) -> Any:
    """With bytes for texts that begin with `hex:`, with what is too long to be written, without nulls."""
    if isinstance(value, str) and value.startswith("hex:"):
        return value[4:].encode().hex()
    if isinstance(value, dict):
        if set(value) == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        if set(value) == {"bytes", "times"}:
            return value["bytes"].encode().hex() * value["times"]
        if set(value) == {"hints"}:
            return json.dumps([{"user_uid": f"x{number}"} for number in range(value["hints"])]).encode().hex()
        # A record has names, a map has pairs.
        pairs = {
            name: [{"key": k, "value": v} for k, v in value[name].items()] for name in MAPS & value.keys()
        }
        return {name: as_given(item) for name, item in {**value, **pairs}.items() if item is not None}
    if isinstance(value, list):
        return [as_given(item) for item in value]
    return value


def agrees(expected: Any, told: Any) -> bool:
    """Whether all that is expected was told."""
    return not differences(expected, told)


def differences(expected: Any, told: Any, at: str = "") -> list[str]:
    """Where what was told is not what is expected. What is not mentioned may be anything; lists are whole."""
    if isinstance(expected, dict) and "(first)" in expected:
        first = told[0] if isinstance(told, list) and told else told
        return differences(expected["(first)"], first, f"{at}.0".strip("."))
    if isinstance(expected, dict):
        if not isinstance(told, dict):
            return [f"{at or 'it'} is {shown(told)}"]
        found = [
            differences(item, told.get(name, "(missing)"), f"{at}.{name}".strip("."))
            for name, item in expected.items()
        ]
        return [one for several in found for one in several]
    if isinstance(expected, list):
        if not isinstance(told, list) or len(told) != len(expected):
            count = len(told) if isinstance(told, list) else shown(told)
            return [f"{at or 'it'} has {count} items, not {len(expected)}"]
        found = [
            differences(item, other, f"{at}.{i}".strip("."))
            for i, (item, other) in enumerate(zip(expected, told))
        ]
        return [one for several in found for one in several]
    if expected == "(something)":
        return [] if told not in (None, "", "(missing)") else [f"{at or 'it'} is {shown(told)}"]
    if expected != told or isinstance(expected, bool) != isinstance(told, bool):
        return [f"{at or 'it'} is {shown(told)}, not {shown(expected)}"]
    return []


def shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) < 120 else text[:117] + "…"


def carry_out(case: dict[str, Any], command: list[str], program: Path, folder: Path) -> Told:
    """All steps of a case, and what stands in the books afterwards."""
    told = Told()
    options = [str(program), "--until-stdin-closes", "--speed", "0", "--catalogue-products", "0"]
    options += ["--account", "till:secret:100000:CHF", *case.get("sandbox", [])]
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        pipe = subprocess.PIPE
        process = stack.enter_context(subprocess.Popen(options, stdin=pipe, stdout=pipe, text=True))
        assert process.stdin is not None and process.stdout is not None
        stack.callback(process.stdin.close)
        sandbox = Sandbox(process.stdout.readline().removeprefix("listening on ").strip())
        told.hidden = [(sandbox.url, "URL"), (sandbox.url.split("/")[2], "HOST"), (str(folder), "FOLDER")]
        world = World(case, command, sandbox, folder)
        try:
            if case.get("faults"):
                sandbox.post("faults", case["faults"])
            for step in steps(case):
                told.steps.append(world.take(step))
            for runner in world.runners.values():
                runner.end()
            world.runners.clear()
            for row in sandbox.get("ledger"):
                told.ledger[row["user_uid"]] = told.ledger.get(row["user_uid"], 0) + 1
            told.journal = journal(folder / "journal")
        except (
            RuntimeError,
            OSError,
            ValueError,
            KeyError,
            urllib.request.HTTPError,
            subprocess.TimeoutExpired,
        ) as error:
            told.broken = f"step {len(told.steps)}: {type(error).__name__}: {error}"
        for runner in world.runners.values():
            runner.kill()
    return told


def steps(case: dict[str, Any]) -> list[dict[str, Any]]:
    """All steps; a till is opened first unless the case says how."""
    opened = any("open" in step for step in case["steps"][:1]) or case.get("till") == "none"
    return case["steps"] if opened else [{"open": None, "told": {"cannot_buy": None}}, *case["steps"]]


def journal(path: Path) -> dict[str, dict[str, Any]]:
    """Orders by their ids, read by SQL; none if it is no journal."""
    try:
        with sqlite3.connect(f"file:{path}?mode=rw", uri=True) as connection:
            rows = connection.execute("SELECT body FROM orders").fetchall()
        connection.close()
    except sqlite3.Error:
        return {}
    orders = [json.loads(body)["order"] for (body,) in rows]
    return {order["id"]: order for order in orders}
