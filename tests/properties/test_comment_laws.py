"""Laws of the comment on a pull request: whatever the values are, it fits, it closes what it opens, and it is text."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from runs_of_ci import planned, run_of
from states import NOON, Want, applied, desired, nothing
from trueup.cli.views.ci_comment import MADE, comment, summary
from trueup.cli.views.ci_findings import findings
from trueup.cli.views.ci_json import dotenv, output_lines, outputs
from trueup.cli.views.ci_report import CiReport, EnvironmentReport
from trueup.cli.views.comment_safety import unsafe
from trueup.cli.views.github import github
from trueup.core.diagnostics import Code, Diagnostic, Severity, Span
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.observed.state import Hold
from trueup.policy.decision import Decision, Enforcement, EngineError, Outcome, Violation
from trueup.workflows.commenting import said_in

PAGES = ("https://github.com/shop/llm/",)
PIECES = (
    "@everyone", "@a/b", "#1", "a#1", "!2", "~x", "GH-3", "```", "````", "`", "``", "|", "\\", "\n", "\r\n", "\t",
    "    ",
    "</details>", "<details>", "<summary>", "<script>", "<!--", "-->", "<b>", "[x](http://e.example)", "![i](//e)", "[",
    "](", "http://e.example", "www.e.example", "::error::x", "::set-output name=x::y", "::add-mask::a", "##[error]x",
    "##vso[task.setvariable variable=x]y", "&#64;all", "&commat;all", "&lt;", "> q", "- i", "# h", "---", "***", "~~~",
    "/close", "\x1b[31m", "\x00", "\u202e", "\u200b", "\u2028", "\U0001f600",
    "\u00e9", "word", " ", "0", "_", "*", "\"", "'", "$x$", ":smile:", "sk-" + "a1B2" * 8,
)  # fmt: skip
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text(max_size=20))
long_texts = st.builds(lambda text, count: text * count, texts, st.sampled_from((1, 1, 1, 40, 400)))
spans = st.none() | st.builds(Span, texts, st.integers(0, 9), st.integers(0, 9))
violations = st.builds(
    Violation,
    rule=texts,
    title=texts,
    severity=st.sampled_from(["critical", "high", "medium", "low"]),
    enforcement=st.sampled_from(Enforcement),
    address=texts,
    path=st.just(("spec",)),
    message=long_texts,
    remediation=texts,
    span=spans,
    excepted_by=st.just("") | texts,
)
diagnostics = st.builds(
    Diagnostic,
    st.builds(Code, st.just("X001"), texts, texts, texts),
    long_texts,
    spans,
    texts,
    st.sampled_from(Severity),
)


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    errors = tuple(EngineError(m, s) for m, s in draw(st.lists(st.tuples(texts, spans), max_size=2)))
    found = tuple(draw(st.lists(violations, max_size=6)))
    denies = any(v.enforcement is Enforcement.DENY and not v.excepted_by for v in found)
    outcome = Outcome.ERROR if errors else Outcome.DENY if denies else Outcome.ALLOW
    return Decision(outcome, found, errors, digest_of("bundle"), digest_of("input"), "regorus 0.13", ("A-1",))


@st.composite
def environments(draw: st.DrawFn) -> EnvironmentReport:
    kind, name = draw(st.sampled_from(["planned", "planned", "invalid", "failed"])), draw(texts.filter(bool))
    if kind != "planned":
        problems = tuple(draw(st.lists(diagnostics, min_size=1, max_size=3)))
        return EnvironmentReport(name, draw(texts), problems=problems, is_failure=kind == "failed")
    tier = draw(st.sampled_from(["dev", "prod"]))
    wants = [
        Want(
            environment=tier,
            name=f"{draw(texts)}{n}",
            text=draw(long_texts) or "x",
            annotations={draw(texts): draw(texts)},
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    state = desired(*wants) if wants else desired(Want(environment=tier))
    before = nothing(tier) if draw(st.booleans()) else applied(desired(Want(environment=tier)))
    hold = Hold(tier, ResourceId("Deployment", draw(texts)), digest_of("r"), draw(texts), draw(texts), NOON)
    before = replace(before, holds=(hold,) if draw(st.booleans()) else ())
    return planned((state, before, draw(decisions())), name)


@st.composite
def runs(draw: st.DrawFn) -> CiReport:
    report = run_of(
        *draw(st.lists(environments(), max_size=4)),
        project=draw(texts),
        untouched=tuple(draw(st.lists(texts, max_size=3))),
        gone=tuple(draw(st.lists(texts, max_size=2))),
        failures=tuple(draw(st.lists(diagnostics, max_size=2))),
        diagnostics=tuple(draw(st.lists(diagnostics, max_size=2))),
        measured=draw(st.dictionaries(texts, st.booleans(), max_size=2)),
        notes=tuple(draw(st.lists(texts, max_size=2))),
    )
    return replace(report, where=replace(report.where, base=draw(texts), branch=draw(texts)))


TAGS = {"details", "summary", "del", "ins", "br"}
RAW = re.compile(r"\bGH-\d|(?<![A-Za-z0-9])@\w|[#!](?=\w)|://|(?<![A-Za-z0-9])www\.", re.IGNORECASE)


def leaves(tokens: list[Token]) -> list[Token]:
    return [leaf for token in tokens for leaf in ([token, *leaves(token.children)] if token.children else [token])]


def check(body: str, limit: int) -> None:
    """Hold *body* to what another reader of markdown, which is not ours, makes of it."""
    assert len(body.encode()) <= limit
    tokens = leaves(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(body))
    html = "".join(t.content for t in tokens if t.type in ("html_block", "html_inline"))
    assert set(re.findall(r"</?(\w+)", html.replace("<!--", ""))) <= TAGS
    assert html.count("<details>") == html.count("</details>")
    assert html.count("<!--") == body.startswith("<!-- trueup:ci:")
    # What markdown is done with is what forges look for names in; nobody looks into code.
    words = [t.content for t in tokens if t.type in ("text", "text_special")]
    shown = "\n".join([*words, unescape(re.sub(r"<!-- trueup:\S+ -->", "", html))])
    found = RAW.search(shown)
    assert found is None, shown[max(0, found.start() - 60) : found.end() + 60]
    links = [t.attrs.get("href") or t.attrs.get("src") for t in tokens if t.type in ("link_open", "image")]
    assert all(str(link).startswith(PAGES) for link in links)
    assert len(links) <= 1


@settings(max_examples=150)
@given(runs(), st.sampled_from([6_000, 9_000, 32_768, 60_000]))
def test_the_comment_fits_and_is_nothing_but_text(report: CiReport, limit: int) -> None:
    body = comment(report, limit)
    check(body, limit)
    assert unsafe(body, PAGES) == []


@settings(max_examples=40)
@given(runs(), st.sampled_from([6_000, 1_000_000]))
def test_the_summary_fits_and_is_nothing_but_text(report: CiReport, limit: int) -> None:
    check(summary(report, limit), limit)


@settings(max_examples=60)
@given(runs())
def test_the_verdict_stands_first_and_time_alone_makes_no_other_comment(report: CiReport) -> None:
    body = comment(report)
    assert report.verdict in body.split("\n")[1]
    later = comment(replace(report, made_at=report.made_at + timedelta(days=2)))
    assert later != body
    assert said_in(later, MADE) == said_in(body.replace("\n", "\r\n"), MADE)


@settings(max_examples=60)
@given(runs())
def test_no_value_makes_another_command_or_output(report: CiReport) -> None:
    listed = github(findings(report), report.summary).split("\n")
    assert all(re.match(r"::(error|warning|notice) (title|file)=", line) for line in listed if line.startswith("::"))
    assert max(sum(line.startswith(f"::{kind} ") for line in listed) for kind in ("error", "warning", "notice")) <= 10
    values = outputs(report, 3, "/tmp/a\nb=c")
    assert len(output_lines(values).splitlines()) == len(values)
    assert all(re.match(r"TRUEUP_[A-Z_]+=", line) for line in dotenv(values).splitlines())
