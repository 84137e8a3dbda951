"""Imports mean what OPA takes them for, and errors keep their place."""

from datetime import UTC, datetime

import pytest

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.embedded.expansion import moved_back
from trueup.core.diagnostics import Span
from trueup.policy.results import Evaluation, PolicyFile

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DATA = PolicyFile("p/k/data.json", b'{"names": ["n"]}')
LIBRARY = """package l

import data.p.k

s contains 1

f(x) if x in k.names

odd := to_number(input.text)
"""


def ask(text: str, document: bytes = b"{}") -> Evaluation:
    files = (PolicyFile("l.rego", LIBRARY.encode()), PolicyFile("a.rego", text.encode()), DATA)
    with EmbeddedEngine() as engine:
        return engine.evaluate(files, [document], NOW)[0]


def test_a_function_keeps_its_imports_after_a_rule_of_its_package_was_read() -> None:
    found = ask('package a\n\nimport data.l\n\ndeny contains "x" if {\n\tcount(l.s) == 1\n\tl.f("n")\n}\n')
    assert [r.raw for r in found.results] == ["x"]
    assert found.errors == ()


def test_an_error_in_a_package_ends_no_rule_that_does_not_use_it() -> None:
    found = ask('package a\n\nimport data.l\n\ndeny contains "x" if count(l.s) == 1\n', b'{"text": "q"}')
    assert [r.raw for r in found.results] == ["x"]
    assert found.errors == ()


@pytest.mark.parametrize(
    "body",
    [
        'k := "n"; k == "n"',
        'every k in ["n"] { k == "n" }',
        'g("n")',
        '{"k": 1}.k == 1',
        '"k" == "k"',
        'k.names == ["n"]',
        'k["names"][_] == "n"',
        'other.names[0] == "n"',
        'count(k.names) == 1',
        '"n" in k.names',
    ],
)  # fmt: skip
def test_names_mean_what_they_meant(body: str) -> None:
    imports = "package a\n\nimport data.p.k\nimport data.p.k as other\n\n"
    found = ask(f'{imports}g(k) if k == "n"\n\ndeny contains "x" if {{\n\t{body}\n}}\n')
    assert ([r.raw for r in found.results], found.errors) == (["x"], ())


@pytest.mark.parametrize(
    "before",
    ["count(k.names) == 1; k.names == k.names; ", 'json.marshal("<") != sprintf("%v", [json.marshal([">"])]); '],
)
def test_an_error_is_told_at_its_place_in_the_file(before: str) -> None:
    def place(before: str) -> Span:
        text = f'package a\n\nimport data.p.k\n\ndeny contains "x" if {{\n\t{before}to_number(input.text) == 1\n}}\n'
        (error,) = ask(text, b'{"text": "q"}').errors
        assert error.span
        return error.span

    alone = place("")
    assert place(before) == Span("a.rego", 6, alone.column + len(before))


def test_columns_before_within_and_after_what_was_inserted() -> None:
    shifts = {"a.rego": {"3": [(10, 5), (20, 5)]}}
    columns = [moved_back(Span("a.rego", 3, column), shifts).column for column in (1, 9, 10, 14, 15, 16, 25, 30)]
    assert columns == [1, 9, 10, 10, 10, 11, 20, 20]
    assert moved_back(Span("a.rego", 4, 30), shifts) == Span("a.rego", 4, 30)
    assert moved_back(Span("b.rego", 3, 30), shifts) == Span("b.rego", 3, 30)
