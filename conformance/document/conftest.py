"""One talk with a sandbox for all tests, and the report at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cases
import pytest
import verdict
from document import Document
from gateway import Sandbox
from talk import Talk
from verdict import Known

PROGRAM = "TILLGATE_SANDBOX"
"""The variable that says where the sandbox's program is."""

DOCUMENT = Document.read()
_told: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", type=Path, help="also write the report into this file")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"operation", "status"} <= set(metafunc.fixturenames):
        metafunc.parametrize(("operation", "status"), DOCUMENT.listed())


@pytest.fixture(scope="session")
def document() -> Document:
    return DOCUMENT


@pytest.fixture(scope="session")
def known(document: Document) -> Known:
    return Known.read(document)


@pytest.fixture(scope="session")
def talk(document: Document, known: Known, request: pytest.FixtureRequest) -> Iterator[Talk]:
    with Sandbox(os.environ[PROGRAM], *cases.ARGUMENTS) as sandbox:
        talk = Talk(document, sandbox)
        cases.play(talk)
        text = verdict.report(talk, known)
        _told.append(text)
        path: Path | None = request.config.getoption("--report")
        if path is not None:
            path.write_text(text, encoding="utf-8")
        yield talk


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for text in _told:
        terminalreporter.section("the sandbox and the description")
        terminalreporter.write(text)
