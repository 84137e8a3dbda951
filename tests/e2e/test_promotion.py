"""Promotion from staging to production, by the real command, with a bare remote and a forge on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from scratch import Scratch, until

from forge_server import REPOSITORY, TOKEN, ForgeServer, forge_server
from repositories import git
from trueup.cli.views.schemas import OUTPUTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STAGING = "spec/deployments/staging/support.yaml"
PRODUCTION = "spec/deployments/prod/support.yaml"
WORDS = ("promote", "support", "--from", "staging", "--to", "prod")


@pytest.fixture
def forge() -> Iterator[ForgeServer]:
    with forge_server() as server:
        yield server


@pytest.fixture
def there(scratch: Scratch) -> Path:
    """A release that is verified in staging and measured for production, which declares an older one; its remote."""
    scratch.stage()
    scratch.trueup("evaluate", "-e", "prod")
    scratch.change(PRODUCTION, ("tiny@2", "tiny@1"), ("support@2", "support@1"))
    bare = scratch.folder.parent / "there.git"
    git(scratch.folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    scratch.git("remote", "add", "origin", str(bare))
    scratch.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    return bare


def connected(scratch: Scratch, forge: ForgeServer) -> Scratch:
    text = scratch.read("trueup.yaml").rstrip("\n")
    settings = f"type: github, url: {forge.url}, repository: {REPOSITORY}, token: 'env:FORGE_TOKEN'"
    scratch.write("trueup.yaml", f"{text}\n  forge: {{{settings}}}\n")
    scratch.commit("Say where pull requests are made")
    scratch.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    return Scratch(scratch.folder, {**scratch.more, "FORGE_TOKEN": TOKEN})


def branches(there: Path) -> list[str]:
    """Return the branches of the remote that promotions made."""
    return git(there, "for-each-ref", "--format=%(refname:short)", "refs/heads/trueup").splitlines()


def test_a_release_moves_by_preview_pull_request_and_commit(scratch: Scratch, there: Path, forge: ForgeServer) -> None:
    ready = connected(scratch, forge)
    before, head = ready.read(PRODUCTION), ready.head()

    preview = ready.trueup(*WORDS)
    for said in (
        "-    model: tiny@1",
        "+    model: tiny@2",
        "way back",
        "policy           allowed",
        "Evaluation/facts@3: passed",
    ):
        assert said in preview.out
    shown = ready.trueup(*WORDS, "-o", "json").json
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(OUTPUTS["promotion"].schema(), format_checker=checker).validate(shown)
    assert shown["needed"]
    ready.trueup(*WORDS, "--detailed-exitcode", code=2)
    assert (ready.read(PRODUCTION), ready.head(), branches(there)) == (before, head, [])

    opened = ready.trueup(*WORDS, "--pull-request", "-o", "json").json["landed"]
    assert opened["url"].endswith("/pull/1")
    assert branches(there) == [opened["branch"]]
    again = ready.trueup(*WORDS, "--pull-request", "-o", "json").json["landed"]
    assert (again["commit"], again["url"]) == (opened["commit"], opened["url"])
    assert git(there, "rev-list", "--count", f"main..{opened['branch']}") == "1"
    assert list(forge.state.requests) == [1]
    assert "tiny@2" in forge.state.requests[1]["body"]
    message = git(there, "log", "-1", "--format=%B", opened["branch"])
    for trailer in (
        "Trueup-Cause: promotion from staging to prod",
        "Trueup-Plan: ",
        "Trueup-Record: ",
        "Trueup-Release: ",
    ):
        assert trailer in message
    assert (ready.read(PRODUCTION), ready.head()) == (before, head), "work tree and branch are left alone"

    git(there, "update-ref", "refs/heads/main", opened["branch"])
    assert "Nothing to promote" in ready.trueup(*WORDS, "--pull-request").out
    ready.git("pull", "--quiet", "--ff-only", "origin", "main")
    assert ready.read(PRODUCTION) == before.replace("tiny@1", "tiny@2").replace("support@1", "support@2")
    ready.apply("prod")


def test_a_promotion_that_is_killed_between_push_and_request_is_finished(
    scratch: Scratch, there: Path, forge: ForgeServer
) -> None:
    ready = connected(scratch, forge)
    forge.state.open_to_answer.clear()
    process = ready.start(*WORDS, "--pull-request")
    until(lambda: bool(forge.state.asked))
    process.kill()
    process.communicate()
    forge.state.open_to_answer.set()
    assert len(branches(there)) == 1, "it was pushed"
    assert forge.state.requests == {}, "and not opened"
    tip = git(there, "rev-parse", branches(there)[0])

    ready.trueup(*WORDS, "--pull-request")
    assert [git(there, "rev-parse", branch) for branch in branches(there)] == [tip]
    assert list(forge.state.requests) == [1]


def test_without_a_token_nothing_leaves_and_the_commands_are_printed(scratch: Scratch, there: Path) -> None:
    done = scratch.trueup(*WORDS, "--pull-request")
    assert "git push --force-with-lease origin trueup/promote/support-to-prod-" in done.out
    assert branches(there) == []


def test_what_a_promotion_refuses(scratch: Scratch, there: Path) -> None:
    refused = scratch.trueup("promote", "support", "--from", "dev", "--to", "prod", code=1).err
    assert "PRM001" in refused
    assert "dev -> staging -> prod" in refused
    assert "PRM003" in scratch.trueup("promote", "nobody", "--from", "staging", "--to", "prod", code=1).err
    assert "CLI" in scratch.trueup(*WORDS, "--commit", "--diff", code=1).err

    scratch.edit(PRODUCTION, ("tiny@1", "tiny@1 # by hand"))
    assert "GIT011" in scratch.trueup(*WORDS, "--commit", code=1).err
    scratch.git("checkout", "--", PRODUCTION)
    scratch.trueup(*WORDS, "--commit")
    assert scratch.git("diff", "--name-only", "HEAD~1") == PRODUCTION
    assert "Nothing to promote" in scratch.trueup(*WORDS, "--commit").out

    scratch.change(STAGING, ("tiny@2", "tiny@1"))
    unverified = scratch.trueup(*WORDS, code=1).err
    assert "PRM002" in unverified
    assert "verified and serving there is" in " ".join(unverified.split())
