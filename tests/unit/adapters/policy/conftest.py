"""One engine for all tests of this folder: its worker is started once."""

from collections.abc import Iterator

import pytest

from trueup.adapters.policy.embedded.engine import EmbeddedEngine


@pytest.fixture(scope="session")
def engine() -> Iterator[EmbeddedEngine]:
    # Generous, because machines that run tests are slow; what must time out asks for less.
    with EmbeddedEngine(timeout_seconds=60) as started:
        yield started
