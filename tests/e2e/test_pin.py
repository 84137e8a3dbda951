"""`trueup pin` in a real repository, and a model that comes from a hub by the revision and digest it wrote.

What is not real: the hub, which is a server on loopback (`fake_hub`).
"""

from collections.abc import Iterator

import jsonschema
import pytest
from scratch import SUPPORT, Scratch

from content_server import Drop, serving
from fake_hub import COMMIT, FakeHub
from trueup.cli.views.schemas import OUTPUTS

MODEL = "spec/models/tiny-9.yaml"


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    pytest.importorskip("huggingface_hub", reason="needs the `hf` extra")
    with serving(FakeHub()) as server:
        yield server


def from_hub(scratch: Scratch, hub: FakeHub) -> str:
    """Declare version 2 of the tiny model once more, as the hub has it, on a branch; return its text."""
    folder = scratch.folder / "models/tiny/v2"
    hub.files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    text = (scratch.folder / "spec/models/tiny-2.yaml").read_text()
    lines = []
    for line in text.replace('version: "2"', 'version: "9"').splitlines():
        if line.strip().startswith("uri: file:"):
            lines += ["    uri: hf://acme/tiny   # the branch that everyone uses", "    revision: main"]
            lines.append(f"    endpoint: {hub.url}")
        elif not line.strip().startswith("digest:"):
            lines.append(line)
    scratch.write(MODEL, "\n".join(lines) + "\n")
    return (scratch.folder / MODEL).read_text()


def test_a_model_of_a_hub_is_pinned_fetched_and_served(scratch: Scratch, hub: FakeHub) -> None:
    before = from_hub(scratch, hub)
    checked = scratch.trueup("pin", "Model/tiny@9", "--check", code=8)
    assert (scratch.folder / MODEL).read_text() == before
    assert f"+    revision: {COMMIT}" in checked.out.replace('"', "")

    done = scratch.trueup("pin", MODEL)
    after = (scratch.folder / MODEL).read_text()
    removed = [line for line in before.splitlines() if line not in after.splitlines()]
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert removed == ["    revision: main"]
    assert [line.split(":")[0].strip() for line in added] == ["revision", "digest"]
    assert all(f"+{line}" in done.out for line in added)
    scratch.trueup("pin", "Model/tiny@9", "--check")
    scratch.trueup("validate")

    (large,) = [p for p in hub.files if p.endswith(".safetensors")]
    assert hub.ranges(f"/acme/tiny/resolve/{COMMIT}/{large}") == []
    hub.faults[f"/acme/tiny/resolve/{COMMIT}/{large}"] = [Drop(1000)]
    scratch.change(SUPPORT, ("tiny@1", "tiny@9"))
    scratch.apply()
    assert hub.ranges(f"/acme/tiny/resolve/{COMMIT}/{large}") == ["", "bytes=1000-"]
    served = scratch.look("status", "-e", "dev", "-o", "json").json
    assert "tiny@9" in str(served)


def test_a_version_that_is_merged_is_not_pinned_anew(scratch: Scratch) -> None:
    file = scratch.folder / "spec/models/tiny-1.yaml"
    before = file.read_bytes()
    config = scratch.folder / "models/tiny/v1/config.json"
    config.write_text(config.read_text() + " ")
    done = scratch.trueup("pin", "Model/tiny@1", code=8)
    assert file.read_bytes() == before
    assert "SPEC161" in done.err
    assert "as a new version" in done.err


def test_what_is_pinned_is_said_as_json_and_from_a_folder_below(scratch: Scratch) -> None:
    done = scratch.trueup("-C", "spec/models", "pin", "tiny-1.yaml", "-o", "json")
    jsonschema.Draft202012Validator(OUTPUTS["pin"].schema()).validate(done.json)
    assert done.json["written"] is False
    (source,) = done.json["sources"]
    assert (source["address"], source["changes"]) == ("Model/tiny@1", [])


def test_a_source_that_cannot_be_had_writes_nothing(scratch: Scratch) -> None:
    text = (scratch.folder / "spec/models/tiny-2.yaml").read_text()
    scratch.write(
        MODEL, text.replace('version: "2"', 'version: "9"').replace("file:models/tiny/v2", "file:models/none")
    )
    done = scratch.trueup("pin", "Model/tiny@9", code=1)
    assert "ART102" in done.err
    assert "models/none" in (scratch.folder / MODEL).read_text()
