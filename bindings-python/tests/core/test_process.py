"""Forks and endings of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import tillgate

PACKAGE = str(Path(tillgate.__file__).parent.parent)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )


CONFIG = """
import asyncio, os, sys, tillgate
config = tillgate.TillConfig(
    journal_path=sys.argv[1],
    create=True,
    key=tillgate.JournalKey(id="first", key=tillgate.new_journal_key()),
    installation_id="test",
)
"""


def test_a_forked_child_is_told_and_does_not_hang(tmp_path: Path) -> None:
    ended = run(
        CONFIG
        + textwrap.dedent("""
        till = tillgate.Till.open(config)
        child = os.fork()
        if child == 0:
            try:
                till.status()
            except tillgate.ForkedError:
                async def ask():
                    await (tillgate.AsyncTill._of(till)).status()
                try:
                    asyncio.run(ask())
                except tillgate.ForkedError:
                    os._exit(7)
            os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), till.status().open_orders)
        till.close()
        """),
        str(tmp_path / "journal"),
    )
    assert (ended.stdout, ended.stderr) == ("7 0\n", "")


def test_a_till_that_nobody_closed_does_not_hold_up_the_end(tmp_path: Path) -> None:
    ended = run(
        CONFIG
        + textwrap.dedent("""
        till = tillgate.Till.open(config)
        print(till.events().next(0))
        """),
        str(tmp_path / "journal"),
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "None\n", "")
