"""The story of docs/rollouts.md: a worse model gets a share, its metrics end it, git says so, a fixed one goes through.

Real servers answer real requests all the time; what failed is counted.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from scratch import CAPITAL, SUPPORT, Scratch, cleaned_up, new_scratch, until

from artifacts import broken_tiny, digest_of_content
from serving import chat, question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ANALYSIS = (
    "{minRequests: 20, patience: 60s, metrics: ["
    "{name: output_tokens, successCondition: '<= stable * 2', interval: 1s}, "
    "{name: error_rate, successCondition: '<= 20%', interval: 1s}]}"
)
ROLLOUT = f"""  rollout:
    strategy: canary
    steps:
      - {{setWeight: 25}}
      - analysis: {ANALYSIS}
      - {{setWeight: 50}}
      - analysis: {ANALYSIS}
"""


@dataclass
class Clients:
    """Somebody who asks all the time."""

    releases: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)


@contextmanager
def asking(address: str) -> Iterator[Clients]:
    """Send requests until the context ends, one after the other from two clients."""
    found, ending = Clients(), threading.Event()

    def ask() -> None:
        while not ending.is_set():
            answered = chat(address, question("support", CAPITAL))
            if answered.status == 200:
                found.releases[str(answered.headers.get("x-trueup-release"))] += 1
            else:
                found.failed.append(f"{answered.status}: {answered.body!r}")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def declare_noise(scratch: Scratch) -> None:
    """Declare `tiny@3`: version 2 with noise for weights, which never comes to an end of its answer."""
    folder = scratch.folder / "models/tiny/v3"
    broken_tiny(folder, "noisy")
    digest = digest_of_content({path.name: path.read_bytes() for path in folder.iterdir()})
    text = scratch.read("spec/models/tiny-2.yaml").replace('version: "2"', 'version: "3"')
    before, after = text[: text.index("    uri:")], text[text.index("  format:") :]
    scratch.write("spec/models/tiny-3.yaml", before + f"    uri: file:models/tiny/v3\n    digest: {digest}\n" + after)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """A repository whose dev serves version 1 and rolls out by canary from now on."""
    with cleaned_up(new_scratch(tmp_path_factory.mktemp("canary") / "shop")) as made:
        made.edit(SUPPORT, ("requestsPerMinute: 600", "requestsPerMinute: 60000"))
        made.write(SUPPORT, made.read(SUPPORT) + ROLLOUT)
        declare_noise(made)
        made.commit("Roll out by canary")
        made.apply()
        yield made


def test_a_worse_model_is_aborted_by_its_metrics_and_git_says_so(shop: Scratch) -> None:
    declared, stable = shop.read(SUPPORT), shop.deployment()["observed_release"]
    commit = shop.change(SUPPORT, ("tiny@1", "tiny@3"))
    with asking(shop.address()) as clients:
        until(lambda: clients.releases.total() > 5)
        done = shop.apply("dev", "-o", "ndjson", code=1)
        until(lambda: clients.releases.total() > 5)
    events = [e for e in done.events if e.get("type") == "event"]
    assert next(e["facts"]["weight"] for e in events if e["step"] == "share") == 25
    assert any(e["step"] == "abort" and "output_tokens" in e["detail"] for e in events)
    assert clients.failed == []
    assert len(clients.releases) == 2, "the worse one had a share"
    row = shop.deployment()
    assert row["observed_release"] == stable, "traffic is back"
    assert row["rollout"] is None
    assert shop.read(SUPPORT) == declared, "git declares what serves again, to the byte"
    assert shop.head() != commit
    message = shop.git("log", "-1", "--format=%B")
    assert "Trueup-Cause: rollback of release" in message
    assert "Trueup-Record: sha256:" in message
    assert len(row["holds"]) == 1
    assert "output_tokens" in row["holds"][0]["reason"]
    shop.trueup("audit", "verify")


def test_applying_again_does_not_bring_it_back(shop: Scratch) -> None:
    before = shop.deployment()
    shop.apply()
    assert shop.deployment()["observed_release"] == before["observed_release"]
    shop.change(SUPPORT, ("tiny@1", "tiny@3"))
    denied = shop.apply(code=3)
    assert "RO-09" in denied.err, "it is on hold"
    shop.change(SUPPORT, ("tiny@3", "tiny@1"))


def test_a_fixed_version_goes_through_without_a_failed_request(shop: Scratch) -> None:
    before = shop.deployment()["observed_release"]
    shop.change(SUPPORT, ("tiny@1", "tiny@2"))
    with asking(shop.address()) as clients:
        done = shop.apply("dev", "-o", "ndjson")
        time.sleep(0.5)
    shares = [e["facts"]["weight"] for e in done.events if e.get("step") == "share"]
    assert shares == [25, 25, 50, 50]
    assert clients.failed == []
    row = shop.deployment()
    assert row["observed_release"] != before
    assert row["verified"] is True
    assert shop.ask().text == "The capital of Japan is Tokyo."


def test_it_is_promoted_by_a_branch_after_a_preview(shop: Scratch) -> None:
    shop.scan("prod")
    head, declared = shop.head(), shop.read("spec/deployments/staging/support.yaml")
    preview = shop.trueup("promote", "support", "--from", "dev", "--to", "staging")
    assert "-    prompt: support@2" in preview.out
    assert "+    prompt: support@1" in preview.out
    shop.trueup("promote", "support", "--from", "dev", "--to", "staging", "--pull-request")
    assert shop.head() == head, "the work tree and its branch are left alone"
    (branch,) = shop.git("branch", "--list", "trueup/promote/*", "--format=%(refname:short)").split()
    shop.trueup("promote", "support", "--from", "dev", "--to", "staging", "--pull-request")
    assert shop.git("branch", "--list", "trueup/promote/*", "--format=%(refname:short)").split() == [branch]
    shop.git("merge", "--quiet", "--ff-only", branch)
    assert shop.read("spec/deployments/staging/support.yaml") == declared.replace("support@2", "support@1")
    shop.apply("staging")
    assert shop.deployment("staging")["observed_release"] == shop.deployment()["observed_release"]
    shop.trueup("audit", "verify")


def test_where_git_is_told_by_pull_request_it_is_pending_until_it_is_merged(shop: Scratch) -> None:
    shop.trueup("hold", "lift", "support", "-e", "dev")
    dev = "spec/environments/dev.yaml"
    shop.write(dev, shop.read(dev) + "  rollback: {mode: pull-request}\n")
    shop.commit("Roll back by pull request")
    declared, stable = shop.read(SUPPORT), shop.deployment()["observed_release"]
    head = shop.change(SUPPORT, ("tiny@2", "tiny@3"))
    with asking(shop.address()) as clients:
        shop.apply("dev", code=1)
    assert clients.failed == []
    assert shop.deployment()["observed_release"] == stable
    assert shop.head() == head, "the branch that is checked out is left alone"
    (pending,) = shop.status()["git_pending"]
    assert "git still declares" in pending
    (branch,) = shop.git("branch", "--list", "trueup/rollback/*", "--format=%(refname:short)").split()
    shop.apply("dev", code=3)  # on hold; the one branch is found again
    assert shop.git("branch", "--list", "trueup/rollback/*", "--format=%(refname:short)").split() == [branch]
    shop.git("merge", "--quiet", "--ff-only", branch)
    shop.apply("dev")
    assert shop.read(SUPPORT) == declared
    assert shop.status()["git_pending"] == []
    assert shop.status()["in_sync"] is True
    shop.trueup("audit", "verify")
