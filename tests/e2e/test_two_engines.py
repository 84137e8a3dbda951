"""The library on generated documents: the embedded engine and OPA itself give one decision and the same results.

`benchmarks/differential.py` does the same with thousands of documents.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import oracle
from differential import NOW, Tally, compared, differences, direct_engine, documents, mutated
from opa_server import OpaServer, running
from repositories import repository
from trueup.adapters.policy.both import BothEngines
from trueup.adapters.policy.bundle import load_library
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.opa.engine import OpaEngine
from trueup.adapters.policy.opa.settings import OpaSettings
from trueup.core.json import canonical

pytestmark = pytest.mark.slow
LIBRARY = load_library()
BATCHES, BATCH = 8, 25
"""Documents are made in batches: Hypothesis then finds a seed, not a document, which is as good to repeat."""


@pytest.fixture(scope="module")
def right() -> list[Any]:
    return documents(LIBRARY)


@pytest.fixture(scope="module")
def local() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine(timeout_seconds=120) as engine:
        yield engine


@pytest.fixture(scope="module")
def opa() -> Iterator[oracle.Oracle]:
    if reason := oracle.available():
        pytest.skip(f"no OPA: {reason}")
    with oracle.Oracle() as engine:
        yield engine


@pytest.fixture(scope="module")
def direct(opa: oracle.Oracle, local: EmbeddedEngine) -> OpaEngine:
    return direct_engine(opa, local)


def test_right_documents_are_decided_alike(local: EmbeddedEngine, direct: OpaEngine, right: list[Any]) -> None:
    tally = compared(local, direct, LIBRARY, [*right, {}, None], Tally())
    assert (differences(tally), tally.decisions_differ) == ([], 0)


@settings(
    max_examples=BATCHES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**32))
def test_documents_with_changed_places_are_decided_alike(
    local: EmbeddedEngine, direct: OpaEngine, right: list[Any], seed: int
) -> None:
    random = Random(seed)
    samples = [mutated(random.choice(right), random) for _ in range(BATCH)]
    tally = compared(local, direct, LIBRARY, samples, Tally())
    assert (differences(tally), tally.decisions_differ) == ([], 0)


def test_the_library_is_asked_over_http_and_both_agree(
    opa: oracle.Oracle, local: EmbeddedEngine, right: list[Any]
) -> None:
    server = OpaServer(opa, compiles_at_once=False)
    with running(server) as url:
        engine = OpaEngine(OpaSettings(url, timeout_seconds=120), local, Path())
        texts = [canonical(document) for document in right]
        evaluations = BothEngines(local, engine).evaluate(LIBRARY, texts, NOW)
    assert [e.errors for e in evaluations] == [()] * len(right)
    assert evaluations[0].results == ()
    assert any(e.results for e in evaluations[1:])
    assert sum(request.startswith("POST") for request in server.requests) == len(right) + 1


RULE = b'package acme\ndeny contains {"id": "ACME-01", "severity": "high", "msg": "blocked"} if input.blocked\n'


def project(folder: Path, url: str) -> Path:
    declared = f"spec:\n  policies: {{library: false, paths: [policies], engine: {{type: opa, url: '{url}'}}}}\n"
    head = "apiVersion: trueup/v1alpha1\nkind: Project\nmetadata: {name: demo}\n"
    return repository(folder, {"trueup.yaml": (head + declared).encode(), "policies/acme.rego": RULE}).root


def check(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "trueup", "policy", "check", "blocked.json", *options]
    return subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def test_a_user_asks_the_engine_of_the_project_another_one_or_both(opa: oracle.Oracle, tmp_path: Path) -> None:
    server = OpaServer(opa)
    with running(server) as url:
        root = project(tmp_path / "project", url)
        (root / "blocked.json").write_text('{"blocked": true}')
        asked = {}
        for engine in ("embedded", "opa", "both", ""):
            before = len(server.requests)
            done = check(root, "-o", "json", *(["--engine", engine] if engine else []))
            assert done.returncode == 3, done.stderr
            assert "ACME-01" in done.stdout
            asked[engine] = len(server.requests) - before
    assert (asked["embedded"], asked["opa"] > 0, asked["both"], asked[""]) == (0, True, 1, 1)
    done = check(root)
    assert done.returncode == 3
    assert "POL041" in done.stdout + done.stderr
