"""The package as a whole: what it loads, what it shows, what type checkers see of it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import tillgate

HERE = Path(__file__).parent


def test_importing_loads_no_more_than_is_asked_for() -> None:
    program = """
import sys
import tillgate
loaded = [name for name in sys.modules if name.startswith("tillgate")]
print(sorted(loaded))
print([name for name in ("asyncio", "typing", "decimal", "datetime", "enum") if name in sys.modules])
tillgate.Inner
print("tillgate._generated.probe" in sys.modules, "tillgate._generated.cyclos" in sys.modules)
"""
    # Without `site`, whose additions differ from machine to machine.
    run = [sys.executable, "-S", "-c", program]
    path = str(Path(tillgate.__file__).parent.parent)
    lines = subprocess.run(
        run, capture_output=True, text=True, check=True, env={"PYTHONPATH": path}
    ).stdout.splitlines()
    assert lines == ["['tillgate', 'tillgate._generated', 'tillgate._native']", "[]", "True False"]


def test_every_public_name_is_there_and_documented() -> None:
    for name in tillgate.__all__:
        value = getattr(tillgate, name)
        assert name in dir(tillgate)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name
            assert value.__module__ == "tillgate"
    assert not hasattr(tillgate, "no_such_name")
    assert tillgate.__version__ == tillgate.version()


def test_both_faces_offer_the_same() -> None:
    for name in tillgate.__all__:
        face, other = getattr(tillgate, name), getattr(tillgate, f"Async{name}", None)
        if other is None:
            continue
        public = [attribute for attribute in vars(face) if not attribute.startswith("_")]
        assert public == [attribute for attribute in vars(other) if not attribute.startswith("_")]
        for attribute in public:
            assert getattr(face, attribute).__doc__ == getattr(other, attribute).__doc__ != ""


def test_type_checkers_see_every_type() -> None:
    check = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", str(HERE / "typed_use.py")]
    path = str(Path(tillgate.__file__).parent.parent)
    checked = subprocess.run(
        check, capture_output=True, text=True, check=False, env={"MYPYPATH": path, "PATH": ""}
    )
    assert checked.returncode == 0, checked.stdout
    checked = subprocess.run(
        [*check[:-1], "-p", "tillgate"],
        capture_output=True,
        text=True,
        check=False,
        env={"MYPYPATH": path, "PATH": ""},
    )
    assert checked.returncode == 0, checked.stdout
