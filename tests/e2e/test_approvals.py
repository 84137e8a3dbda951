"""Approvals by the real command: signed in a reviewer's clone, counted where the plan is carried out."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from scratch import SUPPORT, Scratch

from forge_server import REPOSITORY, TOKEN, ForgeServer, forge_server
from repositories import git
from trueup.cli.views.schemas import OUTPUTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ENVIRONMENT = "spec/environments/dev.yaml"
GRACE = "grace@example.com"


@pytest.fixture
def forge() -> Iterator[ForgeServer]:
    with forge_server() as server:
        yield server


def new_key(path: Path) -> str:
    """Make an SSH key and return its public half as an Environment declares it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def asks_for_approvals(scratch: Scratch, *lines: str) -> None:
    """Let dev ask for one approval, and share the repository."""
    declared = "".join(f"    {line}\n" for line in ("required: 1", *lines))
    scratch.write(ENVIRONMENT, f"{scratch.read(ENVIRONMENT)}  approvals:\n{declared}")
    scratch.commit("Ask for an approval")
    there = scratch.folder.parent / "there.git"
    git(scratch.folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(there))
    scratch.git("remote", "add", "origin", str(there))
    scratch.git("push", "--quiet", "origin", "HEAD:refs/heads/main")


def reviewers_clone(scratch: Scratch, key: Path) -> Scratch:
    folder = scratch.folder.parent / "reviewer"
    git(scratch.folder.parent, "clone", "--quiet", str(scratch.folder.parent / "there.git"), str(folder))
    clone = Scratch(folder)
    for name, value in (("user.name", "Grace"), ("user.email", GRACE), ("gpg.format", "ssh")):
        clone.git("config", name, value)
    clone.git("config", "user.signingKey", str(key))
    return clone


def listed(scratch: Scratch) -> list[tuple[bool, str]]:
    document = scratch.trueup("approve", "-e", "dev", "--list", "-o", "json").json
    Draft202012Validator(OUTPUTS["approvals"].schema()).validate(document)
    return [(a["counts"], a["why"]) for a in document["approvals"]]


def test_a_denied_plan_is_approved_by_a_signed_tag_carried_out_and_voided_by_the_next_commit(
    scratch: Scratch, tmp_path: Path
) -> None:
    key, plan = tmp_path / "grace", str(tmp_path / "plan.json")
    asks_for_approvals(scratch, f"signers: [{{member: {GRACE}, ssh: {new_key(key)}}}]")
    denied = scratch.trueup("plan", "-e", "dev", "--out", plan, code=3)
    assert "0 approval(s) by others are there and 1 are wanted" in " ".join(denied.out.split())
    assert "WRK014" in scratch.trueup("approve", plan, code=1).err, "authors do not approve their own change"

    reviewer = reviewers_clone(scratch, key)
    new_key(tmp_path / "linus")
    reviewer.git("config", "user.signingKey", str(tmp_path / "linus"))
    refused = reviewer.trueup("approve", plan, code=1).err
    assert "WRK016" in refused
    assert "SHA256:" in refused
    assert reviewer.git("tag") == "", "a tag that would not count is taken away"
    reviewer.git("config", "user.signingKey", str(key))
    signed = reviewer.trueup("approve", plan).err
    assert "1 approval counts" in signed
    assert "was approved before" in reviewer.trueup("approve", plan).err
    tag = reviewer.git("tag")
    assert f"git push origin refs/tags/{tag}" in signed
    assert listed(reviewer) == [(True, "")]
    reviewer.change(SUPPORT, ("threads: 1", "threads: 2"))
    assert listed(reviewer)[0][1].startswith(f"approved plan {tag.split('/')[2]}; the plan is now ")
    reviewer.git("reset", "--quiet", "--hard", "HEAD^")

    assert "RO-05" in scratch.apply(code=3).err, "nobody else sees it yet"
    reviewer.git("push", "--quiet", "origin", f"refs/tags/{tag}")
    assert "RO-05" in scratch.trueup("plan", "-e", "dev", code=3).out, "a plan asks nobody"
    scratch.trueup("apply", "--plan", plan)
    assert scratch.ask().status == 200
    (approval,) = scratch.records()[0]["body"]["approvals"]
    fingerprint = subprocess.run(["ssh-keygen", "-lf", str(key)], check=True, capture_output=True, text=True).stdout
    assert (approval["email"], approval["source"], approval["name"]) == (GRACE, "tag", tag)
    assert approval["key"] == fingerprint.split()[1]
    scratch.trueup("audit", "verify")

    scratch.change(SUPPORT, ("threads: 1", "threads: 2"))
    voided = scratch.apply(code=3).err
    assert "RO-05" in voided
    assert listed(scratch) == [], "what was approved is carried out, and this is another plan"
    assert "missing: 1 of 1" in scratch.trueup("explain", "Deployment/dev/support").out


def test_a_review_on_the_forge_counts_where_the_forge_may_be_asked(scratch: Scratch, forge: ForgeServer) -> None:
    settings = f"type: github, url: {forge.url}, repository: {REPOSITORY}, token: 'env:FORGE_TOKEN'"
    scratch.write("trueup.yaml", scratch.read("trueup.yaml").rstrip("\n") + f"\n  forge: {{{settings}}}\n")
    asks_for_approvals(scratch, f"people: [{{member: {GRACE}, login: grace-h}}]")
    ready = Scratch(scratch.folder, {**scratch.more, "FORGE_TOKEN": TOKEN})
    number = forge.state.add("topic")
    forge.state.requests[number]["head"] = ready.head()
    forge.state.reviews[number] = [{"login": "grace-h", "state": "approved", "commit": ready.head(), "at": ""}]
    assert "RO-05" in ready.trueup("plan", "-e", "dev", code=3).out
    assert forge.state.asked == [], "planning needs no network"
    assert "RO-05" not in ready.trueup("plan", "-e", "dev", "--ask-others").out
    assert listed(ready) == [(True, "")]
    forge.state.reviews[number][0]["login"] = "stranger"
    assert listed(ready) == [(False, "the environment does not declare whose it is (`approvals.people`)")]
