"""What may be spelled where an old value stands: every candidate is one that can be tried, none is needed."""

import pytest

from trueup.core.diagnostics import Diagnostic
from trueup.spec.yaml import codes
from trueup.spec.yaml.edit import add_key
from trueup.spec.yaml.load import load_documents
from trueup.spec.yaml.spelling import block
from trueup.spec.yaml.splices import additions, replacements
from trueup.spec.yaml.tree import MappingNode, ScalarNode, child, trees


def proposed(text: str, value: object) -> list[str]:
    """Return the file after each way to write *value* in place of the value of `a`."""
    root = trees(text.encode())[0]
    node = child(root, "a")
    assert node is not None
    return [text[:start] + new + text[end:] for start, end, new in replacements(text, node, value)]  # type: ignore[arg-type]  # a scalar


@pytest.mark.parametrize("text", ["a: old\nb: 1\n", "a: |\n  old\nb: 1\n", "a: >-\n  old\n  lines\nb: 1\n"])
@pytest.mark.parametrize("value", ["new", "two\nlines\n", 7])
def test_the_last_candidate_reads_as_the_value(text: str, value: object) -> None:
    (document,) = load_documents(proposed(text, value)[-1].encode(), "").documents
    assert document.value == {"a": value, "b": 1}


@pytest.mark.parametrize("new", ["short", "two\nlines\n", "gap\n\n"])
def test_a_block_is_proposed_with_its_indent_and_comment(new: str) -> None:
    found = list(block(new, "|  # said\n    old\n", "old\n"))
    assert found
    assert all("# said" in f and f.splitlines()[1].startswith("    ") for f in found)


def test_an_alias_is_replaced_by_the_value_itself() -> None:
    assert proposed("b: &x 1\na: *x\n", "new")[0] == "b: &x 1\na: new\n"


def test_the_node_of_a_scalar_is_where_it_stands() -> None:
    root = trees(b"a: old\n")[0]
    assert isinstance(child(root, "a"), ScalarNode)


@pytest.mark.parametrize("path", [("nowhere", "key"), ("nowhere", "deeper", "key")])
def test_a_key_needs_a_mapping_to_be_added_to(path: tuple[str, ...]) -> None:
    found = add_key(b"a: old\n", 0, path, "new")
    assert isinstance(found, Diagnostic)
    assert found.code is codes.EDIT_NO_PLACE


@pytest.mark.parametrize(("text", "after"), [(b"a: {}\n", "a: {b: 1}\n"), (b"a: {c: 2}\n", "a: {c: 2, b: 1}\n")])
def test_a_new_key_of_a_flow_mapping_goes_behind_the_last(text: bytes, after: str) -> None:
    parent = child(trees(text)[0], "a")
    assert isinstance(parent, MappingNode)
    (start, end, new), *_ = additions(text.decode(), parent, "b", 1)
    assert text.decode()[:start] + new + text.decode()[end:] == after


def test_a_key_is_added_to_an_empty_mapping_too() -> None:
    assert add_key(b"a: {}\n", 0, ("a", "b"), 1) == b"a: {b: 1}\n"
