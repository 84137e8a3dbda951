"""Scratch repositories for the tests of whole commands; each leaves no process behind, or its test fails."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from scratch import Scratch, cleaned_up, new_scratch


@pytest.fixture(scope="session")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """The declared example, never applied; to be copied."""
    return new_scratch(tmp_path_factory.mktemp("declared") / "shop")


@pytest.fixture
def scratch(declared: Scratch, tmp_path: Path) -> Iterator[Scratch]:
    """A repository of this test's own; nothing runs yet."""
    with cleaned_up(declared.copied_to(tmp_path / "shop")) as made:
        yield made


@pytest.fixture(scope="session")
def stocked(declared: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """The declared example with artifacts in its store, and nothing else done; to be copied."""
    made = declared.copied_to(tmp_path_factory.mktemp("stocked") / "shop")
    with cleaned_up(made):
        made.apply()
    made.git("update-ref", "-d", "refs/trueup/ledger")
    for path in (made.folder / ".trueup").iterdir():
        if path.is_dir() and path.name != "store":
            shutil.rmtree(path)
    return made


@pytest.fixture
def served(stocked: Scratch, tmp_path: Path) -> Iterator[Scratch]:
    """A repository of this test's own whose dev serves the first release of `support`."""
    with cleaned_up(stocked.copied_to(tmp_path / "shop")) as made:
        made.apply()
        yield made
