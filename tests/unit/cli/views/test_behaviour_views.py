"""Views of behaviour diffs: what must hold of every one. What they look like is in `tests/golden/behaviour`."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import jsonschema
import pytest
from markdown_it import MarkdownIt

from behaviours import HOSTILE, KEY, diff, evaluated, hostile, ordinary, scripts, unknown, withheld
from runs import answer, evidence
from states import NOON, Want, applied, desired
from trueup.cli.output import Format, Style
from trueup.cli.views.behaviour_words import change_line, cut_note, headline, metric_cells, number, usage_cells
from trueup.cli.views.page import DARK, LIGHT, shown, text_page
from trueup.cli.views.plan import render
from trueup.cli.views.plan_markdown import LARGEST_COMMENT_BYTES
from trueup.cli.views.plan_report import PlanReport, report_of
from trueup.cli.views.text import width_of
from trueup.core.digests import digest_of
from trueup.diff.behaviour.answers import Excerpt
from trueup.diff.behaviour.behaviour import BehaviourDiff, Side, Terms, evaluation_diff
from trueup.diff.behaviour.metrics import MetricRow, NormalDeltas, Outcome
from trueup.diff.behaviour.usage import UsageRow
from trueup.diff.compare import diff as changes_of
from trueup.plan.build import build_plan
from trueup.plan.saved import save_plan
from trueup.plan.schema import plan_json_schema

ALL = {"ordinary": ordinary, "unknown": unknown, "hostile": hostile, "scripts": scripts, "withheld": withheld}
every_case = pytest.mark.parametrize("name", ALL)
TAGS = frozenset(re.findall(r"\w+", """
    html head meta title style body header h1 h2 h3 h4 h5 p code main section div table caption thead tbody tr th td
    article details summary span strong del ins footer
"""))  # fmt: skip
ATTRIBUTES = frozenset(re.findall(r"\S+", """
    lang charset http-equiv content name class role tabindex aria-label scope open dir
"""))  # fmt: skip


def report(behaviour: tuple[BehaviourDiff, ...] | None) -> PlanReport:
    state, observed = desired(Want(prompt="support@2")), applied(desired(Want()))
    plan = build_plan(state, observed, changes_of(state, observed), digest_of("policies"), "trueup 0.1.0", NOON)
    made = report_of(save_plan(plan, state, observed, None, NOON))
    assert isinstance(made, PlanReport)
    return replace(made, behaviour=behaviour)


def rendered(behaviour: tuple[BehaviourDiff, ...] | None, output: Format, *, colour: bool = False, width: int = 100):
    return render(report(behaviour), output, Style(colour), width)


class Page(HTMLParser):
    """What a browser would make of it, as far as safety and structure go."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text: list[str] = []
        self.headings: list[int] = []
        self.problems: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"comment {data}")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


@every_case
def test_the_page_has_no_markup_but_its_own(name: str) -> None:
    page = Page(rendered(ALL[name](), Format.HTML))
    assert set(page.tags) <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert (page.problems, page.open) == ([], [])


@every_case
def test_the_page_is_one_file_that_may_load_and_run_nothing(name: str) -> None:
    text = rendered(ALL[name](), Format.HTML)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in text
    assert not re.search(r"url\(|@import|<(script|link|img|iframe|object|form)\b", text)
    assert " style=" not in text


@every_case
def test_headings_go_down_by_one_step_at_a_time(name: str) -> None:
    headings = Page(rendered(ALL[name](), Format.HTML)).headings
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_tables_have_captions_and_scopes_and_changes_are_told_without_colour() -> None:
    text = rendered(ordinary(), Format.HTML)
    assert text.count("<table>") == text.count("<caption>") == 3
    assert re.search('<th scope="col">metric</th>', text)
    assert re.search('<th scope="row">exact_match', text)
    assert '<del><span class="unseen">removed: </span>Tokyo<span class="unseen"> (end)</span></del>' in text
    assert '<ins><span class="unseen">added: </span>Kyoto, of course' in text
    for rule in (
        "text-decoration:line-through",
        "text-decoration:underline",
        "prefers-color-scheme:dark",
        "@media print",
    ):
        assert rule in text


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        *((ink, paper, 4.5) for ink in ("ink", "quiet", "link", "bad", "good", "care") for paper in ("paper", "panel")),
        ("removed-ink", "removed", 4.5),
        ("added-ink", "added", 4.5),
        ("line", "paper", 3.0),
    ],
)
def test_text_stands_out_from_its_background(theme: dict[str, str], ink: str, paper: str, least: float) -> None:
    high, low = sorted((luminance(theme[ink]), luminance(theme[paper])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= least


def test_answers_in_any_script_keep_their_direction_and_their_letters() -> None:
    text = rendered(scripts(), Format.HTML)
    assert text.count('class="answer" dir="auto"') == 2 * text.count("<article>")
    assert "\U0001f468\u200d\U0001f469\u200d\U0001f467" in text
    assert "عاصمة اليابان هي" in text


def test_a_joiner_that_is_all_that_differs_is_spelled_out() -> None:
    text = rendered(scripts(), Format.HTML)
    assert "\\u200c" in text
    assert "می\u200cشود" not in text


def test_white_space_that_is_all_that_differs_is_shown() -> None:
    text = rendered(scripts(), Format.HTML)
    assert '<del><span class="unseen">removed: </span>\\n<' in text
    assert '<ins><span class="unseen">added: </span>\u2423<' in text


@pytest.mark.parametrize("output", [Format.TEXT, Format.MARKDOWN, Format.HTML])
def test_what_an_answer_does_to_a_reader_is_nothing(output: Format) -> None:
    text = rendered(hostile(), output)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "##[error]" not in text
    assert KEY not in text


def test_no_answer_becomes_markup_of_a_comment() -> None:
    text = rendered(hostile(), Format.MARKDOWN)
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    tags = set(re.findall(r"</?([a-z0-9]+)", html))
    assert tags <= {"p", "ul", "li", "strong", "code", "pre", "details", "summary", "table", "thead", "tbody", "tr",
                    "th", "td", "del", "ins", "br", "h3", "em"}  # fmt: skip
    assert html.count("<details>") == html.count("</details>") == text.count("\n<details>")
    outside_code = re.sub(r"<code.*?</code>", "", html, flags=re.DOTALL)
    assert "@acme" not in outside_code
    assert "onerror=" not in re.sub(r"&[^;]+;", "", re.sub(">[^<]*<", "><", html))


def test_what_broke_stands_outside_any_fold_and_all_else_inside() -> None:
    text = rendered(ordinary(), Format.MARKDOWN)
    outside = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert "Kyoto" in outside
    assert "I cannot say." in outside
    assert "Nairobi" not in outside
    assert "Nairobi" in text


def test_a_metric_that_regressed_stands_outside_any_fold() -> None:
    old = [answer(str(i), "a") for i in range(60)]
    new = [answer(str(i), "b", 0.0) for i in range(60)]
    text = rendered((diff(evaluated(old, new, limit=1)),), Format.MARKDOWN)
    outside = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert "`!` regressed: exact&#95;match &#40;ratio&#41; 1 -&gt; 0" in outside
    assert "and 59 more from pass to fail" in outside


def test_of_what_broke_a_comment_shows_five_outside_folds_for_all_deployments_together() -> None:
    old = [answer(str(i), "a") for i in range(9)]
    new = [answer(str(i), "b", 0.0) for i in range(9)]
    text = rendered((diff(evaluated(old, new)), diff(evaluated(old, new))), Format.MARKDOWN)
    outside = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert outside.count("`a` -&gt; `b`") == 5
    assert "and 4 more from pass to fail" in outside


def test_a_comment_fits_a_forge_however_much_changed() -> None:
    old = [answer(f"{i}", "word " * 900, asked="q" * 3000) for i in range(300)]
    new = [answer(f"{i}", "other " * 900, 0.0, asked="q" * 3000) for i in range(300)]
    text = rendered((diff(evaluated(old, new, limit=40)),) * 3, Format.MARKDOWN)
    assert len(text.encode()) <= LARGEST_COMMENT_BYTES
    assert "300 from pass to fail" in text


@every_case
@pytest.mark.parametrize("width", [40, 100])
def test_lines_of_the_terminal_fit_but_for_words_and_tables(name: str, width: int) -> None:
    text = rendered(ALL[name](), Format.TEXT, width=width)
    paragraphs = [line for line in text.splitlines() if "  " not in line.strip()]
    assert all(width_of(line) <= width or " " not in line.strip() for line in paragraphs)


@every_case
def test_colour_only_repeats_what_is_said(name: str) -> None:
    plain = rendered(ALL[name](), Format.TEXT)
    painted = rendered(ALL[name](), Format.TEXT, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


@pytest.mark.parametrize("output", [Format.TEXT, Format.MARKDOWN, Format.HTML])
def test_what_is_not_known_never_reads_like_no_change(output: Format) -> None:
    text = rendered(unknown(), output)
    words = re.sub(r"&#\d+;|[`*]", "", re.sub("<style>.*</style>", "", text, flags=re.DOTALL))
    assert "not known for 1 evaluation" in words.casefold()
    assert "nobody knows what changes" in words
    assert "not measured" in words.casefold()
    assert "0 of" not in words
    assert "the same" not in words


@pytest.mark.parametrize("output", [Format.TEXT, Format.MARKDOWN, Format.HTML])
def test_a_plan_that_moves_no_release_says_so(output: Format) -> None:
    assert "every planned deployment serves as planned" in rendered((), output)


def test_behaviour_that_was_not_asked_for_is_not_spoken_of() -> None:
    for output in (Format.TEXT, Format.MARKDOWN):
        assert "ehaviour" not in rendered(None, output)
    assert "Behaviour was not asked for" in rendered(None, Format.HTML)


@every_case
def test_behaviour_for_programs_has_its_schema(name: str) -> None:
    document = json.loads(rendered(ALL[name](), Format.JSON))
    jsonschema.Draft202012Validator(plan_json_schema()).validate(document)
    assert len(document["behaviour"]) == len(ALL[name]())
    lines = [json.loads(line) for line in rendered(ALL[name](), Format.NDJSON).splitlines()]
    assert [v["deployment"] for v in lines if v["type"] == "behaviour"] == [d.deployment for d in ALL[name]()]
    assert lines[0]["behaviour"] == []


def test_programs_can_tell_what_was_not_asked_from_what_does_not_change() -> None:
    for behaviour, expected in (((), []), (None, None)):
        assert json.loads(rendered(behaviour, Format.JSON))["behaviour"] == expected
        assert json.loads(rendered(behaviour, Format.NDJSON).splitlines()[0])["behaviour"] == expected


def test_texts_that_are_not_kept_are_called_so() -> None:
    for output in (Format.TEXT, Format.MARKDOWN, Format.HTML):
        assert "(not kept)" in rendered(withheld(), output).replace("&#40;", "(").replace("&#41;", ")")
    assert "(empty)" in rendered(scripts(), Format.TEXT)


def test_a_score_that_changed_under_the_same_answer_is_explained() -> None:
    text = rendered((diff(evaluated([answer("a", "x")], [answer("a", "x", 0.0)])),), Format.TEXT)
    assert "The answer is the same; its scores are not." in text


def test_how_much_of_an_answer_is_not_shown_is_said() -> None:
    old, new = [answer("a", "x " * 3000, asked="q" * 500)], [answer("a", "x " * 2000 + "y " * 1000, asked="q" * 500)]
    made = (diff(evaluated(old, new)),)
    for output in (Format.TEXT, Format.MARKDOWN, Format.HTML):
        assert "characters before" in rendered(made, output)
    assert "(100 characters after not shown)" in rendered(made, Format.HTML)
    assert cut_note(Excerpt("x", 1, 2)) == "1 character before and 2 characters after not shown"
    assert cut_note(Excerpt("x")) == ""


def test_numbers_and_what_is_not_known_read_the_same_everywhere() -> None:
    assert [number(v) for v in (None, 0.86441, 3, 12_345.6, -0.5)] == ["not known", "0.8644", "3", "12,346", "-0.5"]
    row = MetricRow("f1", "", "", 0.5, 0.25, -0.25, (-0.5, 0.0), 9, Outcome.NO_WORSE)
    assert metric_cells(row) == ["f1", "0.5", "0.25", "-0.25 (-0.5 to 0)", "no worse"]
    assert metric_cells(replace(row, delta=None))[3] == "not known"
    few = replace(row, outcome=Outcome.NOT_ENOUGH, more_samples=212)
    assert metric_cells(few)[4] == "not enough evidence: 212 more examples"
    assert metric_cells(replace(few, more_samples=1))[4] == "not enough evidence: 1 more example"
    assert usage_cells(UsageRow("cost_per_1000", "", 1.0, 1.5)) == ["cost of 1,000 requests", "1", "1.5", "+50.0%"]


def test_an_example_that_was_asked_again_says_which_time() -> None:
    made = evaluated([answer("a", "x", epoch=2)], [answer("a", "y", epoch=2)])
    assert change_line(made.changes[0]) == "a, time 3"


def test_the_headline_counts_what_could_not_be_compared_beside_what_could() -> None:
    known = evaluated([answer("a", "x")], [answer("a", "y")])
    missing = evaluation_diff("Evaluation/tone@1", Side(), Side(evidence()), Terms(deltas=NormalDeltas()))
    assert headline(diff(known, missing)) == (
        "0 from pass to fail, 0 from fail to pass, 1 of 1 examples changed, not known for 1 evaluation"
    )


@pytest.mark.parametrize("text", [*HOSTILE, "a::b", "#[x", "\ud800"])
def test_text_of_a_page_is_only_text(text: str) -> None:
    page = Page(f"<p>{shown(text)}</p>")
    assert page.tags == ["p"]
    assert "::" not in shown(text)


def test_a_page_of_plain_text_has_its_lines() -> None:
    page = Page(text_page("Two <problems>", "one\ntwo"))
    assert page.tags.count("p") == 2
    assert "Two <problems>" in page.text
