"""An item, as lists of them are exchanged: one line of JSON each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """Something public."""

    kind: str
    """`record`, `field`, `enum`, `value`, `error`, `object`, `constructor`, `method` or `function`."""
    name: str
    """The same in every language: `Till.buy`, `OrderState.needs_review`."""
    doc: str
    """Its docs in one line; empty without docs."""


def read(lines: str) -> list[Item]:
    return [Item(**json.loads(line)) for line in lines.splitlines()]


def plain(docs: str) -> str:
    """Of docs as they stand in a source: without the stars of a comment, in one line."""
    return " ".join(re.sub(r"^ *\* ?", "", docs.strip(" *\n"), flags=re.MULTILINE).split())
