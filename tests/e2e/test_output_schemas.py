"""What commands print as JSON has the schema that `trueup schema` publishes for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from repositories import git
from trueup.cli.views.schemas import OUTPUTS


def printed(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "trueup", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def check(name: str, value: object) -> None:
    Draft202012Validator(OUTPUTS[name].schema(), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("json") / "models"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    printed(folder.parent, "init", str(folder))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Declare a first model")
    printed(folder, "hold", "add", "assistant", "-e", "dev", "--reason", "not good enough")
    return folder


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plan", ["plan", "-e", "dev"]),
        ("status", ["status", "-e", "dev"]),
        ("explanation", ["explain", "Deployment/dev/assistant"]),
        ("diagnostics", ["validate"]),
        ("diagnostics", ["policy", "check"]),
        ("failure", ["explain", "Deployment/dev/nobody"]),
        ("failure", ["plan"]),
        ("holds", ["hold", "list", "-e", "dev"]),
        ("audit-log", ["audit", "log"]),
        ("audit-at", ["audit", "at", "2026-01-01"]),
        ("audit-verification", ["audit", "verify"]),
        ("policy-rules", ["policy", "list"]),
        ("policy-docs", ["policy", "docs", "SC-01"]),
        ("policy-tests", ["policy", "test"]),
        ("policy-check", ["policy", "check", "-e", "dev"]),
        ("policy-explanation", ["policy", "explain", "SC-01", "Deployment/dev/assistant"]),
        ("exceptions", ["policy", "exceptions"]),
        ("doctor", ["doctor"]),
        ("gc", ["gc", "--dry-run"]),
    ],
    ids=lambda v: v if isinstance(v, str) else "-".join(v),
)
def test_what_a_command_prints_has_its_schema(project: Path, name: str, words: list[str]) -> None:
    document = json.loads(printed(project, *words, "-o", "json"))
    check(name, document)
    assert document["format_version"].startswith("1.")


def test_the_records_of_the_ledger_have_their_schema(project: Path) -> None:
    (record,) = json.loads(printed(project, "audit", "log", "-o", "json"))["records"]
    check("record", record)
    (line, _) = printed(project, "audit", "log", "-o", "ndjson").splitlines()
    check("record", json.loads(line))


def test_a_problem_has_its_place_and_its_code(project: Path, tmp_path: Path) -> None:
    (tmp_path / "trueup.yaml").write_text("apiVersion: trueup/v1alpha1\nkind: Project\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    document = json.loads(printed(tmp_path, "validate", "-o", "json"))
    check("diagnostics", document)
    assert document["valid"] is False
    assert document["diagnostics"]
