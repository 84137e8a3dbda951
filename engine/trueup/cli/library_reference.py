"""The table of rules in `policies/README.md`, made from what they say of themselves."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from trueup.cli.views.rule_pages import library_table
from trueup.policy.listing import list_rules
from trueup.policy.results import RuleInfo

_TABLE = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- end of rules -->)", re.DOTALL)


def library_page(text: str, rules: Iterable[RuleInfo]) -> str:
    """Return the page with its table made again."""
    listed = list_rules(rules, {}, date.min, None, {})
    table = "\n".join(["", *library_table(listed)])
    return _TABLE.sub(lambda _: f"{table}\n" if not table.endswith("\n") else table, text)


def write_library_page(page: Path) -> None:
    """Write the table of *page* again, when this is a checkout that has it and its rules are sound."""
    from trueup.adapters.policy.bundle import load_library
    from trueup.adapters.policy.embedded.engine import EmbeddedEngine

    if not page.is_file():
        return
    with EmbeddedEngine() as engine:
        described = engine.describe(load_library())
    rules = [r for r in described if isinstance(r, RuleInfo)]
    if len(rules) == len(described):
        page.write_text(library_page(page.read_text(encoding="utf-8"), rules), encoding="utf-8")
