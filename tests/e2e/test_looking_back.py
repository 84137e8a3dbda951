"""From the command line: what changed a resource, what is rendered of an environment, who is told of records."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from records import applied
from repositories import AUTHOR, commit, git, repository
from trueup.adapters.git.ledger import GitLedger
from trueup.adapters.git.repository import Repository
from workspaces import Declared, document, repository_files


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    files = repository_files([Declared()], library=False)
    project = {"specs": ["spec"], "policies": {"library": False}}
    sink = {"name": "lake", "type": "cloudevents", "file": "events.jsonl"}
    files["trueup.yaml"] = document("Project", "shop", {**project, "events": [sink]})
    files[".gitignore"] = b"events.jsonl\n"
    repository(tmp_path / "shop", dict(files))
    return tmp_path / "shop"


def trueup(folder: Path, *words: str, code: int = 0) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "TRUEUP_"))}
    done = subprocess.run(
        [sys.executable, "-m", "trueup", *words],
        cwd=folder,
        env=kept | AUTHOR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def changes(folder: Path, *words: str) -> list[tuple[str, str, str]]:
    found = json.loads(trueup(folder, "audit", "log", *words, "-o", "json"))
    return [(c["subject"], c["change"], c["fields"]) for c in found["changes"]]


def test_the_log_of_a_resource_follows_it_through_files_branches_and_a_lost_index(shop: Path) -> None:
    path = "spec/prompts/support-1.yaml"
    content = (shop / path).read_bytes()
    commit(shop, {path: content.replace(b"ml-platform", b"assistants")}, "Hand over")
    moved = "spec/prompts/all.yaml"
    commit(shop, {path: None, moved: content.replace(b"ml-platform", b"assistants")}, "Move")
    told = [("Move", "move", ""), ("Hand over", "update", "metadata.owner"), ("First", "create", "")]
    assert changes(shop, "Prompt/support@1") == told
    assert changes(shop, "--resource", "Prompt/support@1") == told
    assert changes(shop, "Prompt/support@1", "--limit", "1") == told[:1]
    assert changes(shop, "Prompt/support@1", "--kind", "apply") == []
    git(shop, "checkout", "--quiet", "-b", "old", "HEAD~1")
    assert changes(shop, "Prompt/support@1") == told[1:]
    shutil.rmtree(shop / ".git" / "trueup" / "history")
    git(shop, "checkout", "--quiet", "main")
    assert changes(shop, "Prompt/support@1") == told
    text = trueup(shop, "audit", "log", "Prompt/support@1", "-o", "markdown")
    assert "| move |" in text
    assert "support-1.yaml" in text


def test_records_and_commits_of_a_resource_are_told_together_before_and_after_the_ledger_grew(shop: Path) -> None:
    ledger = GitLedger(Repository.discover(shop))
    for count, name in enumerate(("a", "b"), start=1):
        ledger.append(applied(name, minutes=count))
        found = json.loads(trueup(shop, "audit", "log", "Deployment/dev/support", "-o", "json"))
        assert [r["sequence"] for r in found["records"]] == list(range(count, 0, -1))
        assert [c["change"] for c in found["changes"]] == ["create"]
    serving = json.loads(trueup(shop, "audit", "at", "2026-03-14T12:01:30Z", "-o", "json"))["serving"]
    assert [s["model"] for s in serving] == ["Model/a@1"]
    assert json.loads(trueup(shop, "audit", "verify", "-o", "json"))["sound"]


def test_a_moved_ledger_is_found_where_the_project_file_says_now(shop: Path) -> None:
    GitLedger(Repository.discover(shop)).append(applied("a"))
    assert json.loads(trueup(shop, "audit", "log", "-o", "json"))["records"]
    project = json.loads((shop / "trueup.yaml").read_bytes())
    project["spec"]["ledger"] = {"ref": "refs/trueup/other"}
    commit(shop, {"trueup.yaml": json.dumps(project).encode()})
    assert json.loads(trueup(shop, "audit", "log", "-o", "json"))["records"] == []


def test_an_environment_is_rendered_from_any_revision_to_equal_bytes(shop: Path, tmp_path: Path) -> None:
    path = "spec/prompts/support-1.yaml"
    commit(shop, {path: (shop / path).read_bytes().replace(b"ml-platform", b"assistants")}, "Hand over")
    out = tmp_path / "out"
    trueup(shop, "render", "-e", "dev", "--output-folder", str(out), "--revision", "HEAD~1")
    before = {p: p.read_bytes() for p in out.rglob("*.json")}
    told = json.loads(trueup(shop, "render", "-e", "dev", "--output-folder", str(out), "-o", "json"))
    assert "documents/Prompt/support@1.json" in told["written"]
    trueup(shop, "render", "-e", "dev", "--output-folder", str(out), "--revision", "HEAD~1")
    assert {p: p.read_bytes() for p in out.rglob("*.json")} == before
    (out / "environment.json").write_text("{}")
    trueup(shop, "render", "-e", "dev", "--output-folder", str(out), code=1)


def test_sinks_get_every_record_once(shop: Path) -> None:
    ledger = GitLedger(Repository.discover(shop))
    records = [ledger.append(applied(name)) for name in ("a", "b")]
    trueup(shop, "audit", "send")
    records.append(ledger.append(applied("c")))
    trueup(shop, "audit", "send")
    trueup(shop, "audit", "send")
    told = [json.loads(line)["id"] for line in (shop / "events.jsonl").read_text().splitlines()]
    assert told == [record.digest for record in records]


def test_a_sink_that_cannot_be_written_is_told_and_retried(shop: Path) -> None:
    GitLedger(Repository.discover(shop)).append(applied("a"))
    (shop / "events.jsonl").mkdir()
    trueup(shop, "audit", "send", code=1)
    (shop / "events.jsonl").rmdir()
    trueup(shop, "audit", "send")
    assert len((shop / "events.jsonl").read_text().splitlines()) == 1
