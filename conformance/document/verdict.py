"""What is missing, what is wrong, and the report of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import mistakes
from document import Document, load, places
from talk import Talk

KNOWN = Path(__file__).parent / "wrong.yaml"


class Known:
    """The list of what is known to be wrong, each with a reason."""

    def __init__(self, raw: Mapping[str, list[dict[str, Any]]], document: Document) -> None:
        self.mistakes = _sentences(raw["mistakes"])
        self.answers = _sentences(raw["answers"])
        self.statuses: dict[tuple[str, int], str] = {}
        for entry in raw["statuses"]:
            for operation in _operations(entry["operations"], document):
                for status in entry["statuses"]:
                    self.statuses[operation, status] = entry["reason"]

    @classmethod
    def read(cls, document: Document, path: Path = KNOWN) -> Known:
        return cls(load(path), document)


def _sentences(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {sentence: entry["reason"] for entry in entries for sentence in entry["found"]}


def _operations(named: str | list[str], document: Document) -> Iterator[str]:
    for operation in document.operations.values():
        secured = named == "secured" and not operation.is_open
        if named == "all" or secured or (isinstance(named, list) and operation.id in named):
            yield operation.id


def compare(found: Collection[Any], known: Collection[Any]) -> tuple[set[Any], set[Any]]:
    """What is found and not known, and what is known and not found any more."""
    return set(found) - set(known), set(known) - set(found)


def unchecked(document: Document, checked: Mapping[tuple[str, int], int]) -> set[tuple[str, int]]:
    """Operations and statuses of the description that no answer was held against."""
    wrongly = [(operation.id, 400) for operation in document.operations.values() if operation.takes_something]
    return {each for each in document.listed() + wrongly if not checked.get(each)}


def unlisted(document: Document, checked: Mapping[tuple[str, int], int]) -> set[tuple[str, int]]:
    """Answers with a status that the operation does not list."""
    return {(name, status) for name, status in checked if status not in document.operations[name].statuses}


def unshown(document: Document, seen: Mapping[str, list[object]]) -> set[str]:
    """Properties that an answer may have and none had, and values that none of them had."""
    missing = set()
    for at, values in _answers(document):
        shown = seen.get(at, [])
        if not any(value not in (None, "", []) for value in shown):
            missing.add(at)
        missing.update(f"{at} = {value}" for value in values if value not in shown)
    return missing


def _answers(document: Document) -> Iterator[tuple[str, list[object]]]:
    for operation in document.operations.values():
        for status in operation.statuses:
            content = document.content(operation.id, status)
            if content is not None:
                yield from places(document.whole(content[1]))


def report(talk: Talk, known: Known) -> str:
    """All of it, for a reader."""
    document = talk.document
    lines = [
        "operations and statuses: answers held against the description (in brackets: not listed there)",
        "",
    ]
    for operation in document.operations.values():
        told = []
        for (name, status), count in sorted(talk.checked.items()):
            if name == operation.id:
                text = f"{status}: {count}"
                told.append(text if status in operation.statuses else f"({text})")
        lines.append(f"  {operation.id:31} {'  '.join(told)}")
    listed = set(talk.checked) - unlisted(document, talk.checked)
    lines += [
        "",
        f"{len(document.operations)} operations, {len(listed)} of their listed statuses and "
        f"{len(talk.checked) - len(listed)} others, {sum(talk.checked.values())} answers; "
        f"{len(unchecked(document, talk.checked))} not checked",
        "",
        "where the description is wrong:",
    ]
    found = mistakes.all_of(document)
    lines += _grouped({sentence: known.mistakes.get(sentence, "NOT KNOWN") for sentence in found})
    lines += ["", "where answers differ from it, and why:"]
    lines += _grouped({problem: known.answers.get(problem, "NOT KNOWN") for problem in talk.problems})
    lines += ["", "statuses that are answered and not listed, and why:"]
    by_reason: dict[str, set[int]] = {}
    for name, status in unlisted(document, talk.checked):
        by_reason.setdefault(known.statuses.get((name, status), "NOT KNOWN"), set()).add(status)
    for reason, statuses in by_reason.items():
        lines.append(f"  {', '.join(map(str, sorted(statuses)))}: {reason}")
    return "\n".join(lines) + "\n"


def _grouped(sentences: Mapping[str, str]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for sentence, reason in sentences.items():
        by_reason.setdefault(reason, []).append(sentence)
    for reason, of_reason in by_reason.items():
        yield f"  {reason}"
        for sentence in of_reason:
            yield f"    - {sentence}"
