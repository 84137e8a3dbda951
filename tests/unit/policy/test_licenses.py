"""SPDX expressions."""

import subprocess
import sys

import pytest

from trueup.policy.licenses import alternatives


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", (("MIT",),)),
        ("MIT OR Apache-2.0", (("Apache-2.0",), ("MIT",))),
        ("MIT AND Apache-2.0", (("Apache-2.0", "MIT"),)),
        ("MIT OR ISC AND Zlib", (("ISC", "Zlib"), ("MIT",))),
        ("(MIT OR ISC) AND Zlib", (("ISC", "Zlib"), ("MIT", "Zlib"))),
        ("MIT AND (ISC OR (Zlib AND 0BSD))", (("0BSD", "MIT", "Zlib"), ("ISC", "MIT"))),
        ("GPL-2.0-only WITH Classpath-exception-2.0", (("GPL-2.0-only WITH Classpath-exception-2.0",),)),
        ("Apache-2.0+", (("Apache-2.0+",),)),
        ("Apache-2.0 WITH AdditionRef-ours", (("Apache-2.0 WITH AdditionRef-ours",),)),
    ],
)
def test_an_expression_gives_its_alternatives(expression: str, expected: tuple[tuple[str, ...], ...]) -> None:
    assert alternatives(expression) == expected


@pytest.mark.parametrize(
    ("written", "meant"), [("mit", "MIT"), ("GPL-2.0", "GPL-2.0-only"), ("GPL-2.0+", "GPL-2.0-or-later")]
)
def test_ids_come_in_the_spelling_of_the_list(written: str, meant: str) -> None:
    assert alternatives(written) == ((meant,),)


@pytest.mark.parametrize("own", ["LicenseRef-ours", "LicenseRef-MIT-Bootstrap", "DocumentRef-theirs:LicenseRef-x.1"])
def test_a_licence_of_ones_own_stands_for_itself(own: str) -> None:
    assert alternatives(f"  {own} ") == ((own,),)
    assert alternatives(f"{own} OR MIT") == tuple(sorted([(own,), ("MIT",)]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AND",
        "MIT AND",
        "(MIT",
        "MIT)",
        "MIT Apache-2.0",
        "MIT/Apache",
        "MIT WITH",
        "()",
        "MIT AND ()",
        "(MIT Apache-2.0)",
        "MIT WITH Apache-2.0",
        "MIT WITH Nothing-exception",
        "Classpath-exception-2.0",
        "LicenseRef-own+",
        "LicenseRef-",
        "licenseref-own",
    ],
)
def test_what_is_no_expression_gives_none(text: str) -> None:
    assert alternatives(text) is None


@pytest.mark.parametrize("text", ["other", "NONE", "NOASSERTION", "MIT OR llama3", "MIT AND unknown-1.0"])
def test_an_id_that_is_not_on_the_list_makes_it_no_expression(text: str) -> None:
    assert alternatives(text) is None


def test_an_expression_made_to_explode_gives_none() -> None:
    assert alternatives(" AND ".join(f"(MIT OR LicenseRef-{i})" for i in range(30))) is None
    assert alternatives(" OR ".join(f"LicenseRef-{i}" for i in range(65))) is None
    assert alternatives("(" * 500 + "MIT" + ")" * 500) is None


def test_a_common_licence_does_not_pay_for_the_list() -> None:
    script = "import sys; from trueup.policy.licenses import alternatives as a; a(' Apache-2.0 ');"
    ran = subprocess.run(
        [sys.executable, "-c", script + "print('license_expression' in sys.modules)"], capture_output=True, check=True
    )
    assert ran.stdout.strip() == b"False"
