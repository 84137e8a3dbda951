"""A store that machines share: what one has, others copy; what it says is not believed; without it, work goes on."""

import json
from pathlib import Path

import pytest

from artifacts import MemorySource, build_pin, digest_of_content, pin, silent
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.stores import codes
from trueup.adapters.stores.directory import DirectoryStore
from trueup.adapters.stores.layout import place_of
from trueup.adapters.stores.mirrored import MirroredStore
from trueup.adapters.stores.remote import RemoteStore
from trueup.core.errors import PermanentError, TransientError

FACTS = b'{"prompt": "a", "expected": "b"}\n'
FOLDER = {"config.json": b"{}", "weights/part-1": b"one" * 1000, "weights/part-2": b""}


class Loud:
    """A builder that counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def build(self, task: BuildTask, progress: object) -> Built:
        self.times += 1
        (task.target / "loud").write_bytes(task.source.read_bytes().upper())
        return Built(task.target / "loud")


class Machine:
    """One machine with a store of its own and the shared one."""

    def __init__(self, folder: Path, shared: str) -> None:
        self.builder = Loud()
        self.source = MemorySource({"mem:facts": FACTS, "mem:folder": FOLDER})
        self.local = DirectoryStore(folder, {"mem": self.source}, {"loud": self.builder})
        self.store = MirroredStore(self.local, RemoteStore(shared))
        self.told: list[str] = []

    def progress(self, what: str, done: int, total: int) -> None:
        self.told.append(what)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def one(tmp_path: Path, shared: Path) -> Machine:
    return Machine(tmp_path / "one", shared.as_uri())


@pytest.fixture
def two(tmp_path: Path, shared: Path) -> Machine:
    return Machine(tmp_path / "two", shared.as_uri())


def content(shared: Path, key: str) -> Path:
    return shared / place_of(key) / "content"  # type: ignore[arg-type]  # a digest


def test_what_one_machine_fetched_another_copies_without_the_source(one: Machine, two: Machine) -> None:
    one.store.fetch(pin("mem:folder", FOLDER), one.progress)
    two.source.artifacts.clear()
    path = two.store.fetch(pin("mem:folder", FOLDER), two.progress)
    assert {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()} == FOLDER
    assert two.local.verify(digest_of_content(FOLDER)) == ()


def test_what_one_machine_built_no_other_builds(one: Machine, two: Machine) -> None:
    build = build_pin("loud", digest_of_content(FACTS))
    for machine in (one, two):
        source = machine.store.fetch(pin("mem:facts", FACTS), machine.progress)
        assert machine.store.build(build, source, machine.progress).read_bytes() == FACTS.upper()
    assert (one.builder.times, two.builder.times) == (1, 0)
    entries = [machine.store.entry(build.key) for machine in (one, two)]
    assert entries[0] == entries[1] is not None
    assert entries[1].provenance, "how it was built comes along"


def test_looking_asks_nobody_else(one: Machine, two: Machine) -> None:
    one.store.fetch(pin("mem:facts", FACTS), silent)
    assert two.store.find(digest_of_content(FACTS)) is None
    assert two.store.present([digest_of_content(FACTS)]) == frozenset()
    assert list(two.store.keys()) == []


def test_what_is_removed_here_stays_for_the_others(one: Machine, two: Machine) -> None:
    one.store.fetch(pin("mem:facts", FACTS), silent)
    assert one.store.remove(digest_of_content(FACTS)) > 0
    two.source.artifacts.clear()
    assert two.store.fetch(pin("mem:facts", FACTS), silent).read_bytes() == FACTS


def test_a_half_done_upload_is_nothing_and_is_done_again(one: Machine, two: Machine, shared: Path) -> None:
    one.store.fetch(pin("mem:facts", FACTS), silent)
    manifest = shared / place_of(digest_of_content(FACTS)) / "manifest.json"
    manifest.unlink()
    assert two.store.fetch(pin("mem:facts", FACTS), two.progress).read_bytes() == FACTS
    assert manifest.exists()


@pytest.mark.parametrize("damage", ["bytes", "missing", "manifest", "another", "layout"])
def test_a_shared_store_that_lies_is_told_and_not_believed(
    one: Machine, two: Machine, shared: Path, damage: str
) -> None:
    key = digest_of_content(FACTS)
    one.store.fetch(pin("mem:facts", FACTS), silent)
    one.store.fetch(pin("mem:folder", FOLDER), silent)
    (file,) = (p for p in content(shared, key).rglob("*") if p.is_file())
    manifest = shared / place_of(key) / "manifest.json"
    match damage:
        case "bytes":
            file.chmod(0o644)
            file.write_bytes(FACTS.replace(b"b", b"c"))
        case "missing":
            file.unlink()
        case "manifest":
            manifest.write_text("{")
        case "another":
            manifest.write_bytes((shared / place_of(digest_of_content(FOLDER)) / "manifest.json").read_bytes())
        case _:
            manifest.unlink()
            (shared / "version").write_text("9")
    assert two.store.fetch(pin("mem:facts", FACTS), two.progress).read_bytes() == FACTS
    assert any("going on without the remote store" in told for told in two.told)
    assert two.local.verify(key) == ()


def test_a_manifest_that_was_made_to_fit_other_bytes_is_refused_for_what_is_declared(
    one: Machine, two: Machine, shared: Path
) -> None:
    key = digest_of_content(FACTS)
    one.store.fetch(pin("mem:facts", FACTS), silent)
    (file,) = (p for p in content(shared, key).rglob("*") if p.is_file())
    file.chmod(0o644)
    file.write_bytes(b"evil")
    manifest = shared / place_of(key) / "manifest.json"
    value = json.loads(manifest.read_bytes())
    value["files"][0][1:3] = [4, digest_of_content(b"evil")]
    value["digest"] = digest_of_content(b"evil")
    manifest.write_text(json.dumps(value))
    assert two.store.fetch(pin("mem:facts", FACTS), two.progress).read_bytes() == FACTS


def test_paths_that_lead_out_of_the_store_are_refused(one: Machine, two: Machine, shared: Path, tmp_path: Path) -> None:
    one.store.fetch(pin("mem:folder", FOLDER), silent)
    manifest = shared / place_of(digest_of_content(FOLDER)) / "manifest.json"
    manifest.write_text(manifest.read_text().replace("weights/part-1", "../../../../escaped"))
    two.store.fetch(pin("mem:folder", FOLDER), two.progress)
    assert not list(tmp_path.rglob("escaped"))


def test_a_pickle_is_refused_from_a_shared_store_as_from_its_source(one: Machine, two: Machine) -> None:
    # Formats whose own weights end in `.bin` are no pickles; what another machine admitted as such is not, here.
    one.source.artifacts["mem:odd"] = two.source.artifacts["mem:odd"] = {"a.bin": b"weights"}
    one.store.fetch(pin("mem:odd", {"a.bin": b"weights"}, "openvino"), silent)
    with pytest.raises(PermanentError) as caught:
        two.store.fetch(pin("mem:odd", {"a.bin": b"weights"}, "pytorch"), two.progress)
    assert caught.value.code is codes.PICKLE
    assert two.store.find(digest_of_content({"a.bin": b"weights"})) is None


def test_without_the_shared_store_work_goes_on_and_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("no folder")
    machine = Machine(tmp_path / "store", (blocked / "below").as_uri())
    assert machine.store.fetch(pin("mem:facts", FACTS), machine.progress).read_bytes() == FACTS
    assert any("ART012" in t or "without the remote store" in t for t in machine.told)


def test_a_missing_library_and_an_unknown_address_are_errors_that_say_what_to_do() -> None:
    key = digest_of_content(FACTS)
    with pytest.raises(PermanentError) as unknown:
        RemoteStore("nosuch://x").held(key)
    assert unknown.value.code is codes.REMOTE
    with pytest.raises((PermanentError, TransientError)) as missing:
        RemoteStore("gs://bucket/x").held(key)
    assert missing.value.code in (codes.NO_LIBRARY, codes.REMOTE)
