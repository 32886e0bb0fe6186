"""Nothing that is secret comes out of a Python process, through any way out of it.

A process is told a canary in the place of each secret (`secrecy_scenario.py`), and all that came out of it is
searched. The same search over the same process that lets one canary out on purpose must find it, in every
channel.
"""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tillgate
from secrecy_scenario import CANARIES, LEAKED

PACKAGE = str(Path(tillgate.__file__).parent.parent)

# What proves that a channel was heard.
SIGNS_OF_LIFE = {
    "records": ("CysendGiftCard(", "CysendToken(", "Voucher(", "CallbackRequest(body=<", "Secret('***')"),
    "errors": ("insufficient_funds", "network", "invalid_argument", "wrong_key", "surrogate pair", "***"),
    "pickles": ("cannot be pickled", "InsufficientFundsError"),
    "logging": ("get_gift_card", "InsufficientFundsError", "selector"),
    "output": ("Fatal Python error: Aborted", "InvalidArgumentError"),
    "journal": ("+41791234567", "SQLite format"),
}

KEPT = (
    # Told to the gateway again after a restart.
    ("journal", "callback"),
    # Who pickles an answer wants the whole of it, what is unknown in it too.
    ("pickles", "new field"),
)


def test_no_secret_comes_out(tmp_path: Path) -> None:
    silent = channels(tmp_path / "silent")
    leaking = channels(tmp_path / "leaking", "leak")
    for name, signs in SIGNS_OF_LIFE.items():
        for sign in signs:
            assert sign.encode() in silent[name], f"{name} says nothing of {sign}"
    table = [f"{'':<24}" + "".join(f"{name:>12}" for name in silent)]
    found = []
    for canary in CANARIES:
        forms = {name: found_in(canary, came_out) for name, came_out in silent.items()}
        for name, kept in KEPT:
            assert forms[name] or canary != kept, f"{canary} in {name} need not be an exception"
        shown = {name: "kept" if form and (name, canary) in KEPT else form for name, form in forms.items()}
        table.append(f"{canary:<24}" + "".join(f"{form or '-':>12}" for form in shown.values()))
        found += [(name, canary, form) for name, form in shown.items() if form and form != "kept"]
    let_out = {name: found_in(LEAKED, came_out) for name, came_out in leaking.items()}
    for row, cells in (
        ("bytes searched", [str(len(came_out)) for came_out in silent.values()]),
        (f"{LEAKED}, let out", [form or "NOT FOUND" for form in let_out.values()]),
    ):
        table.append(f"{row:<24}" + "".join(f"{cell:>12}" for cell in cells))
    print("\n" + "\n".join(table))
    assert found == []
    assert all(let_out.values()), let_out


@pytest.mark.parametrize("canary", CANARIES)
def test_a_canary_is_found_in_each_form(canary: str) -> None:
    text = CANARIES[canary]
    leaks = [text.encode(), repr(text).encode(), f"a={text}&b".encode()]
    if len(text) > 4:
        leaks += [base64.b64encode(f"{'x' * size}{text}".encode()) for size in range(3)]
    leaks.append(text.encode().hex().encode())
    for leak in leaks:
        assert found_in(canary, leak), leak
    assert not found_in("verification code", b"17391 73912 7391Z")


def found_in(canary: str, came_out: bytes) -> str | None:
    """The form in which a canary stands in there, if it does."""
    # Letters and digits, which no way of writing a text changes.
    core = max(re.findall("[A-Za-z0-9]+", CANARIES[canary]), key=len)
    if canary == "link":
        core = "canaryLink08"
    forms = {"plain": core.encode(), "hex": core.encode().hex().encode()}
    forms["UTF-16"] = core.encode("utf-16-le")
    forms["list"] = ", ".join(map(str, core.encode())).encode()
    if canary == "journal key":
        forms["bytes"] = base64.b64decode(CANARIES[canary])
    if len(core) > 4:
        for before, unsure in enumerate((0, 2, 3)):
            encoded = base64.b64encode(b"\0" * before + core.encode())
            forms[f"Base64+{before}"] = encoded[unsure : (before + len(core)) * 8 // 6]
    for form, needle in forms.items():
        # Four digits stand by chance in longer numbers; as a code they stand alone.
        pattern = re.escape(needle)
        if core.isdigit():
            pattern = b"(?<![A-Za-z0-9])" + pattern + b"(?![A-Za-z0-9])"
        if re.search(pattern, came_out):
            return form
    return None


def channels(folder: Path, *arguments: str) -> dict[str, bytes]:
    """All that came out of a process which was told every secret."""
    folder.mkdir()
    program = Path(__file__).with_name("secrecy_scenario.py")
    ended = subprocess.run(
        [sys.executable, "-X", "dev", str(program), str(folder), *arguments],
        capture_output=True,
        timeout=240,
        check=False,
        env={**os.environ, "PYTHONPATH": PACKAGE, "RUST_BACKTRACE": "full"},
    )
    assert ended.returncode == -signal.SIGABRT, ended.stderr.decode()
    came_out = {name: (folder / name).read_bytes() for name in ("records", "errors", "pickles", "logging")}
    came_out["output"] = ended.stdout + ended.stderr
    came_out["journal"] = b"\n".join(
        path.name.encode() + path.read_bytes()
        for path in sorted((folder / "journal").iterdir())
        if not path.name.endswith("-reserve")
    )
    return came_out
