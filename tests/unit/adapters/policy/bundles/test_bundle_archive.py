"""Archives of bundles: what `opa build` writes is read; what could do harm is refused."""

import gzip
import tarfile
from itertools import count

import pytest

from archives import packed
from trueup.adapters.policy.bundles import archive, codes
from trueup.adapters.policy.bundles.archive import BundleError, read_archive


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_names_of_opa_build_lose_their_leading_slash() -> None:
    content = packed(("/policy.rego", b"package p"), ("/.manifest", b"{}"), ("./sub/data.json", b"{}"))
    assert read_archive(content, "b.tar.gz") == [
        (".manifest", b"{}"),
        ("policy.rego", b"package p"),
        ("sub/data.json", b"{}"),
    ]


def test_folders_are_passed_over() -> None:
    assert read_archive(packed(("a.rego", b""), folder=member("sub", tarfile.DIRTYPE)), "b") == [("a.rego", b"")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no gzip at all", "cannot be read"),
        (packed(("a.rego", b"package a" * 900))[:-40], "too early"),
        (gzip.compress(b"not a tar, but long enough to be read as one" * 30, mtime=0), "cannot be read"),
        (packed(("../a.rego", b"")), "no path inside"),
        (packed(("a\\b.rego", b"")), "no path inside"),
        (packed(("a\nb.rego", b"")), "no path inside"),
        (packed(("A.rego", b""), ("a.rego", b"")), "one name"),
        (packed(("a.rego", b"1"), ("a.rego", b"2")), "one name"),
        (packed(x=member("a.rego", tarfile.SYMTYPE, "/etc/passwd")), "link or a device"),
        (packed(x=member("a.rego", tarfile.LNKTYPE, "b.rego")), "link or a device"),
        (packed(x=member("a.rego", tarfile.CHRTYPE)), "link or a device"),
    ],
    ids=count(),
)
def test_what_is_no_archive_of_plain_files_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(BundleError, match=said) as caught:
        read_archive(content, "b.tar.gz")
    assert caught.value.code is codes.ARCHIVE
    assert caught.value.span
    assert caught.value.span.path == "b.tar.gz"


def test_a_small_file_that_stands_for_a_large_one_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 20)
    with pytest.raises(BundleError, match="more than 1 MiB"):
        read_archive(packed(("a.rego", bytes(2 << 20))), "b")


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with pytest.raises(BundleError, match="more than 2 files"):
        read_archive(packed(*((f"{i}.rego", b"") for i in range(3))), "b")
