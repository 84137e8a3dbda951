"""Policies that loop, eat memory or kill their worker: the decision is an error, and the next one is made."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.embedded.messages import seconds_for
from trueup.adapters.policy.embedded.policies import load
from trueup.adapters.policy.embedded.process import WorkerLostError, WorkerProcess
from trueup.adapters.policy.embedded.worker import together
from trueup.policy.results import Evaluation, PolicyFile

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
SOUND = 'deny contains "blocked" if input.blocked'
ENDLESS = (
    'deny contains "x" if { some i in numbers.range(1, 5000); some j in numbers.range(1, 5000); '
    "some k in numbers.range(1, 5000); i + j + k == -1 }"
)
BOMB = 'deny contains concat("", [sprintf("%v", [i]) | some i in numbers.range(1, 100000000)])'


@pytest.fixture
def impatient() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine(timeout_seconds=2, memory_bytes=512 << 20) as engine:
        yield engine


def policy(rule: str) -> list[PolicyFile]:
    return [PolicyFile("policies/p.rego", f"package p\n{rule}\n".encode(), "policies")]


def ask(engine: EmbeddedEngine, rule: str, document: bytes = b'{"blocked": true}') -> Evaluation:
    (evaluation,) = engine.evaluate(policy(rule), [document], NOW)
    return evaluation


def error(evaluation: Evaluation) -> str:
    assert evaluation.results == ()
    return " ".join(d.code.id for d in evaluation.errors)


@pytest.mark.slow
def test_an_endless_loop_ends_by_the_clock_and_the_next_policy_is_evaluated(impatient: EmbeddedEngine) -> None:
    assert error(ask(impatient, ENDLESS)) == "POL031"
    assert len(ask(impatient, SOUND).results) == 1


@pytest.mark.slow
def test_a_loop_spoils_no_other_document(impatient: EmbeddedEngine) -> None:
    rule = ENDLESS.replace("if {", "if { input.loop; ")
    bad, good = impatient.evaluate(policy(rule), [b'{"loop": true}', b'{"loop": false}'], NOW)
    assert error(bad) == "POL031"
    assert good.errors == ()


def files_of(rules: dict[str, str]) -> list[PolicyFile]:
    return [
        PolicyFile(f"policies/{name}.rego", f"package {name}\n\n{rule}\n".encode(), "policies")
        for name, rule in rules.items()
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "code"), [(ENDLESS, "POL031"), (BOMB, "POL032")], ids=["loop", "bomb"])
def test_the_rule_that_loops_or_eats_memory_is_named_at_its_place_and_the_others_are_heard(
    impatient: EmbeddedEngine, rule: str, code: str
) -> None:
    files = files_of({"a": SOUND, "b": rule, "c": SOUND})
    (evaluation,) = impatient.evaluate(files, [b'{"blocked": true}'], NOW)
    (problem,) = evaluation.errors
    assert problem.code.id in (code, "POL030")
    assert problem.span
    assert (problem.span.path, problem.span.line) == ("policies/b.rego", 3)
    assert "b.deny" in problem.detail or problem.code.id == "POL030"
    assert [r.package for r in evaluation.results] == ["a", "c"]


@pytest.mark.slow
def test_after_three_rules_that_loop_the_others_are_named_and_not_asked() -> None:
    files = files_of(dict.fromkeys("abcd", ENDLESS) | {"e": SOUND})
    with EmbeddedEngine(timeout_seconds=1, memory_bytes=512 << 20) as engine:
        (evaluation,) = engine.evaluate(files, [b'{"blocked": true}'], NOW)
    said = {d.span.path: d.detail for d in evaluation.errors if d.span}
    assert sorted(said) == [f"policies/{name}.rego" for name in "abcde"]
    assert ["was not asked any more" in detail for _, detail in sorted(said.items())] == [False] * 3 + [True] * 2


def test_a_memory_bomb_kills_its_worker_alone(engine: EmbeddedEngine) -> None:
    with EmbeddedEngine(timeout_seconds=60, memory_bytes=256 << 20) as small:
        evaluation = ask(small, BOMB)
        assert error(evaluation) in ("POL032", "POL030")
        assert len(ask(small, SOUND).results) == 1


def test_a_worker_killed_between_two_calls_is_replaced(impatient: EmbeddedEngine) -> None:
    first = ask(impatient, SOUND)
    pid = impatient.worker_pid
    os.kill(pid, signal.SIGKILL)
    assert ask(impatient, SOUND) == first
    assert impatient.worker_pid != pid


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced(impatient: EmbeddedEngine) -> None:
    ask(impatient, SOUND)
    os.kill(impatient.worker_pid, signal.SIGSTOP)
    (problem,) = ask(impatient, SOUND).errors
    assert problem.code.id == "POL031"
    assert "Each rule by itself has an answer" in problem.detail
    assert len(ask(impatient, SOUND).results) == 1


def test_closing_ends_the_worker_and_the_next_call_starts_another() -> None:
    engine = EmbeddedEngine(timeout_seconds=60)
    assert engine.worker_pid == 0, "nothing is started before it is needed"
    ask(engine, SOUND)
    pid = engine.worker_pid
    engine.close()
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert len(ask(engine, SOUND).results) == 1
    engine.close()


def test_the_users_environment_does_not_reach_the_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "regorus.py").write_text("raise SystemExit('foreign code ran')")
    (tmp_path / "json.py").write_text("raise SystemExit('foreign code ran')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))
    monkeypatch.setenv("RUST_BACKTRACE", "1")
    monkeypatch.chdir(tmp_path)
    with EmbeddedEngine(timeout_seconds=60) as engine:
        assert len(ask(engine, SOUND).results) == 1
        (problem,) = ask(engine, "deny contains units.parse(input.x)", b'{"x": "q"}').errors
        assert "backtrace" not in problem.detail.lower()


def test_a_builtin_error_is_an_error_at_its_place_and_other_rules_still_answer(engine: EmbeddedEngine) -> None:
    evaluation = ask(engine, 'deny contains to_number(input.x)\nwarn contains "seen" if input.x', b'{"x": "q"}')
    assert [r.entry for r in evaluation.results] == ["warn"]
    (problem,) = evaluation.errors
    assert problem.code.id == "POL030"
    assert problem.span
    assert (problem.span.path, problem.span.line) == ("policies/p.rego", 2)


def test_rules_that_give_two_values_are_an_error(engine: EmbeddedEngine) -> None:
    rules = "x := 1 if input.a\nx := 2 if input.b\ndeny contains x"
    assert "POL030" in [d.code.id for d in ask(engine, rules, b'{"a": 1, "b": 1}').errors]


def test_a_complete_rule_that_gives_no_set_is_an_error(engine: EmbeddedEngine) -> None:
    assert error(ask(engine, "deny := input.absent")) == "POL030"
    assert error(ask(engine, "deny := input.blocked")) == "POL030"
    assert ask(engine, "deny := {m | some m in input.ms}", b'{"ms": []}').errors == ()


@pytest.mark.parametrize(
    "document",
    [
        b'{"x": "\\ud800"}',
        b'{"\\udc00": 1}',
        b"\xff",
        b'{"x": 1e999}',
        b"[" * 100_000,
        b'{"x": ' * 200 + b"1" + b"}" * 200,
        b"nope",
        b"",
        b'{"x": NaN}',
    ],
    ids=["surrogate", "surrogate key", "bytes", "number", "deep", "deep objects", "word", "empty", "nan"],
)
def test_a_document_that_is_no_sound_json_is_refused_and_the_worker_lives(
    engine: EmbeddedEngine, document: bytes
) -> None:
    pid = engine.worker_pid
    assert error(ask(engine, SOUND, document)) == "POL033"
    assert len(ask(engine, SOUND).results) == 1
    assert pid in (0, engine.worker_pid)


def test_the_clock_of_a_decision_is_the_one_it_is_given(engine: EmbeddedEngine) -> None:
    rule = 'deny contains sprintf("%v", [time.now_ns()])'
    assert [r.raw for r in ask(engine, rule).results] == ["1773489600000000000"]


def test_printing_does_not_disturb_the_answer(engine: EmbeddedEngine) -> None:
    assert len(ask(engine, 'deny contains "x" if { print("hello", input); input.blocked }').results) == 1


def test_a_large_document_goes_through(engine: EmbeddedEngine) -> None:
    document = b'{"blocked": true, "text": "' + b"x" * 3_000_000 + b'"}'
    assert len(ask(engine, SOUND, document).results) == 1


@pytest.mark.slow
def test_an_answer_larger_than_anybody_reads_is_an_error(engine: EmbeddedEngine) -> None:
    rule = 'deny contains sprintf("%v %s", [i, input.text]) if some i in numbers.range(1, 20)'
    document = b'{"text": "' + b"x" * 2_500_000 + b'"}'
    assert error(ask(engine, rule, document)) == "POL032"


def test_tests_run_with_a_fixed_clock_and_say_what_they_printed(engine: EmbeddedEngine) -> None:
    rule = SOUND + '\ntest_blocked if { print("seen"); count(deny) == 1 with input as {"blocked": true} }'
    rule += "\ntest_clock if time.now_ns() == 1767225600000000000\ntest_wrong if count(deny) == 7\ntest_stops if 1 / 0"
    results = {t.name: t for t in engine.test(policy(rule))}  # type: ignore[union-attr]  # no problems
    assert {n: t.passed for n, t in results.items()} == {  # type: ignore[union-attr]
        "test_blocked": True,
        "test_clock": True,
        "test_wrong": False,
        "test_stops": False,
    }
    assert "seen" in results["test_blocked"].output  # type: ignore[union-attr]
    assert "p.rego:6:" in results["test_stops"].output  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_test_that_kills_the_worker_fails_alone(impatient: EmbeddedEngine) -> None:
    loop = ENDLESS.removeprefix('deny contains "x" ')
    results = impatient.test(policy(f"test_a {loop}\ntest_b if true"))
    assert [(t.name, t.passed) for t in results] == [("test_a", False), ("test_b", True)]  # type: ignore[union-attr]


def test_test_files_take_no_part_in_decisions(engine: EmbeddedEngine) -> None:
    files = [
        *policy(SOUND),
        PolicyFile("policies/p_test.rego", b'package p\ndeny contains "from a test"\nx := nope(1)\n', "policies"),
    ]
    (evaluation,) = engine.evaluate(files, [b'{"blocked": true}'], NOW)
    assert [r.raw for r in evaluation.results] == ["blocked"]
    assert [d.code.id for d in engine.check(files)] == ["POL005"]


def test_a_dead_worker_says_how_it_ended() -> None:
    worker = WorkerProcess(512 << 20)
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerLostError, match="SIGKILL"):
        worker.receive(worker.send({"do": "load", "bundle": "", "files": []}, 5), 30)


def test_a_worker_ends_when_its_parent_goes_away() -> None:
    worker = WorkerProcess(512 << 20)
    worker.receive(worker.send({"do": "load", "bundle": "", "files": []}, 5), 30)
    worker._input.close()
    for _ in range(600):
        if not worker.is_alive:
            break
        time.sleep(0.05)
    assert not worker.is_alive
    worker.kill()


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one() -> None:
    worker = WorkerProcess(512 << 20)
    abandoned = worker.send({"do": "load", "bundle": "b", "files": []}, 5)
    ticket = worker.send({"do": "clock", "bundle": "b"}, 5)
    assert "fields" in worker.receive(ticket, 30)
    assert not worker.awaits(abandoned)
    worker.kill()


def test_a_call_that_was_interrupted_costs_the_next_one_nothing(engine: EmbeddedEngine) -> None:
    assert len(ask(engine, SOUND).results) == 1
    engine._send({"do": "load", "bundle": "another", "files": []}, 5)  # and nobody waits for the answer
    assert [r.raw for r in ask(engine, SOUND).results] == ["blocked"]


def test_a_worker_holds_the_last_bundle_alone() -> None:
    worker = WorkerProcess(512 << 20)
    for bundle in ("one", "two"):
        worker.receive(worker.send({"do": "load", "bundle": bundle, "files": []}, 5), 30)
    assert "failed" in worker.receive(worker.send({"do": "clock", "bundle": "one"}, 5), 30)
    assert "fields" in worker.receive(worker.send({"do": "clock", "bundle": "two"}, 5), 30)
    worker.kill()


@pytest.mark.slow
def test_a_document_whose_policy_kills_the_worker_spoils_neither_neighbour(impatient: EmbeddedEngine) -> None:
    rule = BOMB.replace("contains ", 'contains "blocked" if input.blocked\ndeny contains ').replace(
        "100000000)])", "input.size)])"
    )
    documents = [b'{"blocked": true, "size": %d}' % size for size in (1, 100_000_000, 1, 2)]
    answers = impatient.evaluate(policy(rule), documents, NOW)
    assert [bool(a.errors) for a in answers] == [False, True, False, False]
    assert [{r.raw for r in a.results} for a in answers] == [
        {"blocked", "1"},
        set(),
        {"blocked", "1"},
        {"blocked", "12"},
    ]


def test_a_large_document_has_more_time() -> None:
    assert seconds_for(b"{}", 10) == pytest.approx(10, abs=0.1)
    assert seconds_for(b" " * 50_000_000, 10) == 110


def test_as_many_rules_as_a_library_has_are_asked_by_one_query() -> None:
    files = [(f"{n}.rego", "", f'package acme.rules.rule_number_{n}\n\ndeny contains "{n}"') for n in range(100)]
    loaded = load(files)
    assert loaded.problems == ()
    loaded.engine.set_input_json("{}")
    assert sorted(map(str, together(loaded.engine, 100) or [])) == sorted(f"['{n}']" for n in range(100))
