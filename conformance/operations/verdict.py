"""Judges what was exchanged: each operation of the document with each language, and a table of it."""

from __future__ import annotations

from collections.abc import Iterable

from .document import Document
from .exchange import SERVERS, Exchange
from .names import Names
from .sent import Sent, Servers
from .told import Told


class Verdict:
    """What came out."""

    def __init__(self, document: Document, names: Names, exchanges: dict[str, list[Exchange]]) -> None:
        self.failures: list[str] = []
        self.passed = 0
        self.failed = 0
        self._languages = list(exchanges)
        self._rows: list[list[str]] = []
        for operation in document.operations.values():
            row = [operation.id]
            for language, all_of_it in exchanges.items():
                sent, told = Sent(operation), Told(operation)
                mine = [one for one in all_of_it if one.operation == operation.id]
                failures = [failure for one in mine for failure in _judged(one, sent, told, names)]
                failures += sent.missing() + told.missing() if mine else ["was never called"]
                # The same failure of several calls is one.
                self._count(dict.fromkeys(f"{operation.id} ({language}): {failure}" for failure in failures))
                row.append("RED" if failures else _shown(sent, told))
            self._rows.append(row)
        row = [SERVERS]
        for language, all_of_it in exchanges.items():
            servers = Servers(document)
            mine = [one for one in all_of_it if one.operation == SERVERS]
            failures = [failure for one in mine for failure in servers.take(one)] + servers.missing()
            self._count(f"{SERVERS} ({language}): {failure}" for failure in failures)
            row.append("RED" if failures else "{}/{}".format(*servers.proved()))
        self._rows.append(row)
        strangers = {one.operation for all_of_it in exchanges.values() for one in all_of_it}
        for one in sorted(strangers - {SERVERS, *document.operations}):
            self._count([f"{one} is called, and the file has no such operation"])
        for one in document.received:
            if not names.received(one):
                self._count([f"{one}: nothing says how it is received"])
        for one in names.not_needed():
            self._count([f"names.yaml: {one} is not needed"])

    def table(self) -> str:
        """Per operation and language: what was sent and told, of all there is."""
        head = ["operation", *(f"{language}: sent, told, values" for language in self._languages)]
        rows = [head, *self._rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        return "\n".join(lines)

    def _count(self, failures: Iterable[str]) -> None:
        found = list(failures)
        self.failures += found
        self.passed += not found
        self.failed += bool(found)


def _judged(exchange: Exchange, sent: Sent, told: Told, names: Names) -> list[str]:
    if "missing" in exchange.told:
        return ["has no such method"]
    if not exchange.request:
        return [f"was not sent: {exchange.told}"]
    return sent.take(exchange, names) + told.take(exchange, names)


def _shown(sent: Sent, told: Told) -> str:
    """Parameters and properties seen on the wire, fields told, and how many values were compared for that."""
    (seen, wanted), (real, fields) = sent.proved(), told.proved()
    return f"{seen}/{wanted}, {real}/{fields}, {told.compared}"
