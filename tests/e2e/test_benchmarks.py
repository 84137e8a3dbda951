"""Every benchmark runs at its smallest size. How long it takes is nobody's business here."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

SMALLEST = (
    *("--rounds", "1", "--sizes", "20", "21", "--cold-rounds", "1"),
    *("--policy-documents", "20", "--policy-changes", "2", "--policy-seconds", "0.1", "--policy-rounds", "1"),
    *("--history-resources", "20", "--commits", "20", "--records", "30", "--history-rounds", "1"),
    *("--edits", "20", "--peer-resources", "10", "--peer-rounds", "1"),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "options", "says"),
    [
        ("startup.py", ["--rounds", "1"], "trueup validate"),
        ("scale.py", ["--rounds", "1", "--sizes", "20", "--cold-rounds", "1"], "| nothing changed, commit | 20 |"),
        ("cold_plan.py", ["--rounds", "1", "--sizes", "10"], "A resource of 10 against one of 10"),
        ("store_hash.py", ["--rounds", "1", "--megabytes", "1"], "store.fetch, first time"),
        ("datasets.py", ["--rounds", "1", "--megabytes", "1", "--memory-megabytes", "1"], "bar 300 MB met"),
        ("gateway.py", ["--rounds", "1", "--requests", "5"], "requests failed: bar 0"),
        ("policy.py", ["--rounds", "1", "--sizes", "20", "--seconds", "0.1"], "decisions a second"),
        ("build_keys.py", ["--rounds", "1", "--keys", "6", "--builds", "2"], "2 cached builds add"),
        ("evaluations.py", ["--rounds", "1", "--rows", "3"], "A re-run in which nothing changed"),
        ("differential.py", ["--documents", "6"], "| decisions differ | 0 |"),
        ("export.py", ["--sizes", "5", "10"], "Memory grew by"),
        ("edits.py", ["--rounds", "1", "--resources", "20"], "0 bytes: "),
        (
            "history.py",
            ["--rounds", "1", "--resources", "20", "--commits", "20", "--records", "30"],
            "audit log RESOURCE, first index of commits",
        ),
        ("speed.py", [*SMALLEST, "--parts", "plans", "library", "policy"], "| cold plan, no Rego, 20 |"),
        ("speed.py", [*SMALLEST, "--parts", "history", "edits", "peers"], "not run: not asked for (`--peers DIR`)"),
        ("gate_errors.py", ["--runs", "4"], "| value alone: share >= 0.8, 100 examples |"),
    ],
)
def test_a_benchmark_runs_at_its_smallest_size(script: str, options: list[str], says: str) -> None:
    words = [sys.executable, str(BENCHMARKS / script), *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    if done.stdout.startswith("no OPA"):
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
