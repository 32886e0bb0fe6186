"""Compares what each language offers with core's own list, and prints a table of what is there.

python -m items --core FILE --rust FOLDER --header FILE --declarations FOLDER --kotlin FOLDER
    [--list NAME FILE]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from . import declarations, header, kotlin, package, rust
from .item import read
from .verdict import Known, compare, only_in_rust, table

HERE = Path(__file__).parent


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--core", type=Path, required=True, help="what core offers")
    arguments.add_argument("--rust", type=Path, required=True, help="what rustdoc wrote of the crate")
    arguments.add_argument("--header", type=Path, required=True, help="tillgate.h")
    arguments.add_argument("--declarations", type=Path, required=True, help="Node's *.d.ts")
    arguments.add_argument("--kotlin", type=Path, required=True, help="the generated sources")
    arguments.add_argument(
        "--list", nargs=2, action="append", default=[], help="another language and its list"
    )
    given = arguments.parse_args()

    core = read(given.core.read_text())
    languages = {
        "C": list(header.items(given.header.read_text())),
        "Python": list(package.items()),
        "Node": list(declarations.items(given.declarations)),
        "Kotlin": [
            item for file in sorted(given.kotlin.rglob("*.kt")) for item in kotlin.items(file.read_text())
        ],
        **{name: read(Path(file).read_text()) for name, file in given.list},
    }
    listed = yaml.safe_load((HERE / "known.yaml").read_text())
    more = listed.pop("only_in_rust")
    known = {
        name: Known(**{what: of[name] for what, of in listed.items() if name in of}) for name in languages
    }
    in_rust = list(rust.names(given.rust))
    failures = only_in_rust(core, in_rust, more)
    failures += [
        failure for name, items in languages.items() for failure in compare(core, name, items, known[name])
    ]
    print(table(core, in_rust, languages, known))
    for failure in failures:
        print(f"failed: {failure}")
    # What a language rightly lacks was not compared.
    compared = len(in_rust) + sum(len(core) - len(known[name].without) for name in languages)
    print(f"{max(compared - len(failures), 0)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures or not core else 0


if __name__ == "__main__":
    sys.exit(main())
