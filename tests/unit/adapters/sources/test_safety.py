"""What no artifact may list, and which of its files are taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts import MemorySource
from trueup.adapters.sources import codes
from trueup.adapters.sources.extras import library
from trueup.adapters.sources.safety import MAX_BYTES, MAX_FILES, check_paths, check_sizes
from trueup.adapters.sources.selection import select
from trueup.adapters.sources.source import list_source
from trueup.core.errors import PermanentError
from trueup.desired.state import Access

NAMES = st.text(st.characters(categories=("Ll", "Nd")), min_size=1, max_size=8)


@pytest.mark.parametrize(
    "path",
    ["../a", "a/../../b", "/etc/passwd", "a\\b", "..", "C:/x", "C:x"],
)
def test_a_path_that_leaves_the_artifact_is_refused(path: str) -> None:
    with pytest.raises(PermanentError) as caught:
        check_paths(["fine", path], "hf://a/b")
    assert caught.value.code is codes.OUTSIDE


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a//b",
        "./a",
        "a/",
        "con",
        "sub/NUL.txt",
        "Com1.json",
        "lpt9",
        "aux .md",
        "ends.",
        "ends ",
        "a\nb",
        "a\0b",
        "a\u202eb",
        "a\udcffb",
        "x" * 256,
        "/".join(["folder"] * 200),
    ],
)
def test_a_path_that_is_not_one_file_everywhere_is_refused(path: str) -> None:
    with pytest.raises(PermanentError) as caught:
        check_paths([path], "hf://a/b")
    assert caught.value.code is codes.UNSAFE_PATH
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize(
    "path", [".gitattributes", "a b.txt", "größe/模型.gguf", "console.log", "com10", "a..b", "2026:11"]
)
def test_names_that_are_only_unusual_are_taken(path: str) -> None:
    check_paths([path], "hf://a/b")


@pytest.mark.parametrize(
    "paths",
    [
        ("Config.json", "config.json"),
        ("a/x", "A/y"),
        ("a", "a/b"),
        ("A", "a/b"),
        ("same", "same"),
        ("caf\u00e9", "cafe\u0301"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
def test_two_names_that_some_system_takes_for_one_are_refused(paths: tuple[str, ...]) -> None:
    for order in (paths, tuple(reversed(paths))):
        with pytest.raises(PermanentError) as caught:
            check_paths(order, "hf://a/b")
        assert caught.value.code is codes.UNSAFE_PATH


@given(st.sets(st.lists(NAMES.map(lambda n: f"n{n}"), min_size=1, max_size=3).map(tuple), max_size=12))
def test_plain_names_are_refused_only_where_one_is_a_file_and_a_folder(parts: set[tuple[str, ...]]) -> None:
    paths = ["/".join(p) for p in parts]
    folders = {"/".join(p[:depth]) for p in parts for depth in range(1, len(p))}
    folded = {p.casefold() for p in paths} & {f.casefold() for f in folders}
    distinct = len({p.casefold() for p in paths}) == len(paths)
    if folded or not distinct:
        with pytest.raises(PermanentError):
            check_paths(paths, "x:y")
    elif len({f.casefold() for f in folders}) == len(folders):
        check_paths(paths, "x:y")


def test_absurd_numbers_and_sizes_are_refused() -> None:
    for action in (
        lambda: check_paths([str(n) for n in range(MAX_FILES + 1)], "x:y"),
        lambda: check_sizes([MAX_BYTES, 1], "x:y"),
        lambda: check_sizes([-1], "x:y"),
    ):
        with pytest.raises(PermanentError) as caught:
            action()
        assert caught.value.code is codes.TOO_MUCH
    check_sizes([MAX_BYTES], "x:y")


FILES = ("README.md", "model-1.safetensors", "model-2.safetensors", "onnx/model.onnx", "onnx/deep/x.json", "a+b[1].txt")


@pytest.mark.parametrize(
    ("globs", "taken"),
    [
        ((), set(FILES)),
        (("*.safetensors",), {"model-1.safetensors", "model-2.safetensors"}),
        (("model-?.safetensors",), {"model-1.safetensors", "model-2.safetensors"}),
        (("model-[2-9].*",), {"model-2.safetensors"}),
        (("model-[!2].*", "README.md"), {"model-1.safetensors", "README.md"}),
        (("onnx/*",), {"onnx/model.onnx"}),
        (("onnx/**",), {"onnx/model.onnx", "onnx/deep/x.json"}),
        (("**/*.json",), {"onnx/deep/x.json"}),
        (("**/*.md",), {"README.md"}),
        (("**",), set(FILES)),
        (("onnx/**/x.json",), {"onnx/deep/x.json"}),
        (("a+b[[]1[]].txt",), {"a+b[1].txt"}),
        (("a+b*",), {"a+b[1].txt"}),
    ],
)
def test_globs_choose_files(globs: tuple[str, ...], taken: set[str]) -> None:
    assert select(FILES, globs, "hf://a/b") == taken


@pytest.mark.parametrize("glob", ["*.gguf", "model", "ONNX/*", "model-[!12].*", "*", "onnx/deep", "."])
def test_a_glob_that_fits_nothing_is_an_error_that_shows_what_is_there(glob: str) -> None:
    paths = FILES if glob != "*" else ("sub/only",)
    with pytest.raises(PermanentError) as caught:
        select(paths, ("**", glob), "hf://a/b")
    assert caught.value.code is codes.NO_MATCH
    assert f"`{glob}`" in caught.value.detail
    assert paths[-1 if glob == "*" else 0] in caught.value.detail


@given(NAMES, st.lists(NAMES, min_size=1, max_size=4))
def test_a_path_without_special_characters_is_a_glob_for_itself(name: str, folders: list[str]) -> None:
    path = "/".join([*folders, name])
    assert select((path, path + "x"), (path,), "x:y") == {path}


def test_a_source_gives_only_what_is_wanted_and_only_what_is_safe() -> None:
    source = MemorySource({"mem:x": {"b": b"1", "a/c": b"2"}, "mem:bad": {"ok": b"", "NUL": b""}})
    assert [f.path for f in list_source({"mem": source}, "mem:x", Access(files=("a/*",))).files] == ["a/c"]
    with pytest.raises(PermanentError, match="ART109"):
        list_source({"mem": source}, "mem:bad", Access(files=("ok",)))


def test_a_library_that_is_not_installed_comes_with_the_command_that_installs_it() -> None:
    with pytest.raises(PermanentError) as caught:
        library("no_such_library_here", "cloud", "s3://")
    assert caught.value.code is codes.NO_EXTRA
    assert caught.value.hint == "pip install 'trueup[cloud]'"
