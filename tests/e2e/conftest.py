"""Scratch repositories for the tests of whole commands; each leaves no process behind, or its test fails."""

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


@pytest.fixture
def served(scratch: Scratch) -> Scratch:
    """A repository whose dev serves the first release of `support`."""
    scratch.apply()
    return scratch
