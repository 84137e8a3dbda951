"""Laws of reading and editing YAML, over generated values and layouts."""

import json
import re

from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from trueup.core.diagnostics import Diagnostic
from trueup.core.json import canonical
from trueup.spec.yaml.edit import add_key, remove_key, set_scalar
from trueup.spec.yaml.load import load_documents
from trueup.spec.yaml.positions import locate
from trueup.spec.yaml.tree import trees, walk

TEXTS = st.one_of(
    st.sampled_from(
        ["", "no", "y", "~", "null", "0777", "1e3", "2024-01-02", "12:30", "a: b", "*star", "&anchor", "# c", "- x",
         "?", "it's", '"', "\\", "é", "\U0001f600", "a\nb", "a\n", "\n", "\na", "  lead", "trail ",
         "a\n\n\n", "a\n  b\n c\n", "tab\tx", "\x07", "\x85", "\u2028", "\ufeff", "{{ x }}", "[1]", "%d",
         "@x", "`x`", "!tag", "|", ">", "---",
         "...", "<<", "=", "a #b", "a:b", "x" * 200, "\r\n", ": ", ",", "{", "}"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=20),
)  # fmt: skip
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)

LAYOUTS = [
    "k: {old}\n",
    "k:   {old}   # why\nz: 1\n",
    "# head\n\n---\nk: {old}\nz: [1, 2] # c\n...\n",
    "a: &x 1\nk: {old}\nb: *x\n",
    "k: &anchor {old}\nz: 1\n",
    "z: {{k: 1}}\nk: {old}\n\n\n# tail without newline",
    "\ufeffk: {old}\r\nz: é\r\n",
    "a: 1\n---\nk: {old}\n",
    "%YAML 1.2\n---\nk: {old}\n",
    "k: {old}",
    "z: 'x'\nk: {old}\n# after\ny: |\n  keep\n\n",
]
OLD = [
    "x", "'x'", '"x"', "", "1", "true", "*x", "one\n  two", "'one\n\n  two'", "|\n  x\n  y", "|-\n  x", "|+\n  x\n\n",
    ">\n  x\n  y", "|2\n    x\n   y", "| # c\n    x\n", ">-\n  x\n\n", "!!str 5", "|\n", '"\\u00e9"',
]  # fmt: skip


def file_of(layout: str, old: str) -> bytes:
    text = layout.format(old=old)
    if "\r\n" in layout:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text.encode()


def values(content: bytes):
    loaded = load_documents(content, "f")
    assert loaded.diagnostics == ()
    return [d.value for d in loaded.documents]


FILES = st.builds(file_of, st.sampled_from(LAYOUTS), st.sampled_from(OLD)).filter(
    lambda content: not load_documents(content, "f").diagnostics
)


def document_with_k(content: bytes) -> int:
    return max(d.index for d in load_documents(content, "f").documents)


@given(VALUES)
def test_json_reads_as_itself_because_yaml_1_2_contains_it(value):
    text = json.dumps(value, ensure_ascii=False)
    for raw in "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", *map(chr, range(0x80, 0xA0)):
        text = text.replace(raw, f"\\u{ord(raw):04x}")
    (document,) = load_documents(f"[{text}]".encode(), "f").documents
    assert canonical(document.value[0]) == canonical(value)


@given(st.text(st.sampled_from("0123456789.eE+-xo_:naNtrulfs~ "), max_size=8))
def test_plain_scalars_mean_what_an_independent_yaml_1_2_reader_takes_them_for(text):
    assume(text.strip() == text and text not in {"", "-", "..."} and not text.startswith(("- ", "-\t", "--- ", "---")))
    assume(": " not in text and not text.endswith(":") and not text.startswith("..."))
    loaded = load_documents(f"k: {text}\n".encode(), "f")
    assume(not loaded.diagnostics)
    # ruamel reads digits with `_` and timestamps beyond the core schema, refuses 0o8, and wants a sign in exponents.
    assume(not {"_", ":", "b"} & set(text) and not re.search("[eE][0-9]", text))
    try:
        other = YAML(typ="safe", pure=True).load(f"k: {text}\n")
    except ValueError:
        return
    own = loaded.documents[0].value["k"]
    assert own == other["k"] or isinstance(own, str)


@given(FILES, st.one_of(st.booleans(), NUMBERS, TEXTS))
def test_an_edit_changes_its_value_and_nothing_else_or_is_refused(content, value):
    index = document_with_k(content)
    before = values(content)
    edited = set_scalar(content, index, ("k",), value)
    if isinstance(edited, Diagnostic):
        return
    after = values(edited)
    assert after[:-1] == before[:-1]
    assert canonical(after[-1]["k"]) == canonical(value)
    assert {k: v for k, v in after[-1].items() if k != "k"} == {k: v for k, v in before[-1].items() if k != "k"}
    node, _ = walk(trees(content)[index], ("k",))
    text, new = content.decode("utf-8-sig"), edited.decode("utf-8-sig")
    assert new.startswith(text[: node.place.start])
    assert new.endswith(text[node.place.end :])
    assert edited.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")


@given(FILES, st.one_of(st.booleans(), st.integers(), TEXTS))
def test_only_tags_keep_a_value_from_being_edited(content, value):
    edited = set_scalar(content, document_with_k(content), ("k",), value)
    assert isinstance(edited, bytes) or b"!!str" in content


@given(FILES, TEXTS)
def test_editing_back_gives_the_value_back(content, value):
    index = document_with_k(content)
    old = values(content)[-1]["k"]
    edited = set_scalar(content, index, ("k",), value)
    assume(isinstance(edited, bytes) and old is not None)
    again = set_scalar(edited, index, ("k",), old)
    assert isinstance(again, bytes)
    assert values(again) == values(content)


@given(FILES, TEXTS, st.one_of(SCALARS, st.lists(SCALARS, max_size=3)))
def test_an_added_key_can_be_removed_again_byte_for_byte(content, key, value):
    index = document_with_k(content)
    added = add_key(content, index, (key,), value)
    if isinstance(added, Diagnostic):
        return
    assert values(added)[-1] == {**values(content)[-1], key: value}
    assert remove_key(added, index, (key,)) == content


@given(FILES)
def test_every_value_has_a_place_inside_the_file(content):
    lines = content.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    for key in values(content)[-1]:
        line, column = locate(content, document_with_k(content), (key,), key=True)
        assert lines[line - 1][column - 1 :].startswith(key)


@given(st.binary(max_size=200))
def test_any_bytes_give_documents_or_diagnostics(content):
    loaded = load_documents(content, "f")
    for document in loaded.documents:
        canonical(document.value)
    set_scalar(content, 0, ("a",), "b")
    locate(content, 0, ("a", 0))


@given(st.text("ab:-[]{}&*!|>'\"%#?,~ \n\t0.", max_size=60))
def test_any_punctuation_gives_documents_or_diagnostics(text):
    loaded = load_documents(text.encode(), "f")
    for document in loaded.documents:
        canonical(document.value)
        assert locate(text.encode(), document.index, ())[0] == document.line
