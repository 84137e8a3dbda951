"""What every store does; run against the directory store and the fake."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from artifacts import MemorySource, build_pin, digest_of_content, pin, silent
from fakes import FakeStore
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.stores import codes
from trueup.adapters.stores.directory import DirectoryStore
from trueup.adapters.stores.mirrored import MirroredStore
from trueup.adapters.stores.remote import RemoteStore
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.build_key import build_key
from trueup.desired.state import ArtifactPin
from trueup.ports import Progress, Store

FACTS = b'{"prompt": "a", "expected": "b"}\n'
FOLDER = {"config.json": b"{}", "weights/part-1": b"one" * 1000, "weights/part-2": b""}
UNKNOWN = Digest("sha256:" + "0" * 64)


def loud(source: Path, inputs: Iterable[Path]) -> bytes:
    return b"".join(path.read_bytes().upper() for path in (source, *inputs))


class Upper:
    """A builder that makes a text loud."""

    def build(self, task: BuildTask, progress: Progress) -> Built:
        if task.parameters.get("fail"):
            raise PermanentError(codes.NO_RESULT, "asked to fail")
        result = task.target / "loud"
        result.write_bytes(loud(task.source, task.inputs.values()))
        progress("loud", 1, 1)
        return Built(result)


def directory(folder: Path) -> Store:
    sources = {"mem": MemorySource({"mem:facts": FACTS, "mem:folder": FOLDER})}
    return DirectoryStore(folder / "store", sources, {"upper": Upper()})


def fake(folder: Path) -> Store:
    def upper(source: Path, parameters: Mapping[str, Json], inputs: Iterable[Path]) -> bytes:
        if parameters.get("fail"):
            raise PermanentError(codes.NO_RESULT, "asked to fail")
        return loud(source, inputs)

    return FakeStore(folder, {"mem:facts": FACTS, "mem:folder": FOLDER}, {"upper": upper})


def mirrored(folder: Path) -> Store:
    local = directory(folder)
    assert isinstance(local, DirectoryStore)
    return MirroredStore(local, RemoteStore((folder / "shared").as_uri()))


@pytest.fixture(params=[directory, mirrored, fake], ids=["directory", "mirrored", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    make: Callable[[Path], Store] = request.param
    return make(tmp_path)


def test_a_store_that_was_never_written_has_nothing(store: Store) -> None:
    assert store.find(UNKNOWN) is None
    assert store.present([UNKNOWN]) == frozenset()


def test_a_fetched_file_is_found_by_its_digest_with_its_bytes(store: Store) -> None:
    path = store.fetch(pin("mem:facts", FACTS), silent)
    assert path.read_bytes() == FACTS
    assert store.find(digest_of_content(FACTS)) == path
    assert store.present([digest_of_content(FACTS), UNKNOWN]) == {digest_of_content(FACTS)}


def test_a_fetched_folder_has_all_its_files(store: Store) -> None:
    path = store.fetch(pin("mem:folder", FOLDER), silent)
    found = {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    assert found == FOLDER


def test_fetching_again_gives_the_same_place(store: Store) -> None:
    assert store.fetch(pin("mem:facts", FACTS), silent) == store.fetch(pin("mem:facts", FACTS), silent)


def test_other_bytes_than_declared_are_refused_with_both_digests(store: Store) -> None:
    declared = digest_of_content(b"something else")
    with pytest.raises(PermanentError) as refused:
        store.fetch(ArtifactPin("mem:facts", declared, "jsonl"), silent)
    assert refused.value.code is codes.WRONG_DIGEST
    assert declared in refused.value.detail
    assert digest_of_content(FACTS) in refused.value.detail
    assert store.present([declared, digest_of_content(FACTS)]) == frozenset()


def test_a_source_that_is_not_there_is_an_error(store: Store) -> None:
    with pytest.raises(PermanentError, match="ART102"):
        store.fetch(ArtifactPin("mem:nothing", UNKNOWN, "jsonl"), silent)


def test_a_build_is_found_by_its_key(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    build = build_pin("upper", digest_of_content(FACTS))
    path = store.build(build, source, silent)
    assert path.read_bytes() == FACTS.upper()
    assert store.find(build.key) == path


def noted(store: Store, key: Digest) -> Digest:
    entry = store.entry(key)
    assert entry is not None
    return entry.digest


def test_the_digest_of_a_build_is_that_of_its_bytes(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    build = build_pin("upper", digest_of_content(FACTS))
    assert store.entry(build.key) is None
    path = store.build(build, source, silent)
    assert noted(store, build.key) == digest_of_content(path.read_bytes()) != build.key
    assert noted(store, digest_of_content(FACTS)) == digest_of_content(FACTS)
    folder = pin("mem:folder", FOLDER)
    store.fetch(folder, silent)
    assert noted(store, folder.digest) == folder.digest


def test_a_build_reads_its_other_inputs_and_has_a_key_of_its_own_for_them(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    alone = build_pin("upper", digest_of_content(FACTS))
    build = replace(alone, key=build_key(digest_of_content(FACTS), "upper", {}, [digest_of_content(FACTS)]))
    build = replace(build, inputs=(pin("mem:facts", FACTS),))
    assert build.key != alone.key
    assert store.build(build, source, silent).read_bytes() == FACTS.upper() * 2


def test_a_build_without_its_other_inputs_is_refused_and_leaves_nothing(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    build = replace(build_pin("upper", digest_of_content(FACTS)), inputs=(pin("mem:folder", FOLDER),))
    with pytest.raises(PermanentError) as caught:
        store.build(build, source, silent)
    assert caught.value.code is codes.NO_INPUT
    assert store.find(build.key) is None


def test_a_build_runs_once_for_its_key(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    build = build_pin("upper", digest_of_content(FACTS))
    told: list[str] = []
    for _ in range(2):
        store.build(build, source, lambda what, done, total: told.append(what))
    assert len(told) == 1


def test_mode_none_serves_the_source_itself(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    assert store.build(build_pin("none", digest_of_content(FACTS)), source, silent) == source
    assert store.find(build_pin("none", digest_of_content(FACTS)).key) == source


def test_a_mode_without_a_builder_is_an_error(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    with pytest.raises(PermanentError, match="ART009"):
        store.build(build_pin("engine", digest_of_content(FACTS)), source, silent)


def test_a_failed_build_is_not_found(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    build = build_pin("upper", digest_of_content(FACTS), fail=True)
    with pytest.raises(PermanentError, match="asked to fail"):
        store.build(build, source, silent)
    assert store.find(build.key) is None


def test_work_is_told_while_it_goes_on(store: Store) -> None:
    told: list[str] = []
    store.fetch(pin("mem:facts", FACTS), lambda what, done, total: told.append(what))
    assert "mem:facts" in told


def test_what_was_never_admitted_has_no_entry(store: Store) -> None:
    assert store.entry(UNKNOWN) is None


def test_a_fetched_artifact_was_built_by_nobody_here(store: Store) -> None:
    store.fetch(pin("mem:folder", FOLDER), silent)
    entry = store.entry(digest_of_content(FOLDER))
    assert entry is not None
    assert (entry.is_folder, entry.simulated, entry.provenance) == (True, False, b"")
    assert sum(size for _, size, _ in entry.files) == sum(map(len, FOLDER.values()))


def test_a_build_has_a_statement_of_how_it_was_made_under_its_key(store: Store) -> None:
    source = store.fetch(pin("mem:facts", FACTS), silent)
    build = build_pin("upper", digest_of_content(FACTS))
    store.build(build, source, silent)
    entry = store.entry(build.key)
    assert entry is not None
    said = json.loads(entry.provenance)
    assert said["predicate"]["runDetails"]["metadata"]["invocationId"] == build.key
    assert [s["digest"] for s in said["subject"]] == [
        {"sha256": digest.removeprefix("sha256:")} for _, _, digest in entry.files
    ]
    (material,) = said["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert material["digest"] == {"sha256": digest_of_content(FACTS).removeprefix("sha256:")}
