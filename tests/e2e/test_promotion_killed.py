"""A promotion that is killed at every point, while clients ask where it goes to: run again, it is made once.

Commit and pull request are both walked. What serves is left alone by all of it; the commit is applied in the end.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from killed_rollouts import KILLED, Record, Told, points_of
from rolling import Clients, Row, asking
from scratch import SUPPORT, Scratch, cleaned_up, new_scratch, until
from test_killed import Harness, declare, declare_prompt

from faults_told import PROPERTY
from forge_server import REPOSITORY, TOKEN, ForgeServer, forge_server
from repositories import git

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NEXT = "spec/deployments/next/support.yaml"
WORDS = ("promote", "support", "--from", "dev", "--to", "next")


@pytest.fixture(scope="module")
def forge() -> Iterator[ForgeServer]:
    with forge_server() as server:
        yield server


@pytest.fixture(scope="module")
def shop(forge: ForgeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """Dev has verified a release, and `next` serves an older one; there are a remote and a forge."""
    made = new_scratch(tmp_path_factory.mktemp("promoted") / "shop")
    text = made.read("spec/environments/dev.yaml").replace("name: dev", "name: next")
    made.write("spec/environments/next.yaml", text.replace("  tier: dev", "  tier: dev\n  upstream: dev"))
    made.edit(SUPPORT, ("requestsPerMinute: 600", "requestsPerMinute: 60000"))
    made.write(NEXT, made.read(SUPPORT).replace("environment: dev", "environment: next"))
    settings = f"type: github, url: {forge.url}, repository: {REPOSITORY}, token: 'env:FORGE_TOKEN'"
    made.write("trueup.yaml", made.read("trueup.yaml").rstrip("\n") + f"\n  forge: {{{settings}}}\n")
    made.commit("Declare what comes after dev")
    with cleaned_up(made):
        made.apply()
        made.apply("next")
        declare(made, "tiny@1", declare_prompt(made, 1))
        made.apply()
        bare = made.folder.parent / "there.git"
        git(made.folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        made.git("remote", "add", "origin", str(bare))
        made.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
        yield made


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    before = os.environ.get("FORGE_TOKEN")
    os.environ["FORGE_TOKEN"] = TOKEN
    made = Harness(tmp_path_factory.mktemp("harness"))
    if before is None:
        del os.environ["FORGE_TOKEN"]
    yield made
    made.close()


@pytest.fixture(scope="module")
def clients(shop: Scratch) -> Iterator[Clients]:
    with asking(shop.address("next")) as found:
        yield found


def test_a_promotion_by_commit_survives_a_kill_at_every_point(
    shop: Scratch, harness: Harness, clients: Clients, record_property: Record
) -> None:
    words, head, file = (*WORDS, "--commit"), shop.head(), shop.read(NEXT)
    clients.take()
    assert harness.run(shop, words) == 0, harness.err
    wanted, points = shop.read(NEXT), points_of(harness.points)
    assert wanted != file
    row, told = Row("`trueup promote --commit`: killed"), Told("A promotion by commit")
    for point in points:
        shop.git("reset", "--quiet", "--hard", head)
        assert harness.run(shop, words, point.nth, point.others) == KILLED
        row.tried += 1
        assert shop.status("next")["deployments"][0]["health"] == "healthy"
        assert harness.run(shop, words) == 0, f"{point}: {harness.err}"
        assert (shop.read(NEXT), shop.git("status", "--porcelain")) == (wanted, ""), point
        assert shop.git("rev-parse", "HEAD~1") == head, f"{point}: one commit, no more"
        row.survived += 1
        told.survived.append(str(point))
    shop.apply("next")
    row.count(clients.take())
    status = shop.status("next")
    assert status["in_sync"]
    assert status["deployments"][0]["observed_release"] == shop.deployment()["observed_release"]
    assert shop.look("audit", "verify").code == 0
    assert row.failed == 0
    shop.git("reset", "--quiet", "--hard", head)
    record_property(PROPERTY, row.to_json())
    told.print()


def test_a_promotion_by_pull_request_survives_a_kill_at_every_point(
    shop: Scratch, harness: Harness, clients: Clients, forge: ForgeServer, record_property: Record
) -> None:
    words, there = (*WORDS, "--pull-request"), shop.folder.parent / "there.git"
    clients.take()
    assert harness.run(shop, words) == 0, harness.err
    points = points_of(harness.points)
    row, told = Row("`trueup promote --pull-request`: killed"), Told("A promotion by pull request")
    for point in points:
        forget(shop, there, forge)
        assert harness.run(shop, words, point.nth, point.others) == KILLED
        row.tried += 1
        assert harness.run(shop, words) == 0, f"{point}: {harness.err}"
        (branch,) = branches(there)
        assert git(there, "rev-list", "--count", f"main..{branch}") == "1", point
        assert [r["branch"] for r in forge.state.requests.values()] == [branch], f"{point}: one request, no more"
        assert shop.git("status", "--porcelain") == "", point
        row.survived += 1
        told.survived.append(str(point))
    before = clients.releases.total()
    until(lambda: clients.releases.total() > before + 3)
    row.count(clients.take())
    assert row.failed == 0
    record_property(PROPERTY, row.to_json())
    told.print()


def branches(there: Path) -> list[str]:
    return git(there, "for-each-ref", "--format=%(refname:short)", "refs/heads/trueup").splitlines()


def forget(shop: Scratch, there: Path, forge: ForgeServer) -> None:
    """Take the promotion out of the world."""
    for branch in branches(there):
        git(there, "update-ref", "-d", f"refs/heads/{branch}")
        shop.git("update-ref", "-d", f"refs/heads/{branch}")
    shop.git("fetch", "--quiet", "--prune", "origin")
    forge.state.requests.clear()
