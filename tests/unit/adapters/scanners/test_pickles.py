"""What a scan sees in pickles, by whatever name they go; nothing is ever loaded."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest

from artifacts import MemorySource, pin, silent
from trueup.adapters.scanners.pickles import MOST_TOLD, PickleScanner, scan_pickles
from trueup.adapters.stores.directory import DirectoryStore


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch /tmp/it-ran",)


class Many:
    """Asks for many names that nobody knows."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return getattr, (os, f"name_{self.number}")


def pickled(value: object, protocol: int = 2) -> bytes:
    return pickle.dumps(value, protocol=protocol)


def zipped(content: bytes, name: str = "archive/data.pkl") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


GOOD, BAD = pickled(OrderedDict(weight=[1.0, 2.0])), pickled(Evil())


@pytest.mark.parametrize("name", ["model.pkl", "model.dat", "weights", "model.PKL"])
def test_code_is_found_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD)
    for place in (tmp_path, tmp_path / name):
        (finding,) = scan_pickles(place)
        assert "system` (dangerous)" in finding
        assert name in finding


def test_code_inside_an_archive_is_found(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(zipped(BAD))
    assert any("dangerous" in finding for finding in scan_pickles(tmp_path))


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_plain_data_has_no_findings(tmp_path: Path, protocol: int) -> None:
    (tmp_path / "model.pkl").write_bytes(pickled(OrderedDict(weight=[1.0]), protocol))
    (tmp_path / "config.json").write_text("{}")
    assert scan_pickles(tmp_path) == ()


@pytest.mark.parametrize("content", [b"", b"\x80\x04", GOOD[:-1], BAD[: len(BAD) // 2], b"not a pickle at all"])
def test_what_cannot_be_read_is_a_finding(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.pkl").write_bytes(content)
    assert scan_pickles(tmp_path) != ()


def test_a_name_that_nobody_knows_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"cacme.tools\nload\n.")
    (finding,) = scan_pickles(tmp_path)
    assert finding == "`model.pkl`: `acme.tools.load` (suspicious)"


def test_many_findings_are_counted_rather_than_told(tmp_path: Path) -> None:
    for number in range(MOST_TOLD + 5):
        (tmp_path / f"{number:02}.pkl").write_bytes(BAD)
    found = scan_pickles(tmp_path)
    assert (len(found), found[-1]) == (MOST_TOLD + 1, "5 more")


def test_nothing_runs(tmp_path: Path) -> None:
    marker = Path("/tmp/it-ran")
    marker.unlink(missing_ok=True)
    (tmp_path / "model.pkl").write_bytes(BAD)
    scan_pickles(tmp_path)
    assert not marker.exists()


def test_an_artifact_is_looked_into_without_being_admitted(tmp_path: Path) -> None:
    content = {"model.pkl": BAD}
    store = DirectoryStore(tmp_path, {"mem": MemorySource({"mem:x": content})}, {})
    scanner = PickleScanner(store)
    declared = pin("mem:x", content, "pickle")
    assert len(scanner.scan(declared, silent)) == 1
    assert scanner.scanner.startswith("picklescan ")
    assert store.find(declared.digest) is None
