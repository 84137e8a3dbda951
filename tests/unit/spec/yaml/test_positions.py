"""Places of values, keys and of what is absent."""

import pytest

from trueup.core.diagnostics import Span
from trueup.spec.yaml.positions import locate, span

FILE = b"""\
# head
kind: Model
spec:
  name:  tiny
  list: [a, {b: c}]
  block:
    - x
    -   y: 1
  shared: &s
    deep: 1
  again: *s
  empty:
---
second: {a: "\xc3\xa9", b: 2}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (2, 1)),
        (("kind",), (2, 7)),
        (("spec",), (4, 3)),
        (("spec", "name"), (4, 10)),
        (("spec", "list", 0), (5, 10)),
        (("spec", "list", 1, "b"), (5, 17)),
        (("spec", "block", 1, "y"), (8, 12)),
        (("spec", "again"), (11, 10)),
        (("spec", "again", "deep"), (10, 11)),
        (("spec", "empty"), (12, 9)),
    ],
)
def test_a_value_is_found_by_its_path(path, place):
    assert locate(FILE, 0, path) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("kind",), (2, 1)),
        (("spec", "list"), (5, 3)),
        (("spec", "list", 1, "b"), (5, 14)),
        (("spec", "block", 0), (7, 7)),
        (("spec", "again", "deep"), (10, 5)),
        ((), (2, 1)),
    ],
)
def test_a_key_is_found_by_its_path(path, place):
    assert locate(FILE, 0, path, key=True) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("metadata",), (2, 1)),
        (("spec", "nowhere"), (3, 1)),
        (("spec", "name", "below"), (4, 3)),
        (("spec", "list", 7), (5, 3)),
        (("spec", "list", "word"), (5, 3)),
        (("spec", "block", 1, "z", "deeper"), (8, 9)),
    ],
)
@pytest.mark.parametrize("key", [True, False])
def test_an_absent_path_points_at_its_closest_ancestor(path, place, key):
    assert locate(FILE, 0, path, key=key) == place


def test_columns_count_characters_and_documents_count_from_zero():
    assert locate(FILE, 1, ("second", "b")) == (14, 21)
    assert locate(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", 0, ("b",)) == (2, 4)


def test_broken_files_have_places_as_far_as_they_go():
    assert locate(b"a: 1\nb:\n  c: 2\n  d: [\n", 0, ("b", "zzz")) == (1, 1)
    assert locate(b"a: 1\nb: 2\nc: [\n", 0, ("b",)) == (2, 4)
    assert locate(b"\xff", 0, ("a",)) == (1, 1)
    assert locate(b"[" * 60_000, 0, (0, 0)) == (1, 1)
    assert locate(b"[" * 100 + b"]" * 100, 0, (0, 0)) == (1, 1)
    assert locate(b"a: 1\n", 7, ("a",)) == (1, 1)


def test_the_first_of_two_equal_keys_is_meant_as_when_loading():
    assert locate(b"a: 1\na: 2\n", 0, ("a",)) == (1, 4)


def test_keys_that_are_no_texts_are_in_nobodys_way():
    assert locate(b"? [x]\n: 1\nb: *none\nc: 3\n", 0, ("c",)) == (4, 4)
    assert locate(b"b: *none\nc: 3\n", 0, ("b", "x")) == (1, 1)


def test_a_span_carries_the_file():
    assert span(FILE, "spec/a.yaml", 0, ("kind",)) == Span("spec/a.yaml", 2, 7)
