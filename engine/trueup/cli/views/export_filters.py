"""The filters of an audit report: controls that only appear where a browser runs the script, and the script."""

from collections.abc import Iterable, Iterator, Sequence

from trueup.cli.views.page import shown

_SELECTS = (("environment", "Environment"), ("deployment", "Deployment"), ("kind", "What"), ("outcome", "Outcome"))

SCRIPT = """
"use strict";
(() => {
  const bar = document.getElementById("filters");
  const count = document.getElementById("count");
  const text = document.getElementById("filter-text");
  const since = document.getElementById("filter-since");
  const until = document.getElementById("filter-until");
  const selects = [...bar.querySelectorAll("select")];
  const entries = [...document.querySelectorAll("article.entry")].map(
    (node) => ({ node, words: node.textContent.toLowerCase() }));
  const sections = [...document.querySelectorAll("section.timeline")];
  const matches = ({ node, words }, wanted) =>
    wanted.words.every((word) => words.includes(word)) &&
    selects.every((s) => !s.value || node.dataset[s.dataset.field] === s.value) &&
    (!since.value || node.dataset.day >= since.value) &&
    (!until.value || node.dataset.day <= until.value);
  const apply = () => {
    const wanted = { words: text.value.toLowerCase().split(/\\s+/).filter(Boolean) };
    let kept = 0;
    for (const entry of entries) {
      entry.node.hidden = !matches(entry, wanted);
      kept += entry.node.hidden ? 0 : 1;
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("article.entry:not([hidden])");
    }
    count.textContent = kept === entries.length ? `All ${kept} entries are shown.`
      : `${kept} of ${entries.length} entries are shown; the others are filtered out.`;
  };
  bar.addEventListener("input", apply);
  document.getElementById("filter-clear").addEventListener("click", () => {
    for (const control of [text, since, until, ...selects]) control.value = "";
    apply();
  });
  bar.hidden = false;
  apply();
})();
"""
"""What is filtered out is hidden on paper, too, and the count says so."""


def controls(values: dict[str, Sequence[str]]) -> Iterator[str]:
    """Yield the controls; *values* are what can be chosen, by `environment`, `deployment`, `kind` and `outcome`."""
    yield '<div id="filters" class="filters" role="search" aria-label="Filter the timelines" hidden>'
    yield _control("text", "Search", '<input id="filter-text" type="search" autocomplete="off" spellcheck="false">')
    for field, label in _SELECTS:
        yield _control(field, label, _select(field, values.get(field, ())))
    yield _control("since", "From", '<input id="filter-since" type="date">')
    yield _control("until", "To", '<input id="filter-until" type="date">')
    yield '<p><button id="filter-clear" type="button">Clear</button></p>'
    yield '<p id="count" class="count" role="status"></p>'
    yield "</div>"


def _control(field: str, label: str, control: str) -> str:
    return f'<p><label for="filter-{field}">{label}</label>{control}</p>'


def _select(field: str, values: Iterable[str]) -> str:
    options = "".join(f'<option value="{shown(v)}">{shown(v)}</option>' for v in values)
    return f'<select id="filter-{field}" data-field="{field}"><option value="">all</option>{options}</select>'
