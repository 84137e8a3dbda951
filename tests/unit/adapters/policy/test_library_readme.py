"""The table of the library's README is made from METADATA; `make docs` writes it again."""

from pathlib import Path

from trueup.adapters.policy.bundle import load_library
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.cli.library_reference import library_page
from trueup.policy.results import RuleInfo

README = Path(__file__).parents[4] / "policies/README.md"


def test_the_librarys_table_is_in_step_with_what_rules_say_of_themselves(engine: EmbeddedEngine) -> None:
    described = engine.describe(load_library())
    rules = [r for r in described if isinstance(r, RuleInfo)]
    assert len(rules) == len(described), described
    text = README.read_text()
    assert library_page(text, rules) == text, "run `make docs`"


def test_every_rule_has_a_row_and_what_is_around_the_table_stays(engine: EmbeddedEngine) -> None:
    rules = [r for r in engine.describe(load_library()) if isinstance(r, RuleInfo)]
    page = library_page("# Before\n\n<!-- rules -->\n| replaced |\n<!-- end of rules -->\n\nAfter\n", rules)
    assert page.startswith("# Before\n")
    assert page.endswith("\nAfter\n")
    assert "replaced" not in page
    assert all(f"[{r.id}](" in page for r in rules)
