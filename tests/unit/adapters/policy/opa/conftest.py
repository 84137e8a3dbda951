"""One oracle and one local engine for all tests of this folder."""

from collections.abc import Iterator

import pytest

import oracle
from trueup.adapters.policy.embedded.engine import EmbeddedEngine


@pytest.fixture(scope="module")
def opa_library() -> Iterator[oracle.Oracle]:
    if reason := oracle.available():
        pytest.skip(f"no OPA: {reason}")
    with oracle.Oracle() as engine:
        yield engine


@pytest.fixture(scope="module")
def local() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine(timeout_seconds=60) as engine:
        yield engine
