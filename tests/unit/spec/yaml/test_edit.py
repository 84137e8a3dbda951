"""Edits change the bytes of one value and nothing else, or are refused."""

import pytest

from trueup.core.diagnostics import Diagnostic
from trueup.spec.yaml import codes
from trueup.spec.yaml.edit import add_key, dotted, put_scalar, remove_key, set_scalar
from trueup.spec.yaml.load import load_documents


def refused(result: bytes | Diagnostic) -> str:
    assert isinstance(result, Diagnostic)
    return result.code.id


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        # Plain values keep what surrounds them.
        ("a:   old   # why\n", ("a",), "new", "a:   new   # why\n"),
        ("a: 1\nb: 2\n", ("a",), 10, "a: 10\nb: 2\n"),
        ("a: {b: x, c: [1, 2]}\n", ("a", "c", 1), 5, "a: {b: x, c: [1, 5]}\n"),
        ("- a\n-   b\n", (1,), "c", "- a\n-   c\n"),
        ("a: x", ("a",), "z", "a: z"),
        ("a: x\r\nb: y\r\n", ("a",), "z", "a: z\r\nb: y\r\n"),
        ("\ufeffa: x\n", ("a",), "z", "\ufeffa: z\n"),
        ("é: ü # ä\n", ("é",), "ö", 'é: "ö" # ä\n'),
        ("a: long\n  text # c\nb: 1\n", ("a",), "short", "a: short # c\nb: 1\n"),
        # Texts that some reader would take for something else are quoted.
        ("a: x\n", ("a",), "no", 'a: "no"\n'),
        ("a: x\n", ("a",), "2024-01-02", 'a: "2024-01-02"\n'),
        ("a: x\n", ("a",), "b: c", 'a: "b: c"\n'),
        ("a: x\n", ("a",), "*star", 'a: "*star"\n'),
        ("a: x\n", ("a",), "c # d", 'a: "c # d"\n'),
        ("a: x\n", ("a",), "", 'a: ""\n'),
        ("a: x\n", ("a",), "12", 'a: "12"\n'),
        ("a: x\n", ("a",), "l1\nl2", 'a: "l1\\nl2"\n'),
        ("a: x\n", ("a",), "\u2028\x7f", 'a: "\\u2028\\u007f"\n'),
        ("a: x\n", ("a",), "tiny@2", "a: tiny@2\n"),
        # Quotes stay.
        ('a: "x"\n', ("a",), "y", 'a: "y"\n'),
        ("a: 'x'\n", ("a",), "it's", "a: 'it''s'\n"),
        ("a: 'x'\n", ("a",), "1\n2", 'a: "1\\n2"\n'),
        ('version: "1"\n', ("version",), "2", 'version: "2"\n'),
        # Other types.
        ("a: x\n", ("a",), True, "a: true\n"),
        ("a: x\n", ("a",), 1e16, "a: 1.0e+16\n"),
        ("a: x\n", ("a",), 0.5, "a: 0.5\n"),
        ("a: x\n", ("a",), None, "a: null\n"),
        # Empty values.
        ("a:\nb: 1\n", ("a",), "x", "a: x\nb: 1\n"),
        ("a: # c\nb: 1\n", ("a",), "x", "a: x # c\nb: 1\n"),
        ("-\n- b\n", (0,), "x", "- x\n- b\n"),
        ("{a: , b: 1}\n", ("a",), "x", "{a: x, b: 1}\n"),
        ("{a, b: 1}\n", ("a",), "x", "{a: x, b: 1}\n"),
        ("a: &k\nb: 1\n", ("a",), "x", "a: &k x\nb: 1\n"),
        # Anchors and tags before the value stay.
        ("a: &k  x\nb: 1\n", ("a",), "z", "a: &k  z\nb: 1\n"),
        ("a: !!str x\n", ("a",), "z", "a: !!str z\n"),
        ("a: !!str &k 'x'\n", ("a",), "y", "a: !!str &k 'y'\n"),
        # An alias is replaced where it stands.
        ("a: &k x\nb: *k\n", ("b",), "z", "a: &k x\nb: z\n"),
        # Block scalars keep indent, comment, gap and line ends.
        ("a: |\n    x\n    y\n\nb: 1\n", ("a",), "z\n", "a: |\n    z\n\nb: 1\n"),
        ("a: | # why\n  x\nb: 1\n", ("a",), "p\nq", "a: |- # why\n  p\n  q\nb: 1\n"),
        ("a: |-\n  x\n# c\nb: 1\n", ("a",), "y\n\n", "a: |+\n  y\n\n# c\nb: 1\n"),
        ("a: |+\n  x\n\n\nb: 1\n", ("a",), "y\n", "a: |\n  y\nb: 1\n"),
        ("a: |\r\n  x\r\n  y\r\nb: 1\r\n", ("a",), "1\n\n2\n", "a: |\r\n  1\r\n\r\n  2\r\nb: 1\r\n"),
        ("a: |\n  x\nb: 1\n", ("a",), "  deep\nflat\n", "a: |2\n    deep\n  flat\nb: 1\n"),
        ("a:\n    b: |\n        x\n", ("a", "b"), " y\n", "a:\n    b: |4\n         y\n"),
        ("a: |4\n      x\n    y\n", ("a",), "z\n", "a: |\n    z\n"),
        ("a: >-\n  x\n  y\nb: 1\n", ("a",), "new words", "a: >-\n  new words\nb: 1\n"),
        ("a: >\n  x\nb: 1\n", ("a",), "p\nq\n", "a: |\n  p\n  q\nb: 1\n"),
        ("a: |\n  x", ("a",), "y", "a: |-\n  y"),
        ("a: |\n  x", ("a",), "y\n", "a: |\n  y\n"),
        ("a: | # why\n  x\n\nb: 1\n", ("a",), 5, "a: 5 # why\n\nb: 1\n"),
        ("a: |\n  x\nb: 1\n", ("a",), "bell\x07", 'a: "bell\\u0007"\nb: 1\n'),
        ("a: |\n  x\nb: 1\n", ("a",), "", 'a: ""\nb: 1\n'),
        ("a: &k |\n  x\nb: 1\n", ("a",), "y\n", "a: &k |\n  y\nb: 1\n"),
        ("a: |", ("a",), "x", 'a: "x"'),
        ("- |\n  x\n- b\n", (0,), "y\nz\n", "- |\n  y\n  z\n- b\n"),
    ],
)  # fmt: skip
def test_one_value_changes_and_nothing_else(before, path, value, after):
    assert set_scalar(before.encode(), 0, path, value) == after.encode()


def test_a_document_of_several_is_edited_alone():
    before = b"# head\na: 1\n---\n# empty\n---\na: 1 # c\n...\n# tail\n"
    assert set_scalar(before, 2, ("a",), 2) == b"# head\na: 1\n---\n# empty\n---\na: 2 # c\n...\n# tail\n"


@pytest.mark.parametrize(
    ("text", "path", "value", "code"),
    [
        ("a: 1\n", ("b",), 2, codes.EDIT_NO_PLACE),
        ("a: 1\n", ("a", "b"), 2, codes.EDIT_NO_PLACE),
        ("a: [1]\n", ("a", 3), 2, codes.EDIT_NO_PLACE),
        ("a: 1\n", (), 2, codes.EDIT_NO_PLACE),
        ("", ("a",), 2, codes.EDIT_NO_PLACE),
        ("a: {b: 1}\n", ("a",), 2, codes.EDIT_NOT_SCALAR),
        ("a:\n- 1\n", ("a",), 2, codes.EDIT_NOT_SCALAR),
        ("a: 1\n", ("a",), float("nan"), codes.EDIT_NOT_SCALAR),
        ("a: 1\n", ("a",), "\ud800", codes.EDIT_NOT_SCALAR),
        ("a: 1\na: 2\n", ("a",), 3, codes.EDIT_BROKEN_FILE),
        ("a: [\n", ("a",), 3, codes.EDIT_BROKEN_FILE),
        ("a: !!str x\n", ("a",), 3, codes.EDIT_NOT_EXACT),
        ("a: x\n", ("a",), "y" * 1_000_000, codes.EDIT_NOT_EXACT),
    ],
)
def test_what_cannot_be_done_exactly_is_refused(text, path, value, code):
    assert refused(set_scalar(text.encode(), 0, path, value)) == code.id


def test_an_integer_that_could_not_be_read_back_is_refused():
    assert refused(set_scalar(b"a: 1\n", 0, ("a",), 10**5000)) == codes.EDIT_NOT_SCALAR.id


def test_bytes_that_are_not_text_are_refused():
    assert refused(set_scalar(b"\xff", 0, ("a",), 1)) == codes.EDIT_BROKEN_FILE.id


def test_a_shared_value_is_refused_and_every_alias_is_named():
    text = b"a: &k x\nb: *k\nc: [*k]\n"
    problem = set_scalar(text, 0, ("a",), "y", file="spec/a.yaml")
    assert refused(problem) == codes.EDIT_NOT_EXACT.id
    assert "&k" in problem.detail
    assert "2:4, 3:5" in problem.detail
    assert str(problem.span) == "spec/a.yaml:1:4"


def test_a_value_inside_a_shared_mapping_is_refused_from_both_sides():
    text = b"a: &k {x: 1}\nb: *k\n"
    assert refused(set_scalar(text, 0, ("a", "x"), 2)) == codes.EDIT_NOT_EXACT.id
    assert refused(set_scalar(text, 0, ("b", "x"), 2)) == codes.EDIT_NOT_EXACT.id


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: 1\n", ("b",), "x", "a: 1\nb: x\n"),
        ("a: 1 # c", ("b",), "x", "a: 1 # c\nb: x"),
        ("r:\n  m: t@1 # c\n  p: s@1\n\nz: 1\n", ("r", "b"), "q@1", "r:\n  m: t@1 # c\n  p: s@1\n  b: q@1\n\nz: 1\n"),
        ("r:\r\n  m: 1\r\nz: 1\r\n", ("r", "b"), 2, "r:\r\n  m: 1\r\n  b: 2\r\nz: 1\r\n"),
        ("r:\n  m:\n    deep: [1,\n      2] # c\nz: 1\n", ("r", "b"), 2,
         "r:\n  m:\n    deep: [1,\n      2] # c\n  b: 2\nz: 1\n"),
        ("r:\n  m: |\n    text\n\n# c\nz: 1\n", ("r", "b"), 2, "r:\n  m: |\n    text\n  b: 2\n\n# c\nz: 1\n"),
        ("r:\n  m: |+\n    text\n\nz: 1\n", ("r", "b"), 2, "r:\n  m: |+\n    text\n\n  b: 2\nz: 1\n"),
        ("r:\n  m:\nz: 1\n", ("r", "b"), 2, "r:\n  m:\n  b: 2\nz: 1\n"),
        ("- m: 1\n- n: 1\n", (0, "b"), 2, "- m: 1\n  b: 2\n- n: 1\n"),
        ("r: {m: 1}\n", ("r", "b"), 2, "r: {m: 1, b: 2}\n"),
        ("r: {}\n", ("r", "b"), 2, "r: {b: 2}\n"),
        ("r: {m: &k {x: 1}, n: *k}\n", ("r", "b"), 2, "r: {m: &k {x: 1}, n: *k, b: 2}\n"),
        ("l: [{m: 1}, 2]\n", ("l", 0, "b"), 2, "l: [{m: 1, b: 2}, 2]\n"),
        ("r:\n  m: 1\n", ("r", "adapters"), ["x@1", "no"], 'r:\n  m: 1\n  adapters: [x@1, "no"]\n'),
        ("r:\n  m: 1\n", ("r", "no"), True, 'r:\n  m: 1\n  "no": true\n'),
        ("a: 1\n...\n", ("b",), 2, "a: 1\nb: 2\n...\n"),
    ],
)  # fmt: skip
def test_a_key_is_added_as_the_last_of_its_mapping(before, path, value, after):
    assert add_key(before.encode(), 0, path, value) == after.encode()
    assert remove_key(after.encode(), 0, path) == before.encode()


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a: 1\nb: 2 # c\nc: 3\n", ("b",), "a: 1\nc: 3\n"),
        ("# head\na: 1\n# of b\nb: 2\n", ("a",), "# head\n# of b\nb: 2\n"),
        ("r:\n  a:\n  - 1\n  - 2\n  b: |\n    x\n\n  c: 1\n", ("r", "b"), "r:\n  a:\n  - 1\n  - 2\n\n  c: 1\n"),
        ("r:\n  a:\n  - 1\n  - 2\n  b: x\n", ("r", "a"), "r:\n  b: x\n"),
        ("r: {a: 1, b: 2}\n", ("r", "a"), "r: {b: 2}\n"),
        ("r: {a: 1}\n", ("r", "a"), "r: {}\n"),
        ("a: 1 # gone\n", ("a",), "{}\n"),
        ("r: # stays\n  a: 1 # gone\n# stays\n", ("r", "a"), "r: # stays\n  {}\n# stays\n"),
        ("r:\n  a:\n    - 1", ("r", "a"), "r: {}"),
        ("- a: 1 # gone\n  b: 2\n", (0, "a"), "- b: 2\n"),
        ("- a: 1\n  # of b\n  b: 2\n", (0, "a"), "-\n  # of b\n  b: 2\n"),
        ("- b: 2\n  a: 1\n", (0, "a"), "- b: 2\n"),
        ("r: {\n  a: 1, # gone\n  b: 2 # stays\n}\n", ("r", "a"), "r: {\n  b: 2 # stays\n}\n"),
        ("r: {a: 1 , }\n", ("r", "a"), "r: { }\n"),
    ],
)
def test_a_key_is_removed_with_its_lines(before, path, after):
    assert remove_key(before.encode(), 0, path) == after.encode()


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("a: &k 1\nb: *k\nc: 2\n", ("a",), codes.EDIT_NOT_EXACT),
        ("r: {a: 1, # c\n  b: 2}\n", ("r", "b"), codes.EDIT_NOT_EXACT),
        ("a: 1\nb: 2\n", ("c",), codes.EDIT_NO_PLACE),
        ("a: 1\n", ("a", "b"), codes.EDIT_NO_PLACE),
    ],
)
def test_a_key_that_cannot_be_removed_exactly_stays(text, path, code):
    assert refused(remove_key(text.encode(), 0, path)) == code.id


def test_a_key_is_not_added_twice_and_only_to_a_mapping():
    assert refused(add_key(b"a: 1\n", 0, ("a",), 2)) == codes.EDIT_NO_PLACE.id
    assert refused(add_key(b"a: [1]\n", 0, ("a", "b"), 2)) == codes.EDIT_NO_PLACE.id
    assert refused(add_key(b"a: &k {x: 1}\nb: *k\n", 0, ("a", "y"), 2)) == codes.EDIT_NOT_EXACT.id
    assert refused(add_key(b"a: &k {x: 1}\nb: *k\n", 0, ("b", "y"), 2)) == codes.EDIT_NOT_EXACT.id


def test_an_edit_of_a_sound_file_reads_back():
    text = b"kind: Deployment\nspec:\n  release:\n    model: tiny@1 # served\n"
    edited = set_scalar(text, 0, ("spec", "release", "model"), "tiny@2")
    assert isinstance(edited, bytes)
    assert load_documents(edited, "f").documents[0].value == {
        "kind": "Deployment", "spec": {"release": {"model": "tiny@2"}},
    }  # fmt: skip


def test_paths_are_written_for_people():
    assert dotted(("spec", "tasks", 0, "name")) == "spec.tasks[0].name"
    assert dotted(()) == "the document"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("s:\n  digest:\n  uri: x\n", 's:\n  digest: "a:b"\n  uri: x\n'),
        ("s:\n  digest: null\n  uri: x\n", 's:\n  digest: "a:b"\n  uri: x\n'),
        ("s:\n  digest: ~ # todo\n  uri: x\n", 's:\n  digest: "a:b" # todo\n  uri: x\n'),
        ("s:\n  digest: # first\n    # second\n  uri: x\n", 's:\n  digest: "a:b" # first\n    # second\n  uri: x\n'),
        ("s:\n  digest:\n  # of the uri\n  uri: x\n", 's:\n  digest: "a:b"\n  # of the uri\n  uri: x\n'),
        ("s:\n  digest:   \n\n\n  uri: x\n", 's:\n  digest: "a:b"   \n\n\n  uri: x\n'),
        ("s:\n  digest:\n    null\n  uri: x\n", 's:\n  digest:\n    "a:b"\n  uri: x\n'),
        ('s:\n  "digest": \n  uri: x\n', 's:\n  "digest": "a:b" \n  uri: x\n'),
        ("s:\n  ? digest\n  : null\n  uri: x\n", 's:\n  ? digest\n  : "a:b"\n  uri: x\n'),
        ("s: {uri: x, digest: }\n", 's: {uri: x, digest: "a:b"}\n'),
        ("s: {uri: x, digest}\n", 's: {uri: x, digest: "a:b"}\n'),
        ("s: {uri: x,\n  digest: , # c\n}\n", 's: {uri: x,\n  digest: "a:b", # c\n}\n'),
        ("s:\n  digest: &d\n  uri: x\n", 's:\n  digest: &d "a:b"\n  uri: x\n'),
        ("n: &n null\ns:\n  digest: *n\n", 'n: &n null\ns:\n  digest: "a:b"\n'),
        ("s:\r\n  digest:\r\n  uri: x\r\n", 's:\r\n  digest: "a:b"\r\n  uri: x\r\n'),
        ("\ufeffs:\n  uri: x\n  digest:", '\ufeffs:\n  uri: x\n  digest: "a:b"'),
        ("s:\n  uri: x\n", 's:\n  uri: x\n  digest: "a:b"\n'),
        ("s:\n  digest: old\n", 's:\n  digest: "a:b"\n'),
    ],
)
def test_a_value_is_put_where_there_is_none_or_another(before: str, after: str) -> None:
    assert put_scalar(before.encode(), 0, ("s", "digest"), "a:b") == after.encode()


@pytest.mark.parametrize(
    ("content", "document", "code"),
    [
        ("s:\n  digest: !!null\n", 0, codes.EDIT_NOT_EXACT),
        ("s:\n  ? digest\n  uri: x\n", 0, codes.EDIT_NOT_EXACT),
        ("s:\n  digest: &d null\n  uri: *d\n", 0, codes.EDIT_NOT_EXACT),
        ("b: &b {digest: null}\ns: *b\n", 0, codes.EDIT_NOT_EXACT),
        ("s:\n  digest:\n", 1, codes.EDIT_NO_PLACE),
        ("s: x\n", 0, codes.EDIT_NO_PLACE),
        ("s: [\n", 0, codes.EDIT_BROKEN_FILE),
    ],
)
def test_where_no_value_can_be_put_exactly_it_is_refused(content: str, document: int, code: object) -> None:
    result = put_scalar(content.encode(), document, ("s", "digest"), "a:b")
    assert isinstance(result, Diagnostic)
    assert result.code is code
