"""Files that were read once are known by their bytes; what depends on more than their bytes is read again."""

from dataclasses import replace

import pytest

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import BlobId
from trueup.spec import codes
from trueup.spec.parse import parse, parse_alone
from trueup.spec.remembered import Noted, Recalled, pack, unpack
from trueup.spec.resource import Parsed, SourceFile

HEAD = "apiVersion: trueup/v1alpha1\n"
DEV = f"{HEAD}kind: Environment\nmetadata: {{name: dev}}\nspec: {{tier: dev, target: {{type: process}}}}\n"
DEPLOYMENT = (
    f"{HEAD}kind: Deployment\nmetadata: {{name: chat}}\n"
    "spec: {environment: dev, release: {model: tiny@1}, runtime: {engine: llama.cpp}}\n"
)
INCLUDING = (
    f'{HEAD}kind: Prompt\nmetadata: {{name: hello, version: "1"}}\n'
    "spec: {type: chat, messages: [{role: system, content: {file: a.txt}}]}\n"
)


def model(version: str = "1", more: str = "") -> str:
    return (
        f'{HEAD}kind: Model\nmetadata: {{name: tiny, version: "{version}"}}\n'
        f"spec: {{source: {{uri: 'file:a'}}, format: gguf{more}}}\n"
    )


def included(path: str) -> bytes | Diagnostic:
    return b"text" if path == "a.txt" else Diagnostic(codes.INCLUDE_UNREADABLE, "No.", Span(path))


def sources(*texts: str) -> list[SourceFile]:
    return [SourceFile(f"{i}.yaml", BlobId(f"blob-{t}"), t.encode()) for i, t in enumerate(texts)]


def noted(*texts: str) -> dict[BlobId, bytes]:
    """Return what can be recalled of *texts*: what takes in other files cannot."""
    found: list[Noted] = []
    parse(sources(*texts), included, found.append)
    return {n.blob: n.packed for n in found if n.blob and not n.included}


def recalled(kept: dict[BlobId, bytes], *texts: str) -> Parsed:
    """Parse *texts*, each recalled when something is kept of it."""
    files = [
        Recalled(f.path, f.blob, kept[f.blob], lambda f=f: f) if f.blob in kept else f  # type: ignore[misc]
        for f in sources(*texts)
    ]
    return parse(files, included)


EVERYTHING = (DEV, f"---\n{model()}---\n{model('2', ', baseModel: [tiny@1]')}", DEPLOYMENT)


def test_recalled_files_give_what_reading_them_gives_in_the_same_order():
    kept = noted(*EVERYTHING)
    assert len(kept) == 3
    known, read = recalled(kept, *EVERYTHING), parse(sources(*EVERYTHING), included)
    assert read.diagnostics == ()
    assert list(known.resources.items()) == list(read.resources.items())
    assert known == read


def test_a_recalled_file_takes_the_path_it_has_now():
    kept = noted(*EVERYTHING)
    moved = [replace(f, path=f"moved/{f.path}") for f in sources(*EVERYTHING)]
    known = parse([Recalled(f.path, f.blob, kept[f.blob], lambda: None) for f in moved], included)
    assert known == parse(moved, included)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}kind: Model\nmetadata: {{name: tiny}}\n",
        "a: [",
        f"%YAML 1.1\n---\n{model()}",
        INCLUDING,
    ],
    ids=["invalid", "no YAML", "warning", "including"],
)
def test_a_file_that_something_is_to_be_said_of_is_not_kept(text):
    assert noted(text) == {}


def test_what_is_noted_says_which_files_were_taken_in():
    found: list[Noted] = []
    parse(sources(INCLUDING, DEV, "{"), included, found.append)
    assert [(n.path, n.included) for n in found] == [("0.yaml", ("a.txt",)), ("1.yaml", ())]


def test_files_are_read_without_asking_for_what_they_name():
    alone = parse_alone(sources(DEPLOYMENT), included)
    assert not alone.diagnostics
    assert list(alone.resources) == list(parse(sources(*EVERYTHING), included).resources)[-1:]
    assert parse(sources(DEPLOYMENT), included).diagnostics


def test_what_is_wrong_with_several_files_together_is_told_of_recalled_ones():
    kept = noted(DEPLOYMENT)
    parsed = recalled(kept, DEPLOYMENT)
    assert parsed == parse(sources(DEPLOYMENT), included)
    assert {d.code for d in parsed.diagnostics} == {codes.DANGLING_REFERENCE}


@pytest.mark.parametrize("first", [DEV, DEV.replace("tier: dev", "tier: none")], ids=["good", "broken"])
def test_a_recalled_file_that_declares_what_is_declared_before_is_read_again(first):
    second = f"{DEV}---\n{model()}"
    parsed = recalled(noted(second), first, second)
    assert parsed == parse(sources(first, second), included)
    assert codes.DUPLICATE in [d.code for d in parsed.diagnostics]
    assert "Model/tiny@1" in map(str, parsed.resources)


def test_a_file_that_cannot_be_read_again_is_left_out():
    kept = noted(DEV)
    twice = [Recalled(p, blob, packed, lambda: None) for blob, packed in kept.items() for p in ("a.yaml", "b.yaml")]
    parsed = parse(twice, included)
    assert parsed.diagnostics == ()
    assert [r.origin.path for r in parsed.resources.values()] == ["a.yaml"]


@pytest.mark.parametrize(
    "packed",
    [b"", b"x", b"2\n[]more", b"4\n[[1]", b"4\nnull", b"7\n[[1,2]]", b"9" * 30 + b"\n[]", b"\xff\n[]"],
)
def test_bytes_that_were_not_packed_are_read_again(packed):
    (file,) = sources(DEV)
    assert unpack(Recalled(file.path, file.blob, packed, lambda: file)) is None
    assert parse([Recalled(file.path, file.blob, packed, lambda: file)], included) == parse([file], included)


def test_a_file_without_documents_is_known_as_such():
    assert pack([]) == b"2\n[]"
    assert noted("# nothing\n") == {BlobId("blob-# nothing\n"): b"2\n[]"}
