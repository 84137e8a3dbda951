"""A change as a pull request: one branch, one request, whatever happened before."""

from dataclasses import replace

import pytest

from forges import FakeForge
from trueup.adapters.git import codes as git_codes
from trueup.core.errors import TransientError
from trueup.workflows.publishing import Change, publish_change
from workspaces import Declared, FakeWorkspace

PATH = Declared().path
PREFIX = "trueup/promote/support-to-dev-"
CHANGE = Change(PATH, b"", b"new: 1\n", "Promote\n", f"{PREFIX}0123", "Promote support", "Why\n", PREFIX)


@pytest.fixture
def workspace(tmp_path) -> FakeWorkspace:
    return FakeWorkspace(tmp_path, [Declared()])


@pytest.fixture
def change(workspace) -> Change:
    return replace(CHANGE, before=workspace.files[PATH])


def forge_of(workspace) -> FakeForge:
    assert workspace.forge is not None
    return workspace.forge


def test_the_branch_is_pushed_and_the_request_opened(workspace, change):
    published = publish_change(workspace, change)
    assert published.is_pushed
    assert published.is_new
    assert published.url == "https://forge.test/shop/llm/pull/1"
    assert workspace.publisher.pushed[change.branch].content == b"new: 1\n"
    assert workspace.tree("HEAD").read(PATH) == change.before


def test_a_second_run_finds_both(workspace, change):
    first = publish_change(workspace, change)
    second = publish_change(workspace, change)
    assert (second.commit, second.number, second.is_new) == (first.commit, first.number, False)
    assert len(forge_of(workspace).state.requests) == 1


def test_a_run_that_was_killed_after_the_push_is_finished_by_the_next(workspace, change):
    forge, workspace.forge = workspace.forge, None
    publish_change(workspace, change)
    workspace.publisher.push(change.branch)
    workspace.forge = forge
    assert publish_change(workspace, change).is_new
    assert len(forge_of(workspace).state.requests) == 1


def test_the_text_follows_the_preview(workspace, change):
    publish_change(workspace, change)
    publish_change(workspace, replace(change, body="Other\n"))
    assert [r["body"] for r in forge_of(workspace).state.requests.values()] == ["Other\n"]


def test_a_text_that_the_forge_cuts_short_is_cut_before(workspace, change):
    publish_change(workspace, replace(change, body="x" * 70_000))
    assert len(forge_of(workspace).state.requests[1]["body"]) < 65_536


def test_requests_of_older_releases_are_closed_and_no_others(workspace, change):
    state = forge_of(workspace).state
    older = state.add(f"{PREFIX}9999")
    other = state.add("trueup/promote/other-to-dev-9999")
    assert publish_change(workspace, change).superseded == (older,)
    assert state.requests[older]["state"] == "closed"
    assert state.comments == [(older, "Superseded by https://forge.test/shop/llm/pull/3.")]
    assert state.requests[other]["state"] == "open"


def test_without_a_prefix_nothing_is_closed(workspace, change):
    forge_of(workspace).state.add(f"{PREFIX}9999")
    assert publish_change(workspace, replace(change, supersedes="")).superseded == ()


def test_without_a_token_nothing_is_pushed_and_the_commands_are_told(workspace, change):
    workspace.forge = None
    published = publish_change(workspace, change)
    assert not published.is_pushed
    assert published.commands == (f"git push --force-with-lease origin {change.branch}",)
    assert published.link == f"https://forge.test/shop/llm/compare/main...{change.branch}"
    assert workspace.publisher.pushed == {}


def test_without_a_remote_the_branch_is_merged_by_hand(workspace, change):
    workspace.publisher.remote = ""
    assert publish_change(workspace, change).commands == ("git switch main", f"git merge {change.branch}")


def test_content_that_is_merged_needs_nothing(workspace, change):
    published = publish_change(workspace, replace(change, content=change.before))
    assert published.branch == ""
    assert forge_of(workspace).state.requests == {}


def test_a_file_that_changed_meanwhile_is_not_overwritten(workspace, change):
    with pytest.raises(TransientError) as caught:
        publish_change(workspace, replace(change, before=b"older"))
    assert caught.value.code is git_codes.BASE_CHANGED


def test_a_network_that_is_down_opens_nothing(workspace, change):
    workspace.publisher.offline = True
    with pytest.raises(TransientError):
        publish_change(workspace, change)
    assert forge_of(workspace).state.requests == {}
