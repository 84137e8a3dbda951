"""Where a run stands, for the variables that each CI system documents; `--update-golden` rewrites what is expected."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from trueup.adapters.pipelines.finding import where

CASES = sorted(p.parent for p in Path(__file__).parent.glob("*/input.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_the_variables_tell_where_the_run_stands(case: Path, update_golden: bool) -> None:
    given = json.loads((case / "input.json").read_text())
    found = json.dumps(asdict(where(given["variables"], given["event"])), indent=2) + "\n"
    if update_golden:
        (case / "expected.json").write_text(found)
    assert found == (case / "expected.json").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_no_text_has_a_line_end_or_a_space(case: Path) -> None:
    given = json.loads((case / "input.json").read_text())
    texts = [v for v in asdict(where(given["variables"], given["event"])).values() if isinstance(v, str)]
    assert not [t for t in texts if any(c.isspace() or not c.isprintable() for c in t)]


def test_every_provider_has_a_case() -> None:
    found = {json.loads((c / "expected.json").read_text())["provider"] for c in CASES}
    assert found == {"github", "gitlab", "bitbucket", "azure", "jenkins", "git"}
