"""One file of every layout that people and programs leave, edited in several places; and what is refused.

`tests/golden/edits/<case>.json` has the lines of the file before, the edits, and the lines after, with their line ends.
"""

import json
import re
from pathlib import Path

import pytest

from trueup.core.diagnostics import Diagnostic
from trueup.spec.yaml import codes
from trueup.spec.yaml.edit import Add, Append, Edit, Insert, Put, Remove, Set, edit

GOLDEN = Path(__file__).parents[3] / "golden" / "edits"
KINDS = {kind.__name__: kind for kind in (Set, Add, Put, Insert, Append, Remove)}


def test_there_are_cases() -> None:
    assert len(list(GOLDEN.glob("*.json"))) > 30


@pytest.mark.parametrize("case", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_edits_change_their_places_and_nothing_else(case: Path, update_golden: bool) -> None:
    told = json.loads(case.read_text(encoding="utf-8"))
    changes = [KINDS[c.pop("do")](tuple(c.pop("path")), **c) for c in [dict(c) for c in told["edits"]]]
    edited = edit("".join(told["before"]).encode(), changes)
    assert isinstance(edited, bytes)
    after = re.findall(r"[^\n]*\n|[^\n]+$", edited.decode())
    if update_golden:
        rows = {key: ",\n".join("  " + json.dumps(row) for row in told[key]) for key in ("before", "edits")}
        rows["after"] = ",\n".join("  " + json.dumps(row) for row in after)
        parts = ",\n".join(f' "{key}": [\n{text}\n ]' for key, text in rows.items())
        case.write_text("{\n" + parts + "\n}\n", encoding="utf-8")
        return
    assert after == told["after"]


LIST = b"l:\n  - a\n  - b\nm: {k: v}\ns: x\n"


@pytest.mark.parametrize(
    ("edits", "code", "line", "words"),
    [
        ([Set(("s",), "y"), Remove(("l", 7))], codes.EDIT_NO_PLACE, 2, "Edit 2 of 2: `l` has 2 items and none at"),
        ([Insert(("l", 3), "c")], codes.EDIT_NO_PLACE, 2, "none at index 3"),
        ([Insert(("l", -1), "c")], codes.EDIT_NO_PLACE, 2, "none at index -1"),
        ([Insert(("m", 0), "c")], codes.EDIT_NO_PLACE, 4, "`m` is not a list"),
        ([Insert(("l", "k"), "c")], codes.EDIT_NO_PLACE, 2, "`l` is not a list"),
        ([Append(("s",), "c")], codes.EDIT_NO_PLACE, 5, "`s` is not a list"),
        ([Append(("z",), "c")], codes.EDIT_NO_PLACE, 1, "`z` does not exist"),
        ([Append(("l",), "c", 4)], codes.EDIT_NO_PLACE, 0, "document 4"),
        ([Remove(())], codes.EDIT_NO_PLACE, 0, "no value to edit"),
        ([Remove(("s", 0))], codes.EDIT_NO_PLACE, 5, "`s` is not a mapping"),
        ([Remove(("s", "k"))], codes.EDIT_NO_PLACE, 5, "`s` is not a mapping"),
        ([Add(("l", "k"), 1)], codes.EDIT_NO_PLACE, 2, "`l` is not a mapping"),
        ([Set(("l",), 1)], codes.EDIT_NOT_SCALAR, 2, "a list over several lines"),
        ([Add(("z",), {"k": {1, 2}})], codes.EDIT_NOT_SCALAR, 0, "cannot be written"),  # type: ignore[dict-item]
        ([Put(("z", "k"), 1)], codes.EDIT_NO_PLACE, 1, "`z` does not exist"),
    ],
)
def test_what_is_refused_is_named_with_its_place_and_nothing_is_changed(edits, code, line, words) -> None:  # type: ignore[no-untyped-def]
    refused = edit(LIST, edits, file="f.yaml")
    assert isinstance(refused, Diagnostic)
    assert refused.code is code
    assert refused.span is not None
    assert (refused.span.path, refused.span.line) == ("f.yaml", line)
    assert words in refused.detail
    assert refused.hint


def test_no_edits_give_the_file_back() -> None:
    assert edit(LIST, []) == LIST


@pytest.mark.parametrize(
    ("content", "one"),
    [
        ("a: [x, # c\n  y]\n", Set(("a",), 1)),  # the comment would go
        ("a: [x, # c\n  y]\n", Remove(("a", 1))),  # the comment may be about either
        ("a: [ # c\n  ]\n", Append(("a",), 1)),  # the comment would stand before a value that it knew nothing of
        ("a: &l [x]\nb: *l\n", Append(("a",), 1)),
        ("a: &l [x]\nb: *l\n", Append(("b",), 1)),
        ("a: &l [x]\nb: *l\n", Remove(("b", 0))),
        ("a: [&x 1, *x]\n", Remove(("a", 0))),
        ("a: [k: v]\n", Add(("a", 0, "l"), 1)),  # a pair without braces takes no second key
        ("a:\n  - - x #\n", Remove(("a", 0, "k"))),
        ("a:\n  - |\n    x", Append(("a",), 1)),
        ("? a\n? b\n", Set(("a",), 1)),
        ("a: |\n  x", Add(("b",), 1)),  # the text of `a` would get a line break
    ],
)
def test_what_would_change_more_than_its_place_is_refused(content: str, one: Edit) -> None:
    assert isinstance(edit(content.encode(), [one]), Diagnostic)


def test_a_broken_file_is_refused_at_its_first_error() -> None:
    refused = edit(b"a: 1\nb: &x {k: v}\nc:\n  <<: *x\n", [Set(("a",), 2)], file="f.yaml")
    assert isinstance(refused, Diagnostic)
    assert refused.code is codes.EDIT_BROKEN_FILE
    assert "SPEC111" in refused.detail
    assert str(refused.span) == "f.yaml:4:3"


def test_a_value_that_is_there_keeps_its_spelling() -> None:
    content = b"a: 0x10 # hex\nb: [1,2]\nc: &x 'no'\nd: *x\n"
    assert edit(content, [Set(("a",), 16), Set(("b",), [1, 2]), Set(("d",), "no")]) == content


def test_a_list_or_mapping_in_brackets_is_replaced_whole() -> None:
    assert edit(b"a: &x { k: v } # c\n", [Set(("a",), ["x", {"y": 1.0}])]) == b'a: &x [x, {"y": 1.0}] # c\n'
    assert edit(b"a: ['#', b]\n", [Set(("a",), "c")]) == b"a: c\n"


def test_marks_that_turn_the_line_are_written_so_that_they_show() -> None:
    assert edit(b"a: x\n", [Set(("a",), "\u202eb")]) == b'a: "\\u202eb"\n'
    assert edit(b"a: |\n  x\n", [Set(("a",), "\u2066b\n")]) == b'a: "\\u2066b\\n"\n'
