"""Which engine judges: never a server that only the change under review names."""

from pathlib import Path
from typing import Any

import pytest

from repositories import commit, git, repository
from trueup.cli.wiring import LocalWorkspace
from trueup.core.errors import TrueupError
from trueup.spec.engines import EngineChoice

PROJECT = """apiVersion: trueup/v1alpha1
kind: Project
metadata: {name: demo}
spec:
  policies: {library: false, paths: [policies]%s}
"""
OURS = ", engine: {type: opa, url: 'https://opa.example.com:8181', token: 'env:OPA_TOKEN'}"
THEIRS = OURS.replace("opa.example.com", "evil.example")
BOTH = OURS.replace("type: opa", "type: both")


def project(tmp_path: Path, engine: str) -> Path:
    files: dict[str, bytes | None] = {"trueup.yaml": (PROJECT % engine).encode(), "policies/a.rego": b"package a\n"}
    return repository(tmp_path / "project", files).root


def change(root: Path, engine: str) -> None:
    git(root, "switch", "--quiet", "-c", "change")
    commit(root, {"trueup.yaml": (PROJECT % engine).encode()})


def choice(root: Path, asked: str = "") -> EngineChoice:
    workspace = LocalWorkspace(root, lambda *_: None)
    workspace.asked_engine = asked
    return workspace.engine_choice


def test_without_a_word_the_engine_is_embedded(tmp_path: Path) -> None:
    root = project(tmp_path, "")
    workspace = LocalWorkspace(root, lambda *_: None)
    assert workspace.engine_choice == EngineChoice()
    assert workspace.engine is workspace.embedded


def test_what_is_merged_says_which_engine(tmp_path: Path) -> None:
    found = choice(project(tmp_path, OURS))
    assert (found.kind, found.url, found.token) == ("opa", "https://opa.example.com:8181", "env:OPA_TOKEN")


@pytest.mark.parametrize("merged", ["", OURS])
def test_a_change_cannot_name_its_own_judge(tmp_path: Path, merged: str) -> None:
    root = project(tmp_path, merged)
    before = choice(root)
    change(root, THEIRS)
    assert choice(root) == before
    assert "evil" not in choice(root, "opa").url


def test_a_change_may_go_back_to_the_embedded_engine(tmp_path: Path) -> None:
    root = project(tmp_path, OURS)
    change(root, "")
    assert choice(root) == EngineChoice()


def test_where_nobody_knows_what_is_merged_no_server_is_asked(tmp_path: Path) -> None:
    root = project(tmp_path, OURS)
    git(root, "branch", "--quiet", "-m", "main", "mine")
    assert choice(root) == EngineChoice()
    assert choice(root, "both") == EngineChoice()


@pytest.mark.parametrize(
    ("asked", "name"), [("opa", "OpaEngine"), ("both", "BothEngines"), ("embedded", "EmbeddedEngine")]
)
def test_who_asks_for_an_engine_gets_it(tmp_path: Path, asked: str, name: str) -> None:
    workspace = LocalWorkspace(project(tmp_path, BOTH), lambda *_: None)
    workspace.asked_engine = asked
    assert type(workspace.engine).__name__ == name
    assert (workspace.cached_engine is workspace.engine) == (asked != "embedded")


@pytest.mark.parametrize("folder", ["project", "elsewhere"])
def test_a_server_that_nobody_named_cannot_be_asked(tmp_path: Path, folder: str) -> None:
    project(tmp_path, "")
    (tmp_path / "elsewhere").mkdir()
    workspace = LocalWorkspace(tmp_path / folder, lambda *_: None)
    workspace.asked_engine = "opa"
    with pytest.raises(TrueupError, match="No server is named"):
        _ = workspace.engine


@pytest.mark.parametrize(
    "engine",
    [
        ", engine: {type: opa}",
        ", engine: {type: wasm}",
        ", engine: {type: opa, url: 'https://opa', token: hunter2}",
        ", engine: {type: opa, url: 'https://opa', timeoutSeconds: 0}",
        ", engine: {type: opa, url: 'https://opa', retries: -1}",
    ],
)
def test_a_wrong_declaration_is_told_at_its_place(tmp_path: Path, engine: str) -> None:
    workspace = LocalWorkspace(project(tmp_path, engine), lambda *_: None)
    with pytest.raises(TrueupError) as caught:
        _ = workspace.engine
    problems: Any = getattr(caught.value, "diagnostics", ())
    assert problems
    assert problems[0].span.path == "trueup.yaml"
    assert not any("hunter2" in p.detail for p in problems)
