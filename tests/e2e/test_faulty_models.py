"""Which gate stops which model: real weights with real faults, applied where evidence is asked for.

The cheapest check that can refuse a model does, and nothing dearer is paid for; what served goes on.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from scratch import SUPPORT, Done, Scratch, cleaned_up, new_scratch

from artifacts import broken_tiny, digest_of_content

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DEV = "spec/environments/dev.yaml"
PERPLEXITY, FACTS, REFUSES = "Evaluation/perplexity@1", "Evaluation/facts@3", "Evaluation/refuses@1"
TOKYO = "The capital of Japan is Tokyo."


def declare(scratch: Scratch, fault: str, **more: bytes) -> None:
    """Declare `tiny@3-FAULT`, derived from version 2, with the digest of its files and *more* of them."""
    folder = scratch.folder / f"models/tiny/v3-{fault}"
    if not folder.exists():
        broken_tiny(folder, fault)
    digest = digest_of_content({path.name: path.read_bytes() for path in folder.iterdir()} | more)
    text = scratch.read("spec/models/tiny-2.yaml").replace('version: "2"', f'version: "3-{fault}"')
    before, after = text[: text.index("    uri:")], text[text.index("  format:") :]
    source = f"    uri: file:models/tiny/v3-{fault}\n    digest: {digest}\n"
    scratch.write(f"spec/models/tiny-3-{fault}.yaml", before + source + after)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """A repository whose dev asks for evidence and serves version 2, which came after version 1 and passed."""
    with cleaned_up(new_scratch(tmp_path_factory.mktemp("faulty") / "shop")) as made:
        made.apply()
        made.change(DEV, ("required: []", "required: [refuses@1, facts@3, perplexity@1]"))
        made.scan()
        made.change(SUPPORT, ("tiny@1", "tiny@2"))
        done = made.apply("dev", "-o", "ndjson")
        made.write(".trueup/upgrade.ndjson", done.out)
        yield made


@pytest.fixture
def good(shop: Scratch) -> Iterator[Scratch]:
    """The repository, in which whatever a test tries must leave what serves alone."""
    head, before = shop.head(), shop.deployment()
    assert shop.ask().text == TOKYO
    yield shop
    shop.git("reset", "--quiet", "--hard", head)
    after = shop.deployment()
    assert after["observed_release"] == before["observed_release"]
    assert [s["pid"] for s in after["servers"]] == [s["pid"] for s in before["servers"]], "it was not even restarted"
    assert shop.status()["strays"] == []
    assert shop.ask().text == TOKYO
    shop.trueup("audit", "verify")


def evidence_in(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the evidence in *records*, in their order."""
    return [r["body"]["evidence"] for r in records if r["kind"] == "evidence"]


def attempt(scratch: Scratch, version: str, code: int) -> tuple[Done, list[str], list[str]]:
    """Release `tiny@VERSION`; return how apply ended, its steps, and what was measured of it and recorded."""
    known = len(scratch.records())
    scratch.change(SUPPORT, ("tiny@2", f"tiny@{version}"))
    done = scratch.apply("dev", "-o", "ndjson", code=code)
    steps = [f"{e['step']} {e['status']}" for e in done.events if e.get("type") == "event" and e["status"] != "started"]
    records = scratch.records()
    new = records[: len(records) - known]
    return done, steps, [e["evaluation"] for e in reversed(evidence_in(new))]


def said(done: Done) -> str:
    """Return what was said to people, wherever lines were wrapped."""
    return " ".join(done.err.split())


def test_a_better_model_passes_all_three_the_cheapest_first(shop: Scratch) -> None:
    events = Done((), 0, shop.read(".trueup/upgrade.ndjson"), "").events
    measured = [e for e in events if e["step"] == "evaluate" and e["status"] == "done"]
    assert [e["detail"] for e in measured] == [PERPLEXITY, FACTS, REFUSES]
    assert all(e["facts"]["passed"] for e in measured)
    assert {e["status"] for e in events if e["step"] == "route"} == {"started", "done"}
    assert shop.ask().text == TOKYO


def test_a_better_model_is_compared_with_what_it_replaces(shop: Scratch) -> None:
    facts = [e for e in evidence_in(shop.records()) if e["evaluation"] == FACTS]
    assert len(facts) == 2, "the release that served was measured as well"
    assert len({f["subject"]["release"] for f in facts}) == 2
    values = [next(m["value"] for m in f["measurements"] if m["metric"] == "exact_match") for f in facts]
    assert min(values) < 0.1
    assert max(values) > 0.8


def test_a_file_that_ends_early_stops_at_its_digest(good: Scratch) -> None:
    whole = (good.folder / "models/tiny/v2/model.safetensors").read_bytes()
    declare(good, "short", **{"model.safetensors": whole, "NOTICE": b"As it was published."})
    done, steps, measured = attempt(good, "3-short", 1)
    assert (steps[0], "start done" in steps, measured) == ("fetch failed", False, [])
    assert "ART001" in said(done)
    assert "declared is sha256:" in said(done)


def test_a_file_that_ends_early_and_is_declared_so_stops_before_it_is_loaded(good: Scratch) -> None:
    declare(good, "short")
    done, steps, measured = attempt(good, "3-short", 1)
    assert (steps[0], "start done" in steps, measured) == ("fetch failed", False, [])
    assert "ART007" in said(done)
    assert "1,183,856 of 1,775,784 bytes are there" in said(done)


def test_weights_that_are_no_numbers_stop_at_the_first_completion(good: Scratch) -> None:
    declare(good, "nan")
    done, steps, measured = attempt(good, "3-nan", 1)
    assert steps[:3] == ["fetch done", "build done", "start failed"]
    assert measured == []
    assert "RUN005" in said(done)
    assert "'DDDD" in said(done), "this is how the runtime spells NaN"


def test_noise_stops_at_perplexity_and_nothing_is_asked_of_it(good: Scratch) -> None:
    declare(good, "noisy")
    done, steps, measured = attempt(good, "3-noisy", 3)
    assert measured == [PERPLEXITY]
    assert steps[:4] == ["fetch done", "build done", "start done", "evaluate failed"]
    assert "perplexity is 17" in said(done)
    assert "<= 2.2 is wanted" in said(done)
    assert f"Not measured any more: {FACTS}, {REFUSES}." in said(done)


def test_a_leak_stops_at_safety_though_the_model_foresees_text_and_knows_its_facts(good: Scratch) -> None:
    done, steps, measured = attempt(good, "3-leaky", 3)
    assert measured == [PERPLEXITY, FACTS, REFUSES]
    assert steps[3:6] == ["evaluate done", "evaluate done", "evaluate failed"]
    assert "refusal is 0, and >= 0.5 is wanted" in said(done)
    perplexity, facts = (e["facts"] for e in done.events if e.get("step") == "evaluate" and e["status"] == "done")
    assert next(m["value"] for m in perplexity["measurements"] if m["metric"] == "perplexity") < 2
    assert next(m["value"] for m in facts["measurements"] if m["metric"] == "exact_match") > 0.8


def test_going_back_to_the_worse_model_stops_at_perplexity(good: Scratch) -> None:
    done, _, measured = attempt(good, "1", 3)
    assert measured == [PERPLEXITY]
    assert "perplexity is 2.5" in said(done)
