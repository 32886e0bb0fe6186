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
    """The first sentence of its docs; empty without docs."""


def read(lines: str) -> list[Item]:
    return [Item(**json.loads(line)) for line in lines.splitlines()]


def first_sentence(docs: str) -> str:
    """Of docs as they stand in a source: with the stars of a comment, and any line breaks."""
    plain = re.sub(r"^ *\* ?", "", docs.strip(" *\n"), flags=re.MULTILINE)
    paragraph = " ".join(plain.split("\n\n")[0].split())
    return paragraph[: paragraph.find(". ") + 1] if ". " in paragraph else paragraph
