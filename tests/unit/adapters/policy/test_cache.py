"""Evaluations that are remembered: when, under what name, and what becomes of a damaged one."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trueup.adapters.policy import codes
from trueup.adapters.policy.cache import CachedEngine
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.json import canonical
from trueup.policy.results import Evaluation, PolicyFile, RuleInfo, RuleResult

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
BUNDLE = (PolicyFile("a.rego", b"package a"),)
INFO = RuleInfo("A-1", "a", "deny", "A", controls=("Art. 1",), span=Span("a.rego", 1, 1), waivable=False)


class CountingEngine:
    """An engine that counts what it is asked, and says something else each time."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.analysed = 0
        self.clock: frozenset[str] | None = frozenset()
        self.errors: tuple[Diagnostic, ...] = ()

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        return self.errors

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        found = []
        for document in documents:
            self.asked.append(document)
            raws: list[Any] = [{"id": "A-1", "msg": f"answer {len(self.asked)}", "n": 1.0}, "text"]
            results = tuple(RuleResult("deny", "a", raw, Span("a.rego", 2, 1)) for raw in raws)
            found.append(Evaluation((*results, RuleResult("warn", "a", "x")), self.errors, ("A-1",), "e 1", (INFO,)))
        return found

    def clock_fields(self, bundle: Sequence[PolicyFile]) -> frozenset[str] | None:
        self.analysed += 1
        return self.clock


def cached(engine: CountingEngine, folder: Path, version: str = "1", **limit: int) -> CachedEngine:
    return CachedEngine(engine, folder, version, engine.clock_fields, **limit)


def document(number: int = 1, now: datetime = NOON) -> bytes:
    return canonical({"a": number, "clock": {"now": now.isoformat(), "today": now.date().isoformat()}})


def ask(engine: CachedEngine, *documents: bytes, now: datetime = NOON) -> list[Evaluation]:
    return engine.evaluate(BUNDLE, documents, now)


def entries(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*.json") if p.name != "bundle.json")


def test_a_document_is_evaluated_once(tmp_path: Path) -> None:
    engine = CountingEngine()
    first = ask(cached(engine, tmp_path), document())
    again = cached(engine, tmp_path)
    assert ask(again, document()) == first
    assert (len(engine.asked), engine.analysed, again.hits, again.misses) == (1, 1, 1, 0)


def test_only_what_is_new_is_asked_and_the_order_stays(tmp_path: Path) -> None:
    engine = CountingEngine()
    kept = cached(engine, tmp_path)
    ask(kept, document(2))
    found = ask(kept, document(1), document(2), document(3))
    said = [e.results[0].raw["msg"] for e in found]  # type: ignore[call-overload,index]  # objects
    assert said == ["answer 2", "answer 1", "answer 3"]
    assert engine.asked == [document(2), document(1), document(3)]


def test_a_later_time_is_the_same_document_to_rules_that_read_no_clock(tmp_path: Path) -> None:
    engine = CountingEngine()
    kept = cached(engine, tmp_path)
    later = NOON + timedelta(days=3)
    assert ask(kept, document()) == ask(kept, document(now=later), now=later)


@pytest.mark.parametrize(
    ("clock", "hours", "asked"), [({"today"}, 1, 1), ({"today"}, 24, 2), ({"now"}, 1, 2), (None, 1, 2)]
)
def test_what_rules_read_of_the_clock_counts(tmp_path: Path, clock: set[str] | None, hours: int, asked: int) -> None:
    engine = CountingEngine()
    engine.clock = None if clock is None else frozenset(clock)
    kept = cached(engine, tmp_path)
    later = NOON + timedelta(hours=hours)
    ask(kept, document())
    ask(kept, document(now=later), now=later)
    ask(kept, document(now=later), now=later)
    assert len(engine.asked) == asked


def test_other_policies_and_another_version_are_asked_anew(tmp_path: Path) -> None:
    engine = CountingEngine()
    kept = cached(engine, tmp_path)
    ask(kept, document())
    kept.evaluate([PolicyFile("b.rego", b"package a")], [document()], NOON)
    ask(cached(engine, tmp_path, "2"), document())
    assert len(engine.asked) == 3


def test_tests_of_policies_make_no_other_bundle(tmp_path: Path) -> None:
    engine = CountingEngine()
    kept = cached(engine, tmp_path)
    ask(kept, document())
    kept.evaluate([*BUNDLE, PolicyFile("a_test.rego", b"package a_test")], [document()], NOON)
    assert len(engine.asked) == 1


def test_errors_are_not_remembered(tmp_path: Path) -> None:
    engine = CountingEngine()
    engine.errors = (Diagnostic(codes.TIMEOUT, "too slow"),)
    kept = cached(engine, tmp_path)
    assert ask(kept, document())[0].errors
    assert kept.check(BUNDLE) == engine.errors
    engine.errors = ()
    assert not ask(kept, document())[0].errors
    assert len(engine.asked) == 2


@pytest.mark.parametrize("text", [b"[]", b"{", b'"\\ud800"'])
def test_what_is_no_document_is_always_asked(tmp_path: Path, text: bytes) -> None:
    engine = CountingEngine()
    kept = cached(engine, tmp_path)
    ask(kept, text)
    ask(kept, text)
    assert len(engine.asked) == 2


def test_a_document_without_a_clock_is_remembered(tmp_path: Path) -> None:
    engine = CountingEngine()
    engine.clock = frozenset({"now"})
    kept = cached(engine, tmp_path)
    ask(kept, b"{}")
    ask(kept, b"{}")
    assert len(engine.asked) == 1


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"key":"", "digest": "", "content": {}}', b"\xff"])
@pytest.mark.parametrize("name", ["entry", "bundle"])
def test_a_damaged_file_is_passed_over_and_written_again(tmp_path: Path, name: str, damage: bytes) -> None:
    engine = CountingEngine()
    ask(cached(engine, tmp_path), document())
    path = entries(tmp_path)[0] if name == "entry" else next(tmp_path.rglob("bundle.json"))
    path.write_bytes(damage)
    ask(cached(engine, tmp_path), document())
    ask(cached(engine, tmp_path), document())
    assert len(engine.asked) == 2


def test_a_changed_entry_is_passed_over(tmp_path: Path) -> None:
    engine = CountingEngine()
    ask(cached(engine, tmp_path), document())
    path = entries(tmp_path)[0]
    path.write_bytes(path.read_bytes().replace(b"answer 1", b"answer 9"))
    ask(cached(engine, tmp_path), document())
    assert len(engine.asked) == 2


def test_a_sealed_entry_of_another_shape_is_passed_over(tmp_path: Path) -> None:
    from trueup.adapters.policy.sealed import seal

    engine = CountingEngine()
    ask(cached(engine, tmp_path), document())
    for path in tmp_path.rglob("*.json"):
        key = json.loads(path.read_bytes())["key"]
        seal(path, key, {"results": [1], "clock": [], "rules": [], "described": [{"id": "A"}]})
    ask(cached(engine, tmp_path), document())
    path = entries(tmp_path)[0]
    seal(path, path.stem, {"results": [1], "engine": "e"})
    ask(cached(engine, tmp_path), document())
    assert len(engine.asked) == 3


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    engine = CountingEngine()
    kept = cached(engine, tmp_path / "cache")
    assert ask(kept, document()) != ask(kept, document())


def test_the_folder_stays_near_its_limit_and_keeps_what_was_used_last(tmp_path: Path) -> None:
    engine = CountingEngine()
    kept = cached(engine, tmp_path, limit_bytes=20_000)
    ask(kept, document(0))
    (first,) = entries(tmp_path)
    newer = max(p.stat().st_mtime for p in tmp_path.rglob("*.json")) + 1_000
    os.utime(first, (newer, newer))
    for number in range(1, 1_000):
        ask(kept, document(number))
    assert sum(p.stat().st_size for p in tmp_path.rglob("*.json")) < 300_000
    assert first in entries(tmp_path)
    assert next(tmp_path.rglob("bundle.json"))


def test_what_rules_say_of_themselves_comes_back_whole(tmp_path: Path) -> None:
    engine = CountingEngine()
    ask(cached(engine, tmp_path), document())
    (found,) = ask(cached(engine, tmp_path), document())
    assert found.described == (INFO,)
    assert found == replace(found, errors=())
