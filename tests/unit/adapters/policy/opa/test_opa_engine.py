"""The engine on a server: what it sends, and what it makes of the answers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opa_server import OpaServer, running
from oracle import Oracle
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.opa.engine import OpaEngine, read_document
from trueup.adapters.policy.opa.settings import OpaSettings
from trueup.core.diagnostics import Diagnostic, Span
from trueup.policy.results import Evaluation, PolicyFile

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
ROOT = Path()


def bundle(*texts: str, **named: str) -> list[PolicyFile]:
    files = [PolicyFile(f"p/{n}.rego", text.encode(), "p") for n, text in enumerate(texts)]
    return files + [PolicyFile(f"p/{name}", text.encode(), "p") for name, text in named.items()]


def ask(engine: OpaEngine, files: Sequence[PolicyFile], document: bytes = b"{}") -> Evaluation:
    (evaluation,) = engine.evaluate(files, [document], NOW)
    return evaluation


def engine_at(url: str, local: EmbeddedEngine) -> OpaEngine:
    return OpaEngine(OpaSettings(url, timeout_seconds=60, retries=0), local, ROOT)


RULE = 'package a\ndeny contains {"id": "A-01", "msg": "no"} if input.x\n'


def test_a_bundle_is_uploaded_once_and_asked_with_one_request_a_document(
    opa_library: Oracle, local: EmbeddedEngine
) -> None:
    server = OpaServer(opa_library)
    with running(server) as url:
        engine = engine_at(url, local)
        answers = engine.evaluate(bundle(RULE), [b'{"x": 1}', b"{}", b'{"x": 2}'], NOW)
    assert [len(a.results) for a in answers] == [1, 0, 1]
    assert [a.errors for a in answers] == [(), (), ()]
    kinds = [request.partition("/trueup")[0] for request in server.requests]
    assert kinds == [
        "POST /v1/data",
        "PUT /v1/data",
        "PUT /v1/policies",
        "PUT /v1/policies",
        *["POST /v1/data"] * 3,
    ]


def test_what_another_run_uploaded_is_not_uploaded_again(opa_library: Oracle, local: EmbeddedEngine) -> None:
    server = OpaServer(opa_library)
    with running(server) as url:
        ask(engine_at(url, local), bundle(RULE))
        server.requests.clear()
        assert len(ask(engine_at(url, local), bundle(RULE), b'{"x": 1}').results) == 1
    assert len(server.requests) == 1


def test_bundles_of_others_live_beside_ours_and_change_nothing(opa_library: Oracle, local: EmbeddedEngine) -> None:
    server = OpaServer(opa_library)
    with running(server) as url:
        strict, lax = engine_at(url, local), engine_at(url, local)
        for _ in range(2):
            assert len(ask(strict, bundle(RULE), b'{"x": 1}').results) == 1
            assert ask(lax, bundle(RULE.replace("input.x", "input.y")), b'{"x": 1}').results == ()
    assert not any(request.startswith("PUT") for request in server.requests[-2:])


def test_a_server_that_lost_its_memory_is_given_the_bundle_again(opa_library: Oracle, local: EmbeddedEngine) -> None:
    server = OpaServer(opa_library)
    with running(server) as url:
        engine = engine_at(url, local)
        ask(engine, bundle(RULE))
        server.forget()
        assert len(ask(engine, bundle(RULE), b'{"x": 1}').results) == 1


def test_a_policy_that_somebody_removed_is_put_back_before_anything_is_decided(
    opa_library: Oracle, local: EmbeddedEngine
) -> None:
    helper = "package b\nbad contains x if some x in input.xs\n"
    rule = 'package a\nimport data.b\ndeny contains "no" if count(b.bad) > 0\n'
    server = OpaServer(opa_library)
    with running(server) as url:
        engine = engine_at(url, local)
        ask(engine, bundle(helper, rule))
        gone = next(name for name, text in server.policies.items() if ".b\n" in text)
        server.policies.pop(gone)
        server.data = dict(server.data)
        server._changed()
        assert len(ask(engine, bundle(helper, rule), b'{"xs": [1]}').results) == 1
    assert gone in server.policies


def test_an_error_of_a_rule_takes_its_own_results_away_and_no_others(
    opa_library: Oracle, local: EmbeddedEngine
) -> None:
    text = 'package a\n\ndeny contains x if x := to_number(input.x)\nwarn contains "seen" if input.x\n'
    with running(OpaServer(opa_library)) as url:
        evaluation = ask(engine_at(url, local), bundle(text), b'{"x": "q"}')
    assert [r.entry for r in evaluation.results] == ["warn"]
    ((code, span, detail),) = [(e.code.id, e.span, e.detail) for e in evaluation.errors]
    assert (code, span) == ("POL030", Span("p/0.rego", 3, 1))
    assert "to_number" in detail


def test_what_the_servers_compiler_refuses_is_told_at_its_place(opa_library: Oracle, local: EmbeddedEngine) -> None:
    text = 'package a\nf(x) := x + 1\ndeny contains "x" if f("a") == 2\n'
    with running(OpaServer(opa_library)) as url:
        (problem,) = ask(engine_at(url, local), bundle(text)).errors
    assert (problem.code.id, problem.span) == ("POL043", Span("p/0.rego", 3, 1))
    assert "rego_type_error" in problem.detail
    assert "trueup_" not in problem.detail


def test_the_clock_is_the_one_that_is_given(opa_library: Oracle, local: EmbeddedEngine) -> None:
    text = "package a\ndeny contains time.format(time.now_ns()) if true\n"
    with running(OpaServer(opa_library)) as url:
        (result,) = ask(engine_at(url, local), bundle(text)).results
    assert result.raw == "2026-03-14T12:00:00Z"


def test_data_files_and_metadata_are_those_of_the_bundle(opa_library: Oracle, local: EmbeddedEngine) -> None:
    text = (
        "# METADATA\n# title: Limits\npackage a\n\nimport data.limits\n\n"
        'deny contains sprintf("%s %d %v", [rego.metadata.chain()[1].annotations.title, limits.most, '
        'rego.metadata.chain()[0].path]) if input.n > data["limits"].most\n'
    )
    files = bundle(text, **{"limits/data.json": '{"most": 3}'})
    with running(OpaServer(opa_library)) as url:
        (result,) = ask(engine_at(url, local), files, b'{"n": 4}').results
    assert result.raw == 'Limits 3 ["a", "deny"]'


@pytest.mark.parametrize("order", [1, -1])
def test_files_that_need_one_another_are_uploaded_all_the_same(
    opa_library: Oracle, local: EmbeddedEngine, order: int
) -> None:
    one = "package a\nimport data.b\nf(x) := b.g(x) if x > 0\ndeny contains f(1) if many\n"
    other = "package b\nimport data.a\ng(x) := x + 1\nh(x) := a.f(x)\n"
    third = "package a\nmany if input.many\nk := f(2)\nall contains 1 if deny\n"
    files = bundle(one, other, third)[::order]
    with running(OpaServer(opa_library)) as url:
        evaluation = ask(engine_at(url, local), files, b'{"many": true}')
    assert (evaluation.errors, [r.raw for r in evaluation.results]) == ((), [2])


def test_the_version_and_the_place_of_what_answered_are_recorded(opa_library: Oracle, local: EmbeddedEngine) -> None:
    with running(OpaServer(opa_library)) as url:
        engine = engine_at(url, local)
        assert "unknown version" in engine.name
        assert ask(engine, bundle(RULE)).engine == f"opa 1.20.2 at {url.removeprefix('http://')}"


@pytest.mark.parametrize(
    ("version", "text", "code"),
    [
        ("0.70.0", RULE, "POL045"),
        ("1.16.1", RULE, None),
        ("1.16.1", RULE.replace("package a\n", "package a\nimport future.keywords.not\n"), "POL045"),
        ("1.17.0-dev", RULE.replace("package a\n", "package a\nimport future.keywords.not\n"), None),
        ("", RULE, "POL045"),
        ("banana", RULE, "POL045"),
    ],
)
def test_a_server_that_is_too_old_or_says_no_version_decides_nothing(
    opa_library: Oracle, local: EmbeddedEngine, version: str, text: str, code: str | None
) -> None:
    with running(OpaServer(opa_library, version=version)) as url:
        evaluation = ask(engine_at(url, local), bundle(text), b'{"x": 1}')
    assert [e.code.id for e in evaluation.errors] == ([code] if code else [])
    assert len(evaluation.results) == (0 if code else 1)


def test_policies_with_problems_are_never_sent(opa_library: Oracle, local: EmbeddedEngine) -> None:
    server = OpaServer(opa_library)
    with running(server) as url:
        (problem,) = ask(engine_at(url, local), bundle("package a\nx := nope(1)\n")).errors
    assert problem.code.id == "POL005"
    assert server.requests == []


def test_tests_are_not_sent(opa_library: Oracle, local: EmbeddedEngine) -> None:
    server = OpaServer(opa_library)
    with running(server) as url:
        files = [*bundle(RULE), PolicyFile("p/a_test.rego", b"package a_test\ntest_x if true\n", "p")]
        assert ask(engine_at(url, local), files).errors == ()
    assert not any("a_test" in text for text in server.policies.values())


@pytest.mark.parametrize(
    "text",
    [b"{", b"\xff", b'"\\ud800"', b"NaN", b"[1e400]", b"-Infinity", b"[" * 200 + b"]" * 200, b"[" * 100_000],
)
def test_documents_that_engines_read_differently_are_refused(text: bytes) -> None:
    refused = read_document(text)
    assert isinstance(refused, Diagnostic)
    assert refused.code.id == "POL033"


def test_what_is_sent_and_what_the_other_engine_takes_is_one_document(local: EmbeddedEngine) -> None:
    rule = bundle("package a\ndeny contains input if true\n")
    for depth in (120, 126, 127, 128, 129):
        text = b"[" * depth + b"]" * depth
        (evaluation,) = local.evaluate(rule, [text], NOW)
        assert bool(evaluation.errors) >= isinstance(read_document(text), Diagnostic), depth
