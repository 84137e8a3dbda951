"""What files really contain, and digests of them."""

import io
import json
import os
import pickle
import struct
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts import TINY, broken_tiny, digest_of_content, safetensors
from trueup.adapters.stores.digest_cache import DigestCache
from trueup.adapters.stores.formats import Kind, check_content, kind_of
from trueup.adapters.stores.hashing import (
    FileDigest,
    digest_of_artifact,
    digest_of_file,
    digest_of_tree,
    files_below,
    hash_files,
)
from trueup.adapters.stores.safetensors import read_header
from trueup.core.digests import Digest, digest_of_bytes
from trueup.core.errors import PermanentError

GOOD = safetensors({"a": ("F32", (2, 2), bytes(16)), "b": ("F16", (3,), bytes(6)), "empty": ("F32", (0, 4), b"")})


def torch_like() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    return content.getvalue()


def numpy_objects() -> bytes:
    content = io.BytesIO()
    np.save(content, np.array([{}], dtype=object), allow_pickle=True)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (GOOD, Kind.SAFETENSORS),
        (b"GGUF\x03\0\0\0", Kind.GGUF),
        (pickle.dumps([1, 2]), Kind.PICKLE),
        (pickle.dumps([1, 2], protocol=2), Kind.PICKLE),
        (torch_like(), Kind.PICKLE),
        (b"PK\x03\x04 cut short", Kind.PICKLE),
        (numpy_objects(), Kind.PICKLE),
        (b'{"prompt": "x"}\n', Kind.OTHER),
        (b"", Kind.OTHER),
    ],
)
def test_a_file_is_told_by_its_content(tmp_path: Path, content: bytes, kind: Kind) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    assert kind_of(file) is kind


@pytest.mark.parametrize("name", ["m.pt", "m.PTH", "m.pkl", "m.ckpt", "pytorch_model.bin", "m.joblib"])
def test_a_name_that_loaders_unpickle_is_refused_whatever_is_inside(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"(dp0\n.")
    with pytest.raises(PermanentError, match="ART005"):
        check_content(tmp_path, [name], "pytorch")


def test_a_pickle_under_an_innocent_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(pickle.dumps({}))
    with pytest.raises(PermanentError, match="ART005"):
        check_content(tmp_path, ["model.safetensors"], "safetensors")


def test_openvino_weights_may_end_in_bin(tmp_path: Path) -> None:
    (tmp_path / "openvino_model.bin").write_bytes(bytes(64))
    check_content(tmp_path, ["openvino_model.bin"], "openvino")


def test_a_declared_format_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "readme").write_text("hello")
    with pytest.raises(PermanentError, match="ART006"):
        check_content(tmp_path, ["readme"], "gguf")


@pytest.mark.parametrize("size", range(0, len(GOOD), 7))
def test_safetensors_cut_short_anywhere_are_refused(tmp_path: Path, size: int) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(GOOD[:size])
    with pytest.raises(PermanentError, match="ART007"):
        read_header(file)


def header(value: object, body: bytes = b"") -> bytes:
    text = json.dumps(value).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.mark.parametrize(
    "content",
    [
        GOOD + b"more",
        struct.pack("<Q", 1 << 62) + b"{}",
        struct.pack("<Q", 4) + b"[[[[",
        header([1]),
        header({"a": 1}),
        header({"a": {"dtype": "F99", "shape": [], "data_offsets": [0, 4]}}, bytes(4)),
        header({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, bytes(4)),
        header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}),
        header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        header({n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}, bytes(4)),
        header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)),
    ],
    ids=["tail", "huge header", "no JSON", "a list", "no entry", "type", "shape", "offset", "size", "overlap", "hole"],
)
def test_a_broken_safetensors_header_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(PermanentError, match="ART007"):
        read_header(file)


@given(content=st.binary(max_size=200))
def test_no_bytes_break_the_safetensors_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.safetensors"
    file.write_bytes(content)
    with pytest.raises(PermanentError, match="ART007") if not _is_empty_header(content) else nullcontext():
        read_header(file)


def _is_empty_header(content: bytes) -> bool:
    return content[8:].strip() == b"{}" and struct.unpack("<Q", content[:8])[0] == len(content) - 8


def test_the_short_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="cut short"):
        read_header(broken_tiny(tmp_path / "short", "short") / "model.safetensors")


def test_faults_are_derived_to_the_same_bytes_every_time(tmp_path: Path) -> None:
    first, second = (broken_tiny(tmp_path / n, "noisy") / "model.safetensors" for n in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes() != (TINY / "v2" / "model.safetensors").read_bytes()


def tree(content: dict[str, bytes]) -> list[FileDigest]:
    return [FileDigest(p, len(b), digest_of_bytes(b)) for p, b in content.items()]


@given(st.dictionaries(st.text("abc/.", min_size=1, max_size=5), st.binary(max_size=5), min_size=1))
def test_a_folders_digest_does_not_depend_on_the_order_of_its_files(content: dict[str, bytes]) -> None:
    rows = tree(content)
    assert digest_of_tree(rows) == digest_of_tree(reversed(rows)) == digest_of_content(content)


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_a_folders_digest_changes_with_any_name_or_byte(one: bytes, two: bytes) -> None:
    digests = {digest_of_tree(tree({name: text})) for name in ("a", "b") for text in {one, two}}
    assert len(digests) == 2 * len({one, two})


def test_a_folder_of_one_file_is_not_that_file() -> None:
    rows = tree({"a": b"x"})
    assert digest_of_artifact(rows, is_folder=True) != digest_of_artifact(rows, is_folder=False)


def test_files_are_hashed_in_the_order_given(tmp_path: Path) -> None:
    content = {f"f{n}": bytes([n]) * n for n in range(20)}
    for name, text in content.items():
        (tmp_path / name).write_bytes(text)
    assert list(hash_files(tmp_path, content, digest_of_file)) == tree(content)
    assert set(files_below(tmp_path)) == set(content)


def old(file: Path, seconds: int = 1_000_000_000) -> Path:
    os.utime(file, (seconds, seconds))
    return file


def test_a_digest_is_remembered_for_a_file_that_has_not_changed(tmp_path: Path) -> None:
    file, memory = tmp_path / "file", tmp_path / "digests.json"
    file.write_bytes(b"one")
    cache = DigestCache(memory)
    cache.digest(old(file))
    cache.save()
    entries = json.loads(memory.read_text())
    assert list(entries.values()) == [digest_of_bytes(b"one")]
    memory.write_text(json.dumps(dict.fromkeys(entries, "sha256:" + "0" * 64)))
    assert DigestCache(memory).digest(file) == Digest("sha256:" + "0" * 64)


def test_a_changed_file_is_hashed_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    cache = DigestCache(tmp_path / "digests.json")
    file.write_bytes(b"one")
    cache.digest(old(file))
    file.write_bytes(b"two")
    assert cache.digest(old(file, 1_000_000_001)) == digest_of_bytes(b"two")


def test_a_file_changed_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    file, memory = tmp_path / "file", tmp_path / "digests.json"
    file.write_bytes(b"one")
    cache = DigestCache(memory)
    cache.digest(file)
    cache.save()
    assert not memory.exists()


@pytest.mark.parametrize("broken", [b"", b"[", b"[]", b'{"x": 1}'])
def test_a_broken_memory_costs_nothing_but_time(tmp_path: Path, broken: bytes) -> None:
    file, memory = tmp_path / "file", tmp_path / "digests.json"
    file.write_bytes(b"one")
    memory.write_bytes(broken)
    assert DigestCache(memory).digest(file) == digest_of_bytes(b"one")
