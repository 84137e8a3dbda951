"""The comment on a pull request, case by case; `--update-golden` rewrites it and review reads the difference."""

from pathlib import Path

import pytest

from runs_of_ci import RUNS
from trueup.cli.views.ci_comment import LIMITS, comment
from trueup.cli.views.comment_safety import unsafe
from trueup.ports import Provider

PAGES = ("https://github.com/shop/llm/",)


@pytest.mark.parametrize("name", RUNS)
def test_the_comment_reads_as_reviewed(name: str, update_golden: bool) -> None:
    text = comment(RUNS[name]())
    file = Path(__file__).parent / f"{name}.md"
    if update_golden:
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()


@pytest.mark.parametrize("name", RUNS)
def test_what_is_reviewed_is_safe_to_post_and_within_the_limit(name: str) -> None:
    text = comment(RUNS[name]())
    assert unsafe(text, PAGES) == []
    assert len(text.encode()) <= LIMITS[Provider.GITHUB]
