"""Laws of edits over generated files of every layout: what is meant happens, and nothing else."""

import re
from collections.abc import Iterator
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from nasty_yaml import nasty_file
from trueup.core.diagnostics import Diagnostic
from trueup.core.json import Json, canonical
from trueup.spec.resource import Path
from trueup.spec.yaml.edit import Add, Edit, Insert, Put, Remove, Set, edit
from trueup.spec.yaml.load import Document, load_documents
from trueup.spec.yaml.tree import MappingNode, trees, walk

VALUES: list[Json] = [
    "new", "a: b", "no", "# x", "", "l1\nl2\n", "\n x", "é😀", "it's", " ", "x\n\n", "\ttab", "*a", "\u202ex", "\u2028",
    "12", "- a", "tiny@2", "two words", 5, -0.5, 1e300, None, True, [], {}, ["x", 1], {"k": "v"},
    {"k": {"z": [1, {"q": "w"}]}, "no": "y"}, [["a"], {"b": "c\nd"}],
]  # fmt: skip
SCALARS = [value for value in VALUES if not isinstance(value, list | dict)]
NEW_KEYS = ["new", "no", "n: x", "", "𝒳new"]
SEEDS = st.integers(0, 2**32)


def values(content: bytes) -> dict[int, Json]:
    loaded = load_documents(content, "f")
    assert loaded.diagnostics == ()
    return {document.index: document.value for document in loaded.documents}


def sound_file(seed: int, without: bytes = b"") -> tuple[bytes, Random, Document]:
    """Return the first valid file of a run of generated ones, *without* any of these bytes, and a document of it."""
    rng = Random(seed)
    for _ in range(200):
        content = nasty_file(rng)
        if set(without) & set(content):
            continue
        loaded = load_documents(content, "f")
        found = [d for d in loaded.documents if d.value and isinstance(d.value, list | dict)]
        if found and not loaded.diagnostics:
            return content, rng, rng.choice(found)
    raise AssertionError("no valid file in 200")


def holders(value: Json, here: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Yield every list and mapping with its path."""
    if isinstance(value, list | dict):
        yield here, value
        for part, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from holders(below, (*here, part))


def places(value: Json) -> list[Path]:
    return [
        (*path, part)
        for path, holder in holders(value)
        for part in (holder if isinstance(holder, dict) else range(len(holder)))
    ]  # fmt: skip


def meant(value: Json, path: Path, change: Edit) -> Json:
    """Return what *change* means, made by other code than what is tested."""
    if len(path) > 1:
        copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[arg-type]
        copy[path[0]] = meant(copy[path[0]], path[1:], change)  # type: ignore[index, call-overload]
        return copy
    copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[arg-type]
    match change:
        case Remove():
            del copy[path[0]]  # type: ignore[arg-type]
        case Insert():
            copy.insert(path[0], change.value)  # type: ignore[union-attr, arg-type]
        case _:
            copy[path[0]] = change.value  # type: ignore[index, call-overload, union-attr]
    return copy


def comments(content: bytes) -> set[str]:
    text = content.decode("utf-8-sig")
    inside = repr([(path, value) for d in values(content).values() for path, value in every(d)])
    return set(re.findall(r"#c\d+", text)) - set(re.findall(r"#c\d+", inside))


def every(value: Json) -> Iterator[tuple[Path, Json]]:
    yield (), value
    for path in places(value):
        yield path, None
        below = value
        for part in path:
            below = below[part]  # type: ignore[index, call-overload]
        if isinstance(below, str):
            yield path, below


def difference(before: bytes, after: bytes) -> tuple[int, int, int]:
    """Return where the shortest difference starts, and where it ends in each."""
    start, shorter = 0, min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < shorter - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return start, len(before) - tail, len(after) - tail


def an_edit(rng: Random, document: Document, *kinds: str) -> Edit:
    index = document.index
    kind = rng.choice(kinds or ["set", "set", "remove", "remove", "put into"])
    if kind != "put into":
        path = rng.choice(places(document.value))
        return Set(path, rng.choice(VALUES), index) if kind == "set" else Remove(path, index)
    path, holder = rng.choice(list(holders(document.value)))
    if isinstance(holder, dict):
        return (Put if rng.random() < 0.2 else Add)((*path, rng.choice(NEW_KEYS)), rng.choice(VALUES), index)
    return Insert((*path, rng.randint(0, len(holder))), rng.choice(VALUES), index)


@given(SEEDS)
def test_what_is_meant_happens_at_its_path_and_nowhere_else(seed: int) -> None:
    content, rng, document = sound_file(seed)
    change = an_edit(rng, document)
    edited = edit(content, [change])
    if isinstance(edited, Diagnostic):
        assert edited.span is not None
        assert edited.hint
        return
    expected = values(content)
    expected[document.index] = meant(document.value, change.path, change)
    assert {i: canonical(v) for i, v in values(edited).items()} == {i: canonical(v) for i, v in expected.items()}
    assert edited.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")


@given(SEEDS)
def test_no_comment_is_lost_unless_its_line_is_removed(seed: int) -> None:
    content, rng, document = sound_file(seed)
    change = an_edit(rng, document)
    edited = edit(content, [change])
    if isinstance(edited, Diagnostic):
        return
    lost = comments(content) - comments(edited)
    if isinstance(change, Remove):
        start, end, _ = difference(content, edited)
        above = re.split(rb"[\r\n]", content[:start])[-1]
        below = re.split(rb"[\r\n]", content[end:])[0]
        lost -= set(re.findall(r"#c\d+", (above + content[start:end] + below).decode()))
    assert not lost


@given(SEEDS)
def test_what_is_added_takes_no_byte_away_and_can_be_removed_byte_for_byte(seed: int) -> None:
    content, rng, document = sound_file(seed)
    change = an_edit(rng, document, "put into")
    edited = edit(content, [change])
    if isinstance(edited, Diagnostic) or (isinstance(change, Put) and change.path in places(document.value)):
        return
    start, end, _ = difference(content, edited)
    assert start == end
    again = edit(edited, [Remove(change.path, change.document)])
    assert again == content or isinstance(again, Diagnostic)


@given(SEEDS)
def test_a_value_is_replaced_within_its_own_bytes_and_twice_is_once(seed: int) -> None:
    content, rng, document = sound_file(seed)
    path = rng.choice(places(document.value))
    change = Set(path, rng.choice(VALUES), document.index)
    edited = edit(content, [change])
    if isinstance(edited, Diagnostic):
        return
    node, _ = walk(trees(content)[document.index], path)
    text, new = content.decode("utf-8-sig"), edited.decode("utf-8-sig")
    assert new.startswith(text[: node.place.start])
    assert new.endswith(text[node.place.end :])
    assert edit(edited, [change]) == edited
    assert edit(content, [change, change]) == edited


@given(SEEDS, st.sampled_from(SCALARS), st.sampled_from(SCALARS))
def test_setting_back_gives_the_bytes_back_when_their_spelling_was_ours(seed: int, first: Json, second: Json) -> None:
    content, rng, document = sound_file(seed)
    path = rng.choice(places(document.value))
    if canonical(first) == canonical(second):
        return
    ours = edit(content, [Set(path, second, document.index), Set(path, first, document.index)])
    if isinstance(ours, Diagnostic):
        return
    node, _ = walk(trees(ours)[document.index], path)
    style = getattr(node, "style", "")
    other = edit(ours, [Set(path, second, document.index)])
    assert isinstance(other, bytes)
    node, _ = walk(trees(other)[document.index], path)
    # A folded block turns literal, gaps under `+` go, and what stood in no quotes may have needed some.
    if style in {"|", ">"} or getattr(node, "style", "") != style:
        return
    assert edit(other, [Set(path, first, document.index)]) == ours


@given(SEEDS)
def test_several_edits_are_all_made_or_none(seed: int) -> None:
    content, rng, document = sound_file(seed)
    changes: list[Edit] = [an_edit(rng, document) for _ in range(3)]
    one_by_one: bytes | Diagnostic = content
    for change in changes:
        if isinstance(one_by_one, bytes):
            one_by_one = edit(one_by_one, [change])
    together = edit(content, changes)
    assert isinstance(together, Diagnostic) == isinstance(one_by_one, Diagnostic)
    assert isinstance(together, Diagnostic) or together == one_by_one


@given(SEEDS)
def test_where_no_alias_is_a_single_value_can_nearly_always_be_set(seed: int) -> None:
    content, rng, document = sound_file(seed, without=b"&!?*")
    root = trees(content)[document.index]
    scalars = [path for path in places(document.value) if hasattr(walk(root, path)[0], "style")]
    if not scalars:
        return
    assert isinstance(edit(content, [Set(rng.choice(scalars), rng.choice(SCALARS), document.index)]), bytes)


@given(SEEDS)
def test_a_key_of_a_block_mapping_can_be_added_where_nothing_is_shared(seed: int) -> None:
    content, rng, document = sound_file(seed, without=b"&!?*>|")
    root = trees(content)[document.index]
    found = [p for p, _ in holders(document.value) if isinstance(n := walk(root, p)[0], MappingNode) and not n.is_flow]
    if not found:
        return
    assert isinstance(edit(content, [Add((*rng.choice(found), "new"), rng.choice(VALUES), document.index)]), bytes)
