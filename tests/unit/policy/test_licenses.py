"""SPDX expressions."""

import pytest

from trueup.policy.licenses import alternatives


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", (("MIT",),)),
        ("MIT OR Apache-2.0", (("Apache-2.0",), ("MIT",))),
        ("MIT AND Apache-2.0", (("Apache-2.0", "MIT"),)),
        ("A OR B AND C", (("A",), ("B", "C"))),
        ("(A OR B) AND C", (("A", "C"), ("B", "C"))),
        ("GPL-2.0-only WITH Classpath-exception-2.0", (("GPL-2.0-only WITH Classpath-exception-2.0",),)),
        ("  LicenseRef-own+  ", (("LicenseRef-own+",),)),
    ],
)
def test_an_expression_gives_its_alternatives(expression: str, expected: tuple[tuple[str, ...], ...]) -> None:
    assert alternatives(expression) == expected


@pytest.mark.parametrize(
    "text", ["", "AND", "MIT AND", "(MIT", "MIT)", "MIT Apache-2.0", "MIT/Apache", "A WITH", "()", "(MIT Apache-2.0)"]
)
def test_what_is_no_expression_gives_none(text: str) -> None:
    assert alternatives(text) is None


def test_an_expression_made_to_explode_gives_none() -> None:
    assert alternatives(" AND ".join(f"(A{i} OR B{i})" for i in range(30))) is None
    assert alternatives("(" * 500 + "MIT" + ")" * 500) is None
