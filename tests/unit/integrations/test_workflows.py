"""What is shipped for forges: least rights, nothing that a stranger can write is run, everything pinned."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
FILES = [*WORKFLOWS, *ACTIONS]
PINNED = re.compile(r"^[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+@[0-9a-f]{40}$")
WRITES = {
    ("comment.yml", "comment", "pull-requests"),
    ("apply.yml", "apply", "contents"),
    ("release.yml", "publish", "id-token"),
    ("release.yml", "publish", "attestations"),
}
"""Every right to write that any job has; review reads a change of this list."""


def document(file: Path) -> dict[str, Any]:
    # `on` is a truth value to YAML 1.1; a loader without types keeps it a word.
    loaded: dict[str, Any] = yaml.load(file.read_text(), yaml.BaseLoader)
    return loaded


def jobs(file: Path) -> dict[str, dict[str, Any]]:
    found = document(file)
    return found["jobs"] if "jobs" in found else {"action": found["runs"]}


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in jobs(file).values():
        yield from job["steps"]


def named(file: Path) -> str:
    return str(file.relative_to(ROOT / ".github"))


def test_there_is_something_to_hold_to_it() -> None:
    expected = {"apply.yml", "ci.yml", "comment.yml", "nightly.yml", "plan.yml", "release.yml"}
    assert {f.name for f in WORKFLOWS} == expected
    assert [f.parent.name for f in ACTIONS] == ["trueup"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=named)
def test_rights_are_declared_and_only_those_that_are_listed_write(file: Path) -> None:
    top = document(file)["permissions"]
    assert top in ({}, "", {"contents": "read"}), "what is not said for a job is nothing, or reading"
    written = set()
    for name, job in jobs(file).items():
        rights = job.get("permissions", top)
        assert isinstance(rights, dict), f"{name} says each right by name"
        written |= {(file.name, name, right) for right, how in rights.items() if how == "write"}
    assert written == {w for w in WRITES if w[0] == file.name}


@pytest.mark.parametrize("file", FILES, ids=named)
def test_what_others_wrote_is_pinned_to_a_commit_with_its_version_beside_it(file: Path) -> None:
    used = [step["uses"] for step in steps(file) if "uses" in step]
    for name in used:
        assert name.startswith("./") or PINNED.match(name), name
    for line in file.read_text().splitlines():
        if re.search(r"uses: \S+@", line):
            assert re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("file", FILES, ids=named)
def test_no_expression_is_pasted_into_a_script(file: Path) -> None:
    """A title or a branch is text of a stranger's; in a variable it stays text."""
    for step in steps(file):
        assert "${{" not in step.get("run", ""), step["run"]


@pytest.mark.parametrize("file", FILES, ids=named)
def test_no_checkout_leaves_its_token_behind(file: Path) -> None:
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false", step


@pytest.mark.parametrize("file", WORKFLOWS, ids=named)
def test_a_job_that_has_rights_or_secrets_takes_nothing_of_a_pull_request(file: Path) -> None:
    events = document(file)["on"]
    assert "pull_request_target" not in events
    if "pull_request" in events:
        assert "secrets." not in file.read_text()
        assert not [w for w in WRITES if w[0] == file.name]
    if "workflow_run" in events:
        checkouts = [s for s in steps(file) if s.get("uses", "").startswith("actions/checkout@")]
        refs = [s["with"]["ref"] for s in checkouts]
        assert refs == ["${{ github.event.repository.default_branch }}"] * len(refs)
        assert "persist-credentials" in file.read_text()


@pytest.mark.parametrize("file", WORKFLOWS, ids=named)
def test_every_job_ends_some_day(file: Path) -> None:
    assert all(0 < int(job["timeout-minutes"]) <= 240 for job in jobs(file).values())


def test_what_is_applied_was_approved_in_an_environment_and_is_the_plan_that_was_shown() -> None:
    job = jobs(ROOT / ".github/workflows/apply.yml")["apply"]
    assert job["environment"] == "${{ matrix.environment }}"
    assert "cancel-in-progress" not in job["concurrency"], "an apply that is under way is not cut off"
    assert any("apply --plan" in step.get("run", "") for step in job["steps"])


def test_the_action_asks_for_no_secret_and_keeps_nothing_in_the_checkout() -> None:
    text = ACTIONS[0].read_text()
    assert "token" not in text.lower()
    assert "secrets" not in text
    assert "$RUNNER_TEMP/trueup" in text


@pytest.mark.parametrize("file", FILES, ids=named)
def test_scripts_are_sound_shell(file: Path) -> None:
    for step in steps(file):
        if "run" in step:
            done = subprocess.run(["bash", "-n"], input=step["run"], text=True, capture_output=True, check=False)
            assert not done.stderr, (step["run"], done.stderr)


def test_zizmor_finds_nothing() -> None:
    beside = Path(sys.executable).with_name("zizmor")
    program = str(beside) if beside.exists() else shutil.which("zizmor")
    if not program:
        pytest.skip("zizmor is not installed")
    done = subprocess.run(
        [program, "--offline", "--no-progress", "--persona", "regular", str(ROOT / ".github")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hooks_of_pre_commit_are_commands_that_there_are() -> None:
    from trueup.cli.verbs import commands

    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {h["id"] for h in hooks} == {"trueup-validate", "trueup-policy-test"}
    for hook in hooks:
        assert hook["entry"].removeprefix("trueup ") in commands()
        assert hook["pass_filenames"] is False
        assert re.compile(hook["files"]).search("spec/a.yaml" if "validate" in hook["id"] else "policies/a/rule.rego")


def test_the_component_of_gitlab_declares_what_it_uses_and_gives_the_checking_job_no_token() -> None:
    head, body = yaml.safe_load_all((ROOT / "templates/trueup.yml").read_text())
    text = (ROOT / "templates/trueup.yml").read_text()
    used = set(re.findall(r"\$\[\[ inputs\.([a-z]+) \]\]", text))
    assert used == set(head["spec"]["inputs"])
    reports = body["trueup"]["artifacts"]["reports"]
    assert set(reports) == {"codequality", "junit", "dotenv"}
    assert "TOKEN" not in yaml.safe_dump(body["trueup"])
    assert body["trueup-comment"]["variables"]["GIT_STRATEGY"] == "none"
    for job in body.values():
        for line in (*job.get("before_script", ()), *job["script"]):
            assert "$CI_MERGE_REQUEST_TITLE" not in line
            assert "$[[" not in line, "an input goes through a variable"


def test_every_owner_of_code_has_a_path_that_is_there() -> None:
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    assert rows[0][0] == "*"
    for path, *owners in rows:
        assert owners
        assert all(owner.startswith("@") for owner in owners)
        known = path == "*" or (ROOT / path.strip("/")).exists() or path == "/spec/exceptions/"
        assert known, path
