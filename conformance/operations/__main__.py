"""Calls every operation with every language, and prints what that proves.

python -m operations --sandbox PROGRAM --language NAME COMMAND... [--language NAME COMMAND...] [--keep FILE]
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from .document import Document
from .exchange import kept
from .names import Names
from .run import carry_out
from .verdict import Verdict

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "reference" / "cysend-openapi-5.2.3.yaml"


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--sandbox", type=Path, required=True, help="the program tillgate-sandbox")
    arguments.add_argument(
        "--language", nargs="+", action="append", required=True, help="its name and its runner"
    )
    arguments.add_argument("--document", type=Path, default=DOCUMENT, help="another OpenAPI file")
    arguments.add_argument("--keep", type=Path, help="where to write what was exchanged")
    given = arguments.parse_args()

    document = Document.read(given.document)
    cases = yaml.safe_load((HERE / "cases.yaml").read_text())
    with ThreadPoolExecutor() as pool:
        running = {
            name: pool.submit(carry_out, cases, document, given.sandbox, command)
            for name, *command in given.language
        }
        exchanges = {name: each.result() for name, each in running.items()}
    if given.keep:
        given.keep.write_text(kept(exchanges))
    verdict = Verdict(document, Names.read(HERE / "names.yaml"), exchanges)
    print(verdict.table())
    for failure in verdict.failures:
        print(f"failed: {failure}")
    print(f"{verdict.passed} passed, {verdict.failed} failed, 0 skipped")
    return 1 if verdict.failed else 0


if __name__ == "__main__":
    sys.exit(main())
