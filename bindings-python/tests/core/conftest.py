"""Tests on the real core, against the sandbox (`tillgate-sandbox`, built beside the extension)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tillgate
from tillgate import (
    CysendAccount,
    CysendClient,
    CysendConfig,
    CysendCredentials,
    JournalKey,
    Secret,
    Till,
    TillConfig,
)

ROOT = Path(__file__).resolve().parents[3]
SANDBOX = Path(os.environ.get("TILLGATE_SANDBOX", ROOT / "target" / "debug" / "tillgate-sandbox"))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gateway that settles orders at once."""
    assert SANDBOX.exists(), f"{SANDBOX} is missing: cargo build -p tillgate-sandbox"
    command = [str(SANDBOX), "--immediately-final", "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        line = process.stdout.readline()
        yield next(word for word in line.split() if word.startswith("http"))
        process.stdin.close()


@pytest.fixture
def config(sandbox: str) -> CysendConfig:
    return CysendConfig(
        credentials=CysendCredentials(user="till", password=Secret("secret")),
        base_url=sandbox,
    )


@pytest.fixture
def till_config(tmp_path: Path) -> TillConfig:
    return TillConfig(
        journal_path=str(tmp_path / "journal"),
        create=True,
        key=JournalKey(id="first", key=tillgate.new_journal_key()),
        installation_id="test",
    )


@pytest.fixture
def till(till_config: TillConfig, config: CysendConfig) -> Iterator[Till]:
    with Till.open(till_config) as till:
        till.attach_cysend(CysendAccount(client=CysendClient(config)))
        yield till
