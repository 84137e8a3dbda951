"""What the directory store promises beyond the port: safety against damage, kills, full disks and rivals."""

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from artifacts import REPOSITORY, TINY, MemorySource, build_pin, digest_of_content, pin, safetensors, silent
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.builtin import builtin_builders
from trueup.adapters.sources.builtin import builtin_sources
from trueup.adapters.stores.codes import STORE_FAILED
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.desired.state import ArtifactPin
from trueup.ports import Progress

BIG = bytes(range(256)) * 4 * 4096  # 4 MiB: several chunks
FOLDER = {"a": b"first" * 1000, "b/c": b"second"}


def store_of(folder: Path, source: MemorySource, **options: object) -> DirectoryStore:
    return DirectoryStore(folder / "store", {"mem": source}, builtin_builders(), **options)  # type: ignore[arg-type]


def object_of(folder: Path, content: object) -> Path:
    name = digest_of_content(content).removeprefix("sha256:")  # type: ignore[arg-type]
    return folder / "store" / "objects" / name[:2] / name


def run_script(text: str, *arguments: object) -> "subprocess.Popen[str]":
    path = os.pathsep.join([str(REPOSITORY / "engine"), str(REPOSITORY / "tests")])
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_admitted_files_cannot_be_written(tmp_path: Path) -> None:
    path = store_of(tmp_path, MemorySource({"mem:x": FOLDER})).fetch(pin("mem:x", FOLDER), silent)
    assert {f.stat().st_mode & 0o777 for f in path.rglob("*") if f.is_file()} == {0o444}


def test_a_second_fetch_does_not_open_the_source(tmp_path: Path) -> None:
    source = MemorySource({"mem:x": FOLDER})
    store = store_of(tmp_path, source)
    store.fetch(pin("mem:x", FOLDER), silent)
    store.fetch(pin("mem:x", FOLDER), silent)
    assert sorted(source.opened) == [("a", 0), ("b/c", 0)]


def test_the_repositorys_own_models_have_their_declared_digests(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, builtin_sources(REPOSITORY), builtin_builders())
    declared = {
        "file:models/tiny/v1": ("spec/models/tiny-1.yaml", "safetensors"),
        "file:models/tiny/v2": ("spec/models/tiny-2.yaml", "safetensors"),
        "file:models/tiny/v3-leaky": ("spec/models/tiny-3-leaky.yaml", "safetensors"),
        "file:models/tiny/facts.jsonl": ("spec/datasets/facts.yaml", "jsonl"),
        "file:models/tiny/injections.jsonl": ("spec/datasets/injections.yaml", "jsonl"),
    }
    for uri, (spec, declared_format) in declared.items():
        text = (REPOSITORY / spec).read_text()
        digest = Digest(next(word for word in text.split() if word.startswith("sha256:")))
        assert store.fetch(ArtifactPin(uri, digest, declared_format), silent).exists()


@pytest.mark.parametrize("harm", ["shorter", "other bytes", "missing", "added", "no manifest"])
def test_a_damaged_artifact_is_not_found_and_fetched_anew_with_a_message(tmp_path: Path, harm: str) -> None:
    store = store_of(tmp_path, MemorySource({"mem:x": FOLDER}))
    path = store.fetch(pin("mem:x", FOLDER), silent)
    (path / "a").chmod(0o644)
    match harm:
        case "shorter":
            (path / "a").write_bytes(b"cut")
        case "other bytes":
            (path / "a").write_bytes(b"other" * 1000)
        case "missing":
            (path / "a").unlink()
        case "added":
            (path / "modeling.py").write_text("print()")
        case _:
            (path.parent / "manifest.json").unlink()
    assert store.find(digest_of_content(FOLDER)) is None
    told: list[str] = []
    again = store.fetch(pin("mem:x", FOLDER), lambda what, done, total: told.append(what))
    assert (again / "a").read_bytes() == FOLDER["a"]
    assert any("damaged" in what and "set aside in" in what for what in told)
    assert store.verify(digest_of_content(FOLDER)) == ()


def test_bytes_changed_behind_an_unchanged_size_and_time_are_found_by_verify(tmp_path: Path) -> None:
    store = store_of(tmp_path, MemorySource({"mem:x": FOLDER}))
    file = store.fetch(pin("mem:x", FOLDER), silent) / "a"
    status = file.stat()
    file.chmod(0o644)
    file.write_bytes(b"other" * 1000)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert store.verify(digest_of_content(FOLDER)) == ("`a` has other bytes than were admitted",)


def test_a_touched_file_is_hashed_and_stays_whole(tmp_path: Path) -> None:
    store = store_of(tmp_path, MemorySource({"mem:x": BIG}))
    path = store.fetch(pin("mem:x", BIG), silent)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert store.find(digest_of_content(BIG)) == path


class Breaking(io.BytesIO):
    """A stream that breaks off after a megabyte."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 1 << 20:
            raise OSError(5, "Input/output error")
        return super().read(size)


def test_an_interrupted_fetch_is_continued_where_it_stopped(tmp_path: Path) -> None:
    source = MemorySource({"mem:x": BIG}, wrap=lambda content: Breaking(content.read()))
    store = store_of(tmp_path, source)
    with pytest.raises(PermanentError, match="ART107"):
        store.fetch(pin("mem:x", BIG), silent)
    assert store.find(digest_of_content(BIG)) is None
    source.wrap = lambda content: content
    assert store.fetch(pin("mem:x", BIG), silent).read_bytes() == BIG
    assert source.opened == [("file", 0), ("file", 1 << 20)]


def test_a_partial_file_with_wrong_bytes_is_started_over(tmp_path: Path) -> None:
    source = MemorySource({"mem:x": BIG})
    store = store_of(tmp_path, source)
    name = digest_of_content(BIG).removeprefix("sha256:")
    partial = tmp_path / "store" / "partial" / name / "content"
    partial.mkdir(parents=True)
    (partial / "file").write_bytes(b"\0" * 1000)
    (partial / "stranger").write_bytes(b"of another listing")
    told: list[str] = []
    path = store.fetch(pin("mem:x", BIG), lambda what, done, total: told.append(what))
    assert path.read_bytes() == BIG
    assert any("starting over" in what for what in told)
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_a_wrong_digest_leaves_nothing_behind(tmp_path: Path) -> None:
    store = store_of(tmp_path, MemorySource({"mem:x": BIG}))
    with pytest.raises(PermanentError, match="ART001"):
        store.fetch(ArtifactPin("mem:x", digest_of_content(b"other"), "jsonl"), silent)
    assert not list((tmp_path / "store" / "partial").iterdir())
    assert list(store.keys()) == []


def test_a_folder_with_the_wrong_digest_names_its_hidden_files(tmp_path: Path) -> None:
    store = store_of(tmp_path, MemorySource({"mem:x": {**FOLDER, ".DS_Store": b"junk"}}))
    with pytest.raises(PermanentError, match=r"Hidden files count too: \.DS_Store"):
        store.fetch(pin("mem:x", FOLDER), silent)


def test_a_source_that_shrinks_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    source = MemorySource({"mem:x": BIG}, wrap=lambda content: io.BytesIO(content.read(1000)))
    with pytest.raises(PermanentError, match="ART108"):
        store_of(tmp_path, source).fetch(pin("mem:x", BIG), silent)


def test_a_source_that_lists_a_path_outside_is_refused(tmp_path: Path) -> None:
    content = {"../../evil": b"x"}
    with pytest.raises(PermanentError, match="ART103"):
        store_of(tmp_path, MemorySource({"mem:x": content})).fetch(pin("mem:x", content), silent)
    assert not (tmp_path / "store" / "partial" / "evil").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from artifacts import MemorySource, pin, silent
from trueup.adapters.stores.directory import DirectoryStore
BIG = bytes(range(256)) * 4 * 4096

class Deadly:
    def __init__(self, content): self.content = content
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def read(self, size):
        if self.content.tell() >= 2 << 20:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.content.read(size)

source = MemorySource({"mem:x": BIG}, wrap=Deadly)
DirectoryStore(Path(sys.argv[1]) / "store", {"mem": source}, {}).fetch(pin("mem:x", BIG), silent)
"""


def test_a_fetch_that_is_killed_shows_nothing_half_and_is_finished_by_the_next(tmp_path: Path) -> None:
    process = run_script(KILLED, tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    source = MemorySource({"mem:x": BIG})
    store = store_of(tmp_path, source)
    assert store.find(digest_of_content(BIG)) is None
    assert list(store.keys()) == []
    assert store.fetch(pin("mem:x", BIG), silent).read_bytes() == BIG
    # What the killed run had flushed is continued from, never more than it had read.
    assert source.opened[-1][1] <= 2 << 20


KILLED_BUILD = """
import os, signal, sys
from pathlib import Path
from artifacts import build_pin, silent
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.digests import Digest

class Dying:
    def build(self, task, progress):
        (task.target / "half").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)

pin = build_pin("gguf", Digest("sha256:" + "1" * 64))
DirectoryStore(Path(sys.argv[1]) / "store", {}, {"gguf": Dying()}).build(pin, Path(sys.argv[1]), silent)
"""


class Whole:
    def build(self, task: BuildTask, progress: object) -> Built:
        assert list(task.target.iterdir()) == []
        (task.target / "whole").write_bytes(b"whole")
        return Built(task.target / "whole")


def test_a_build_that_is_killed_is_built_again_from_nothing(tmp_path: Path) -> None:
    process = run_script(KILLED_BUILD, tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    store = DirectoryStore(tmp_path / "store", {}, {"gguf": Whole()})
    build = build_pin("gguf", Digest("sha256:" + "1" * 64))
    assert store.find(build.key) is None
    assert store.build(build, tmp_path, silent).read_bytes() == b"whole"


FULL = """
import resource, sys
from pathlib import Path
from artifacts import MemorySource, pin, silent
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.errors import PermanentError
resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))
BIG = bytes(range(256)) * 4 * 4096
store = DirectoryStore(Path(sys.argv[1]) / "store", {"mem": MemorySource({"mem:x": BIG})}, {})
try:
    store.fetch(pin("mem:x", BIG), silent)
except PermanentError as error:
    print(error.code.id, error.detail)
"""


def test_a_full_disk_is_a_clear_error_that_says_what_is_kept_and_the_rest_follows(tmp_path: Path) -> None:
    out, err = run_script(FULL, tmp_path).communicate(timeout=60)
    assert out.startswith("ART002"), err
    assert "3,145,728 bytes are kept" in out
    source = MemorySource({"mem:x": BIG})
    assert store_of(tmp_path, source).fetch(pin("mem:x", BIG), silent).read_bytes() == BIG
    assert source.opened == [("file", 3 << 20)]


def test_an_artifact_larger_than_the_disk_is_refused_before_it_is_copied(tmp_path: Path) -> None:
    class Huge(bytes):
        def __len__(self) -> int:
            return 1 << 43

    source = MemorySource({"mem:x": Huge(b"x")})
    with pytest.raises(PermanentError, match=r"ART002.*nothing was copied"):
        store_of(tmp_path, source).fetch(pin("mem:x", b"x"), silent)
    assert source.opened == []


FORBIDDEN = """
import os, sys
from pathlib import Path
from artifacts import MemorySource, pin, silent
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.errors import PermanentError
store = DirectoryStore(Path(sys.argv[1]) / "store", {"mem": MemorySource({"mem:x": b"x"})}, {})
Path(sys.argv[1]).chmod(0o500)
if os.geteuid() == 0:
    os.setuid(65534)
try:
    store.fetch(pin("mem:x", b"x"), silent)
except PermanentError as error:
    print(error.code.id, error.detail)
"""


def test_a_store_that_may_not_be_written_is_a_clear_error(tmp_path: Path) -> None:
    out, err = run_script(FORBIDDEN, tmp_path).communicate(timeout=60)
    assert out.startswith("ART003"), err
    assert "nothing was left behind" in out


RIVAL = """
import sys, time
from pathlib import Path
from artifacts import build_pin
from trueup.adapters.builders.builder import Built
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.digests import Digest
folder = Path(sys.argv[1])

class Slow:
    def build(self, task, progress):
        print("building", flush=True)
        while not (folder / "go").exists():
            time.sleep(0.01)
        (task.target / "result").write_bytes(b"result")
        return Built(task.target / "result")

pin = build_pin("gguf", Digest("sha256:" + "2" * 64))
path = DirectoryStore(folder / "store", {}, {"gguf": Slow()}).build(
    pin, folder, lambda what, done, total: print(what, flush=True)
)
print(path.read_bytes().decode(), flush=True)
"""


def test_of_two_processes_with_one_key_one_builds_and_the_other_waits_for_it(tmp_path: Path) -> None:
    first = run_script(RIVAL, tmp_path)
    assert first.stdout is not None
    assert first.stdout.readline() == "building\n"
    second = run_script(RIVAL, tmp_path)
    assert second.stdout is not None
    assert "waiting for another run" in second.stdout.readline()
    (tmp_path / "go").touch()
    assert first.communicate(timeout=60)[0] == "result\n"
    assert second.communicate(timeout=60)[0].splitlines()[-1] == "result"


def test_a_store_of_another_layout_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "version").write_text("99\n")
    with pytest.raises(PermanentError, match="ART008"):
        store_of(tmp_path, MemorySource({"mem:x": BIG})).fetch(pin("mem:x", BIG), silent)


def test_removing_frees_what_lay_under_the_key(tmp_path: Path) -> None:
    store = store_of(tmp_path, MemorySource({"mem:x": BIG}))
    store.fetch(pin("mem:x", BIG), silent)
    assert store.remove(digest_of_content(BIG)) > len(BIG)
    assert store.find(digest_of_content(BIG)) is None
    assert not object_of(tmp_path, BIG).exists()


def test_the_manifest_tells_where_an_artifact_came_from(tmp_path: Path) -> None:
    store_of(tmp_path, MemorySource({"mem:x": BIG})).fetch(pin("mem:x", BIG), silent)
    manifest = json.loads((object_of(tmp_path, BIG) / "manifest.json").read_text())
    assert manifest["origin"] == {"uri": "mem:x", "format": "jsonl"}
    assert manifest["digest"] == digest_of_content(BIG)


def test_pickled_weights_are_refused_before_a_byte_is_copied(tmp_path: Path) -> None:
    source = MemorySource({"mem:x": {"pytorch_model.bin": b"whatever"}})
    with pytest.raises(PermanentError, match=r"ART005.*pytorch_model\.bin"):
        store_of(tmp_path, source).fetch(pin("mem:x", source.artifacts["mem:x"], "pytorch"), silent)
    assert source.opened == []


PICKLED = {"model.pt": b"\x80\x04K\x01."}


@pytest.mark.parametrize(
    ("excepted", "findings", "is_admitted"),
    [(True, [], True), (True, ["os.system"], False), (False, [], False), (True, None, False)],
    ids=["exception and clean scan", "scan finds something", "no exception", "no scanner"],
)
def test_pickles_need_an_exception_and_a_clean_scan(
    tmp_path: Path, excepted: bool, findings: list[str] | None, is_admitted: bool
) -> None:
    store = store_of(
        tmp_path,
        MemorySource({"mem:x": PICKLED}),
        scanner=None if findings is None else lambda path: findings,
    )
    declared = pin("mem:x", PICKLED, "pytorch")
    if is_admitted:
        assert store.fetch(declared, silent, allow_pickle=excepted).is_dir()
    else:
        with pytest.raises(PermanentError, match="ART005"):
            store.fetch(declared, silent, allow_pickle=excepted)
        assert store.find(declared.digest) is None


def test_what_is_looked_into_is_verified_and_not_admitted_and_not_copied_twice(tmp_path: Path) -> None:
    source = MemorySource({"mem:x": PICKLED})
    store = store_of(tmp_path, source, scanner=lambda path: [])
    declared = pin("mem:x", PICKLED, "pytorch")
    seen = store.inspect(declared, lambda place: [p.name for p in place.iterdir()], silent)
    assert (seen, store.find(declared.digest)) == (["model.pt"], None)
    store.fetch(declared, silent, allow_pickle=True)
    assert [offset for _, offset in source.opened] == [0, len(PICKLED["model.pt"])]
    assert store.inspect(declared, lambda place: place, silent) == store.find(declared.digest)
    with pytest.raises(PermanentError, match="ART001"):
        store.inspect(replace(declared, digest=digest_of_content(b"other")), lambda place: place, silent)


def test_a_format_that_is_not_the_declared_one_is_refused(tmp_path: Path) -> None:
    content = {"model.safetensors": safetensors({"w": ("F32", (1,), b"\0\0\0\0")})}
    with pytest.raises(PermanentError, match=r"ART006.*`gguf`"):
        store_of(tmp_path, MemorySource({"mem:x": content})).fetch(pin("mem:x", content, "gguf"), silent)


def test_a_half_downloaded_model_is_refused_even_with_its_own_digest(tmp_path: Path) -> None:
    whole = (TINY / "v2" / "model.safetensors").read_bytes()
    content = {"model.safetensors": whole[: len(whole) // 2]}
    with pytest.raises(PermanentError, match=r"ART007.*cut short"):
        store_of(tmp_path, MemorySource({"mem:x": content})).fetch(pin("mem:x", content, "safetensors"), silent)


def test_progress_ends_with_everything_done(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    store = store_of(tmp_path, MemorySource({"mem:x": BIG}))
    store.fetch(pin("mem:x", BIG), lambda what, done, total: told.append((done, total)))
    assert told[-1] == (len(BIG), len(BIG))
    assert [d for d, _ in told] == sorted(d for d, _ in told)


class Clocked:
    """A clock whose every look is a minute later."""

    def __init__(self) -> None:
        self.minutes = 0

    def now(self) -> datetime:
        self.minutes += 1
        return datetime(2026, 3, 14, 12, self.minutes, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


class Folders:
    """A builder that leaves a folder, and tells with what it worked."""

    def __init__(self, **told: object) -> None:
        self.told = told

    def build(self, task: BuildTask, progress: object) -> Built:
        (task.target / "weights").write_bytes(b"made")
        return Built(task.target, {"torch": "2.13.0"}, **self.told)  # type: ignore[arg-type]


def built(folder: Path, **told: object) -> tuple[DirectoryStore, Digest, Path]:
    source = MemorySource({"mem:x": FOLDER, "mem:data": b"rows"})
    store = DirectoryStore(folder / "store", {"mem": source}, {"folders": Folders(**told)}, clock=Clocked())
    data = pin("mem:data", b"rows")
    store.fetch(data, silent)
    made = replace(build_pin("folders", digest_of_content(FOLDER), api_key="hunter2"), inputs=(data,))
    path = store.build(made, store.fetch(pin("mem:x", FOLDER), silent), silent)
    return store, made.key, path


def provenance_of(store: DirectoryStore, key: Digest) -> dict[str, Any]:
    entry = store.entry(key)
    assert entry is not None
    return json.loads(entry.provenance)["predicate"]


def test_the_statement_of_a_build_lies_beside_its_manifest_and_not_among_its_files(tmp_path: Path) -> None:
    store, key, path = built(tmp_path)
    assert [p.name for p in path.iterdir()] == ["weights"]
    assert (path.parent / "provenance.json").read_bytes() == store.entry(key).provenance  # type: ignore[union-attr]


def test_a_statement_names_what_was_read_with_what_and_when(tmp_path: Path) -> None:
    store, key, _ = built(tmp_path, accelerator={"product": "NVIDIA-H200"}, resolved={"max_seq_len": 8})
    said = provenance_of(store, key)
    definition, details = said["buildDefinition"], said["runDetails"]
    assert [(d["name"], d["uri"], list(d["digest"])) for d in definition["resolvedDependencies"]] == [
        ("source", "mem:x", ["trueupTree"]),
        ("input 1", "mem:data", ["sha256"]),
    ]
    assert definition["internalParameters"] == {
        "accelerator": {"product": "NVIDIA-H200"},
        "parameters": {"max_seq_len": 8},
        "simulated": False,
    }
    assert details["builder"]["version"]["torch"] == "2.13.0"
    times = details["metadata"]
    assert (times["startedOn"], times["finishedOn"]) == ("2026-03-14T12:01:00Z", "2026-03-14T12:02:00Z")


def test_a_statement_holds_no_secret_that_somebody_wrote_into_a_build(tmp_path: Path) -> None:
    store, key, _ = built(tmp_path)
    assert b"hunter2" not in store.entry(key).provenance  # type: ignore[union-attr]


def test_a_source_that_is_in_no_store_is_hashed_for_the_statement(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store", {}, {"folders": Folders()})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_bytes(b"one")
    for source in (tmp_path / "elsewhere", tmp_path / "elsewhere" / "a"):
        content: object = {"a": b"one"} if source.is_dir() else b"one"
        made = build_pin("folders", digest_of_content(content))  # type: ignore[arg-type]
        store.build(made, source, silent)
        (material,) = provenance_of(store, made.key)["buildDefinition"]["resolvedDependencies"]
        (found,) = material["digest"].values()
        assert f"sha256:{found}" == digest_of_content(content)  # type: ignore[arg-type]


def test_what_a_double_built_says_so(tmp_path: Path) -> None:
    store, key, _ = built(tmp_path, simulated=True)
    assert store.entry(key).simulated  # type: ignore[union-attr]
    assert provenance_of(store, key)["buildDefinition"]["internalParameters"]["simulated"] is True


@pytest.mark.parametrize("fault", ["changed", "gone"])
def test_a_build_whose_statement_was_changed_is_built_anew(tmp_path: Path, fault: str) -> None:
    store, key, path = built(tmp_path)
    statement = path.parent / "provenance.json"
    statement.unlink()
    if fault == "changed":
        statement.write_text("{}")
    entry = store.entry(key)
    assert entry is not None
    assert entry.provenance == b""
    assert store.find(key) is None, "what cannot be proven is not served"


def test_what_a_kill_left_is_listed_and_removed(tmp_path: Path) -> None:
    store, key, _ = built(tmp_path)
    other = Digest("sha256:" + "7" * 64)
    for place in ("partial", "quarantine"):
        half = tmp_path / "store" / place / other.removeprefix("sha256:") / "content"
        half.mkdir(parents=True)
        (half / "weights").write_bytes(b"half")
    (tmp_path / "store" / "partial" / "no-digest").mkdir()
    assert list(store.leftovers()) == [other]
    assert key in set(store.keys())
    assert store.remove(other) == 8
    assert list(store.leftovers()) == []


class Keeping:
    """A builder that measures for long, keeps what it measured, and fails the first time it writes the result."""

    def __init__(self) -> None:
        self.measured = 0

    def build(self, task: BuildTask, progress: Progress) -> Built:
        assert task.kept is not None
        if not (task.kept / "measured").exists():
            self.measured += 1
            (task.kept / "measured").write_bytes(b"scales")
            (task.target / "half").write_bytes(b"half")
            raise PermanentError(STORE_FAILED, "killed")
        assert not list(task.target.iterdir())
        (task.target / "weights").write_bytes(b"whole")
        return Built(task.target)


def test_what_a_builder_keeps_is_there_for_the_next_try_and_in_no_artifact(tmp_path: Path) -> None:
    builder = Keeping()
    store = DirectoryStore(tmp_path / "store", {"mem": MemorySource({"mem:x": FOLDER})}, {"keeping": builder})
    made, source = build_pin("keeping", digest_of_content(FOLDER)), store.fetch(pin("mem:x", FOLDER), silent)
    with pytest.raises(PermanentError):
        store.build(made, source, silent)
    assert list(store.leftovers()) == [made.key]
    path = store.build(made, source, silent)
    assert builder.measured == 1
    assert [f.name for f in path.iterdir()] == ["weights"]
    assert sorted(f.name for f in path.parent.iterdir()) == ["content", "manifest.json", "provenance.json"]
    assert not list((tmp_path / "store" / "partial").iterdir())
