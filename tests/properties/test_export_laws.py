"""Laws of an audit export: whatever somebody wrote, nothing of it becomes a formula, markup, a line or a command."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from documented import MODEL, declared, facts
from exported import drafts, entries, header, hostile, judged
from trueup.cli.output import Format, Style
from trueup.cli.views import export_csv, export_html, export_ndjson
from trueup.cli.views.document import render
from trueup.ledger.documents.annex_iv import annex_iv
from trueup.ledger.documents.drafts import Facts
from trueup.ledger.documents.model_card import model_card
from trueup.ledger.export.entry import Entry

DELIMITERS = ",;\t|"
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_SIGNS = [
    "=",
    "+",
    "-",
    "@",
    "\uff1d",
    '"',
    "'",
    ";",
    ",",
    "|",
    "\t",
    "\r",
    "\n",
    "\u2028",
    "\x00",
    "\x1b[2J",
    "\u202e",
]
_MARKUP = ["<script>", "</script>", "<b>", "&amp;", "]]>", "-->", "`", "```", "[x](https://evil.example)", "![", "@ada"]
_REST = [
    "#1",
    "::",
    "##[error]",
    "https://evil.example",
    "|a|",
    "\n---\n",
    "\n# x",
    "{{",
    "1+1",
    "cmd|' /C calc'!A0",
    " ",
    "a",
]
PIECES = st.sampled_from([*_SIGNS, *_MARKUP, *_REST])
texts = st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=20))


def entries_with(text: str) -> list[Entry]:
    """Return entries in which everything that somebody chose is *text*."""
    found = entries(drafts(judged(text, text), text))
    return [_replaced(entry, text) for entry in found]


def _replaced(entry: Entry, text: str) -> Entry:
    return replace(entry, actor=text, environment=text, note=text, deployments=(text,), resources=(text, text))


def csv_of(found: list[Entry]) -> str:
    return "".join(export_csv.rows(header(), found))


@given(texts)
def test_no_cell_begins_a_formula_whatever_separator_a_program_takes(text: str) -> None:
    made = csv_of(entries_with(text))
    for delimiter in DELIMITERS:
        for row in csv.reader(io.StringIO(made, newline=""), delimiter=delimiter):
            for cell in row:
                assert not cell.strip(" \t\"'").startswith(FORMULA) or cell.lstrip(' \t"').startswith("'"), cell


@given(texts)
def test_a_table_has_one_line_and_as_many_cells_for_every_row(text: str) -> None:
    found = entries_with(text)
    made = csv_of(found)
    assert made.count("\r\n") == made.count("\n") == made.count("\r") == len(found) + 1
    rows = list(csv.reader(io.StringIO(made, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(export_csv.COLUMNS)}


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1))
def test_harmless_text_stays_as_it_is_in_a_table(text: str) -> None:
    assert export_csv.safe(text) == text


@given(texts)
def test_a_line_of_json_is_one_line_that_says_what_was_said_and_has_its_schema(text: str) -> None:
    found = entries_with(text)
    lines = list(export_ndjson.lines(header(), found))
    assert all(line.endswith("\n") and len(line.splitlines()) == 1 for line in lines)
    first, *others, last = map(json.loads, lines)
    assert [o["actor"] for o in others] == [text] * len(found)
    assert (first["type"], last["type"], last["entries"]) == ("export", "end", len(found))


def test_every_line_has_the_published_schema_and_one_without_a_key_has_not() -> None:
    validator = Draft202012Validator(export_ndjson.export_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for found in (entries(drafts()), hostile()):
        for line in map(json.loads, export_ndjson.lines(header(), found)):
            validator.validate(line)
            for key in line:
                assert not validator.is_valid({k: v for k, v in line.items() if k != key})


class Structure(HTMLParser):
    """The tags of a page with their attributes' names, and every attribute that could act."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.acting: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.acting += [n for n, v in attrs if n.startswith("on") or n in {"src", "style", "srcdoc", "action"}]
        self.acting += [v or "" for n, v in attrs if n == "href" and not (v or "").startswith("#")]

    def handle_comment(self, data: str) -> None:
        self.acting.append(f"comment {data}")


def shape(text: str) -> set[tuple[str, tuple[str, ...]]]:
    return set(Structure(text).tags)


PLAIN = shape(export_html.render(header(), entries_with("a")))


@given(texts)
def test_a_page_has_the_markup_of_a_harmless_one_and_nothing_that_acts(text: str) -> None:
    page = export_html.render(header(), entries_with(text))
    assert Structure(page).acting == []
    # Fewer parts when a text is empty, never another one.
    assert shape(page) <= PLAIN
    assert page.count("<script>") == 1
    assert not re.search(r"^\s*::|##\[", page.replace(export_html.SCRIPT, ""), re.MULTILINE)


@given(texts)
def test_ids_are_unique_and_every_link_leads_somewhere(text: str) -> None:
    page = export_html.render(header(), entries_with(text))
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", found) for found in ids)


def facts_with(text: str, subject: str) -> Facts:
    """Return facts in which everything that is declared is *text*."""
    able = {"capabilities": {"languages": [text]}, "licenses": [text], "licenseName": text}
    model = declared("Model", MODEL, {"vendor": text, "card": text, "task": text, **able}, **{text: text})
    system = declared("System", "System/support", {"intendedPurpose": text, "standards": [text]})
    return facts(bare=True, subject=subject, declared=(model, system), changes=tuple(entries_with(text)))


@settings(max_examples=40)
@given(texts)
def test_a_drafted_document_has_no_markup_but_its_own(text: str) -> None:
    for draft, subject in ((annex_iv, "System/support"), (model_card, MODEL)):
        dossier = draft(facts_with(text, subject))
        plain = draft(facts_with("a", subject))
        page, harmless = (render(d, Format.HTML, Style(), 80) for d in (dossier, plain))
        assert Structure(page).acting == []
        assert shape(page) <= shape(harmless) | {("li", ("class",)), ("strong", ("class",))}
        body = render(dossier, Format.MARKDOWN, Style(), 80).split("---\n", 2)[-1]
        made = MarkdownIt("commonmark", {"html": True}).parse(body)
        kinds = {t.type for t in made} | {c.type for t in made for c in t.children or ()}
        assert not kinds & {"html_block", "html_inline", "link_open", "image", "hr", "fence", "code_block"}


@given(texts)
def test_front_matter_is_yaml_that_says_what_was_declared(text: str) -> None:
    dossier = model_card(facts_with(text, MODEL))
    _, front, _ = render(dossier, Format.MARKDOWN, Style(), 80).split("---\n", 2)
    read = yaml.safe_load(front) or {}
    assert set(read) == {key for key, _ in dossier.front}
