"""What history reads of a file."""

import pytest

from trueup.adapters.history.documents import Documents, declared, fields_between

A = b"kind: Prompt\nmetadata: {name: a, version: 1}\nspec: {size: 1}\n"
B = b"kind: Deployment\nmetadata: {name: b}\nspec: {environment: dev}\n"


@pytest.mark.parametrize(
    ("content", "addresses"),
    [
        (A, ["Prompt/a@1"]),
        (A + b"---\n" + B, ["Prompt/a@1", "Deployment/dev/b"]),
        (b"---\n" + A + b"--- # next\n" + B, ["Prompt/a@1", "Deployment/dev/b"]),
        (A + b"---\r\n" + B, ["Prompt/a@1", "Deployment/dev/b"]),
        (b"%YAML 1.2\n---\n" + A, ["Prompt/a@1"]),
        (A.replace(b"{size: 1}", b"\n  text: |\n    a\n    ---\n    b\n"), ["Prompt/a@1"]),
        (A.replace(b", version: 1", b""), ["Prompt/a"]),
        (A.replace(b"version: 1", b"version: true"), ["Prompt/a"]),
        (b"a: [\n---\n" + A, ["Prompt/a@1"]),
        (b"kind: Nothing\nmetadata: {name: a}\n", []),
        (b"kind: Prompt\nmetadata: []\n", []),
        (b"- a\n", []),
        (b"", []),
        (b"\xff\xfe\x00", []),
    ],
)
def test_documents_are_told_by_what_they_call_themselves(content: bytes, addresses: list[str]) -> None:
    assert list(declared(content)) == addresses


def test_comments_and_the_order_of_keys_mean_nothing() -> None:
    other = b"# note\nspec: {size: 1}\nmetadata: {version: 1, name: a}\nkind: Prompt\n"
    assert declared(A) == declared(other)


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (b'{"a":1}', b'{"a":2}', "a"),
        (b'{"a":{"b":1,"c":2}}', b'{"a":{"b":1}}', "a.c"),
        (b'{"a":[1]}', b'{"a":[2],"b":1}', "a, b"),
        (b'{"a":1,"b":1,"c":1,"d":1,"e":1}', b"{}", "a, b, c +2"),
        (b"1", b"2", ""),
    ],
)
def test_fields_that_differ_are_named(before: bytes, after: bytes, named: str) -> None:
    assert fields_between([before], [after]) == named


def test_fields_of_several_documents_or_equal_ones_are_not_named() -> None:
    assert fields_between([b"{}", b"{}"], [b"{}"]) == ""
    assert fields_between([b"{}"], [b"{}"]) == ""


def test_blobs_are_read_once_while_there_is_room() -> None:
    asked: list[str] = []

    def read(ids: object) -> list[bytes]:
        asked.extend(ids)  # type: ignore[arg-type]
        return [A for _ in ids]  # type: ignore[attr-defined]

    documents = Documents.of(read)
    documents.load(["1", "2", "1", ""])
    assert list(documents.of_blob("1")) == ["Prompt/a@1"]
    assert documents.of_blob("") == {}
    documents.of_blob("3")
    documents.forget()
    assert asked == ["1", "2", "3"]
