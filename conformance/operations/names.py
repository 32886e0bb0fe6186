"""Where the library's names differ from the gateway's. One that no call needs is a failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class Names:
    """What `names.yaml` says, and which of it was needed."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self._needed: set[tuple[str, str]] = set()

    @classmethod
    def read(cls, path: Path) -> Names:
        return cls(yaml.safe_load(path.read_text()))

    def fields(self, schema: str, name: str) -> list[str]:
        """The fields that tell a property of an answer."""
        found = self._look_up("fields", f"{schema}.{name}")
        return [name] if found is None else found if isinstance(found, list) else [found]

    def sent(self, schema: str, name: str) -> str:
        """The field that gives a property of a request."""
        return self.fields(schema, name)[0]

    def withheld(self, operation: str) -> bool:
        """Whether the answer is checked by the library and not returned."""
        return self._look_up("withheld", operation) is not None

    def unknown(self, schema: str) -> str | None:
        """The field that keeps what is not known of a record as one text; others have `extra`, by names."""
        found: str | None = self._look_up("unknown", schema)
        return found

    def received(self, operation: str) -> bool:
        """Whether it is known that the gateway calls this, and not we."""
        return self._look_up("received", operation) is not None

    def not_needed(self) -> list[str]:
        """What stands in the list for nothing."""
        all_names = ((part, name) for part, names in self._raw.items() for name in names)
        return [f"{part}: {name}" for part, name in all_names if (part, name) not in self._needed]

    def _look_up(self, part: str, name: str) -> Any:
        found = self._raw.get(part, {}).get(name)
        if found is not None:
            self._needed.add((part, name))
        return found
