"""What was checked once is not checked again, and decides the same; what was tampered with is not used."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.embedded.kept_images import ImageFolder, ImageMemory, Kept
from trueup.adapters.policy.embedded.pool import EnginePool
from trueup.policy.results import PolicyFile, rule_from_json, rule_to_json

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RULE = """package acme

# METADATA
# title: Named
# custom:
#   id: ACME-01
#   severity: low
#   controls: [ACME 1]
deny contains {"msg": sprintf("%d %s at %d", [input.n, rego.metadata.rule().title, time.now_ns()])} if {
	input.n > data.parameters.acme.most
}
"""
BUNDLE = (
    PolicyFile("policies/acme.rego", RULE.encode(), "policies"),
    PolicyFile("policies/parameters/acme/data.yaml", b"most: 1", "policies"),
)
DOCUMENTS = [b'{"n": %d}' % n for n in range(40)]


class Counting(ImageMemory):
    """Images that count how often a bundle had to be checked."""

    checked = 0

    def put(self, digest: str, kept: Kept) -> None:
        self.checked += 1
        super().put(digest, kept)


def test_a_bundle_that_was_checked_decides_the_same_from_its_image() -> None:
    images = Counting()
    with EmbeddedEngine(images=images) as first, EmbeddedEngine(images=images) as second:
        expected = first.evaluate(BUNDLE, DOCUMENTS[:4], NOW)
        assert second.evaluate(BUNDLE, DOCUMENTS[:4], NOW) == expected
        assert second.describe(BUNDLE) == first.describe(BUNDLE)
    assert [len(e.results) for e in expected] == [0, 0, 1, 1]
    assert "2 Named at 1795219200000000000" in str(expected[2].results)
    assert images.checked == 1


def test_what_needs_syntax_trees_checks_the_bundle_again() -> None:
    images = Counting()
    with EmbeddedEngine(images=images) as first, EmbeddedEngine(images=images) as second:
        first.evaluate(BUNDLE, DOCUMENTS[:1], NOW)
        second.evaluate(BUNDLE, DOCUMENTS[:1], NOW)
        assert second.reads(BUNDLE) == first.reads(BUNDLE)
        assert second.clock_fields(BUNDLE) is None
        assert len(second.evaluate(BUNDLE, DOCUMENTS[3:4], NOW)[0].results) == 1


def test_a_bundle_with_problems_or_tests_is_not_kept() -> None:
    images = Counting()
    broken = (PolicyFile("a.rego", b"package a\n\ndeny contains x if nothing(x)"),)
    with EmbeddedEngine(images=images) as engine:
        assert engine.evaluate(broken, DOCUMENTS[:1], NOW)[0].errors
        engine.test((*BUNDLE, PolicyFile("policies/t_test.rego", b"package acme_test\n\ntest_x if true", "policies")))
    assert images.checked == 0


def test_an_image_in_a_file_serves_the_next_run_of_the_same_version_alone(tmp_path: Path) -> None:
    with EmbeddedEngine(images=ImageFolder(tmp_path, "1")) as engine:
        engine.evaluate(BUNDLE, DOCUMENTS[:1], NOW)
    same, other = Counting(ImageFolder(tmp_path, "1")), Counting(ImageFolder(tmp_path, "2"))
    for images, checked in ((same, 0), (other, 1)):
        with EmbeddedEngine(images=images) as engine:
            assert len(engine.evaluate(BUNDLE, DOCUMENTS[3:4], NOW)[0].results) == 1
        assert images.checked == checked


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", None])
def test_a_damaged_image_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    with EmbeddedEngine(images=ImageFolder(tmp_path, "1")) as engine:
        engine.evaluate(BUNDLE, DOCUMENTS[:1], NOW)
    (file,) = tmp_path.glob("*/image.json")
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"input.n > data", b"input.n < data") if damage is None else damage)
    with EmbeddedEngine(images=ImageFolder(tmp_path, "1")) as engine:
        assert len(engine.evaluate(BUNDLE, DOCUMENTS[3:4], NOW)[0].results) == 1
    assert file.read_bytes() == whole


def test_an_image_that_the_engine_does_not_take_is_checked_again() -> None:
    images = ImageMemory()
    with EmbeddedEngine(images=images) as engine:
        engine.evaluate(BUNDLE, DOCUMENTS[:1], NOW)
    (digest,) = images._kept
    kept = images._kept[digest]
    images._kept[digest] = Kept({**kept.image, "policies": [["a.rego", "no rego"]]}, kept.rules)
    with EmbeddedEngine(images=images) as engine:
        assert len(engine.evaluate(BUNDLE, DOCUMENTS[3:4], NOW)[0].results) == 1


def test_a_place_that_cannot_be_written_costs_time_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with EmbeddedEngine(images=ImageFolder(tmp_path / "taken", "1")) as engine:
        assert len(engine.evaluate(BUNDLE, DOCUMENTS[3:4], NOW)[0].results) == 1


def test_several_workers_answer_in_the_order_of_the_documents() -> None:
    with EnginePool(2) as pool, EmbeddedEngine() as alone:
        assert pool.evaluate(BUNDLE, DOCUMENTS, NOW) == alone.evaluate(BUNDLE, DOCUMENTS, NOW)
        assert [e.worker_pid > 0 for e in pool._engines] == [True, True]


def test_few_documents_start_one_worker() -> None:
    with EnginePool(2) as pool:
        pool.evaluate(BUNDLE, DOCUMENTS[:3], NOW)
        assert [e.worker_pid > 0 for e in pool._engines] == [True, False]


def test_a_rule_reads_back_as_it_was_and_not_from_another_version() -> None:
    with EmbeddedEngine() as engine:
        (rule,) = engine.describe(BUNDLE)
    assert not isinstance(rule, str)
    spelled = rule_to_json(rule)  # type: ignore[arg-type]
    assert rule_from_json(spelled) == rule
    with pytest.raises(ValueError, match="fields"):
        rule_from_json({**spelled, "more": 1})
