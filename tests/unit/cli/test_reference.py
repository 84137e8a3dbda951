"""The generated pages are what the code says, and every code is on them once."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import trueup
from trueup.cli.error_reference import SOURCES, codes, errors_page
from trueup.cli.json_reference import json_page
from trueup.cli.metric_reference import metrics_page
from trueup.cli.reference import cli_page, write
from trueup.cli.traffic_metric_reference import traffic_metrics_table, with_traffic_metrics
from trueup.core.diagnostics import Code

DOCS = Path(__file__).parents[3] / "docs"
PACKAGE = Path(trueup.__file__).parent


@pytest.mark.parametrize(
    ("page", "make"),
    [
        ("reference/cli.md", cli_page),
        ("reference/json.md", json_page),
        ("reference/metrics.md", metrics_page),
        ("errors.md", errors_page),
    ],
)
def test_the_committed_page_is_what_the_code_says(page: str, make: object) -> None:
    assert callable(make)
    assert (DOCS / page).read_text(encoding="utf-8") == make(), "run `make docs`"


def test_writing_the_pages_makes_their_folder(tmp_path: Path) -> None:
    write(tmp_path)
    assert (tmp_path / "reference" / "cli.md").read_text(encoding="utf-8") == cli_page()


def test_the_page_of_rollouts_has_every_metric() -> None:
    page = (DOCS / "rollouts.md").read_text(encoding="utf-8")
    assert traffic_metrics_table() in page, "run `make docs`"
    assert with_traffic_metrics(page) == page


def test_the_table_of_metrics_is_written_again_where_it_is(tmp_path: Path) -> None:
    page = tmp_path / "rollouts.md"
    page.write_text("before\n<!-- metrics: begin -->\nold\n<!-- metrics: end -->\nafter\n", encoding="utf-8")
    write(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert traffic_metrics_table() in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


def test_every_module_of_codes_is_on_the_page() -> None:
    found = {
        "trueup." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("codes.py")
    }
    assert found <= {module for _, module in SOURCES}


def test_no_two_codes_share_an_id() -> None:
    counted = Counter(code.id for _, code in codes())
    assert [id_ for id_, number in counted.items() if number > 1] == []


@pytest.mark.parametrize("module", [module for _, module in SOURCES])
def test_every_constant_of_a_module_is_in_its_tuple(module: str) -> None:
    names = vars(import_module(module))
    assert {v.id for v in names.values() if isinstance(v, Code)} == {c.id for c in names["CODES"]}


def test_every_code_says_what_it_is_why_and_what_to_do() -> None:
    for _, code in codes():
        assert code.id.isalnum(), code
        assert code.id.isupper(), code
        assert not code.summary.endswith("."), code
        assert code.explanation.endswith((".", "?", ")", "`")), code
        assert code.remedy.endswith((".", "?", ")", "`")), code
