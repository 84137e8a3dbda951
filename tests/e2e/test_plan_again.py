"""A plan is made once while nothing changes; what makes it another plan is seen, and what might is planned anew."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from repositories import commit, git, repository, write
from trueup.cli.kept_plan import _parts, _times
from trueup.cli.output import Format

HEAD = "apiVersion: trueup/v1alpha1\n"
PROJECT = f"{HEAD}kind: Project\nmetadata: {{name: shop}}\nspec: {{specs: [spec]}}\n"
SPECS = f"""{HEAD}kind: Environment
metadata: {{name: dev}}
spec: {{tier: dev, target: {{type: process}}}}
---
{HEAD}kind: Model
metadata: {{name: tiny, version: "1"}}
spec: {{source: {{uri: 'file:tiny', digest: 'sha256:{"1" * 64}'}}, format: gguf}}
---
{HEAD}kind: Deployment
metadata: {{name: chat}}
spec: {{environment: dev, release: {{model: tiny@1}}, runtime: {{engine: llama.cpp, threads: 1}}}}
"""


@pytest.fixture
def root(tmp_path) -> Path:
    files = {"trueup.yaml": PROJECT.encode(), "spec/all.yaml": SPECS.encode(), ".gitignore": b"/.trueup\n"}
    return repository(tmp_path / "r", files).root


def trueup(root: Path, *words: str, **variables: str) -> tuple[int, str, bool]:
    """Return how it ended, what it printed without its times, and whether it planned."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "COLUMNS": "100", **variables}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "trueup", *words],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.sub(r'_at": "[^"]+"|valid\s+until\s+[-0-9]+\s+[0-9:]+', "", done.stdout)
    return done.returncode, told, "pydantic" in done.stderr


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_plan_without_policies_is_printed_again_without_planning(root, output):
    commit(root, {"trueup.yaml": PROJECT.replace("[spec]", "[spec], policies: {library: false}").encode()})
    words = ("plan", "-e", "dev", "-o", output)
    first = trueup(root, *words)
    trueup(root, *words)
    assert trueup(root, *words) == (*first[:2], False)


def test_a_decision_for_programs_names_a_document_of_its_own_time_and_is_made_anew(root):
    words = ("plan", "-e", "dev", "-o", "json")
    assert [trueup(root, *words)[2] for _ in range(3)] == [True, True, True]


def test_a_plan_by_the_whole_library_is_printed_again_without_planning(root):
    words = ("plan", "-e", "dev")
    first = trueup(root, *words)
    trueup(root, *words)
    again = trueup(root, *words)
    assert first[2]
    assert not again[2]
    assert again[:2] == first[:2]
    assert trueup(root, *words, "--cache", "off") == (*first[:2], True)
    assert trueup(root, *words, TRUEUP_CACHE="off") == (*first[:2], True)


def test_whatever_changes_is_planned(root):
    words = ("plan", "-e", "dev")
    trueup(root, *words)
    trueup(root, *words)
    assert not trueup(root, *words)[2]
    write(root, {"spec/all.yaml": SPECS.replace("threads: 1", "threads: 2").encode()})
    _, told, is_planned = trueup(root, *words)
    assert is_planned
    assert "threads: 2" in told
    commit(root, {})
    assert "threads: 2" in trueup(root, *words)[1]
    write(root, {".trueup/targets/dev/wanted.json": b"{"})
    assert trueup(root, *words)[2]


def test_a_file_that_git_does_not_look_at_is_looked_at(root):
    words = ("plan", "-e", "dev")
    git(root, "update-index", "--assume-unchanged", "spec/all.yaml")
    trueup(root, *words)
    trueup(root, *words)
    write(root, {"spec/all.yaml": SPECS.replace("threads: 1", "threads: 2").encode()})
    assert "threads: 2" in trueup(root, *words)[1]


@pytest.mark.parametrize("more", ["store: {path: elsewhere}", "evidence: {signingKey: 'env:KEY'}"])
def test_what_depends_on_more_than_the_repository_is_planned_always(root, more):
    commit(root, {"trueup.yaml": PROJECT.replace("{specs: [spec]}", f"{{specs: [spec], {more}}}").encode()})
    words = ("plan", "-e", "dev")
    assert [trueup(root, *words)[2] for _ in range(3)] == [True, True, True]


def test_a_plan_whose_times_cannot_be_found_is_not_kept():
    from datetime import UTC, datetime

    made = datetime(2026, 3, 14, 12, 5, tzinfo=UTC)
    first, second = _times(made, Format.TEXT)
    assert (first, second) == ("2026-03-21", "12:05")
    line = f"plan 1, valid until\n\x1b[2m{first} {second} UTC. Again {first} {second}"
    assert _parts(line, made, Format.TEXT) == ("plan 1, valid until\n\x1b[2m", " ", f" UTC. Again {first} {second}")
    assert _parts("no times", made, Format.TEXT) is None
    assert _parts(line + line, made, Format.TEXT) is None
    told = f'"created_at": "{made.isoformat()}",\n  "expires_at": "2026-03-21T12:05:00+00:00"\n'
    assert _parts(told, made, Format.JSON) == ('"created_at": "', '",\n  "expires_at": "', '"\n')
