"""Building one Build: pinned first, checked before anything is fetched, built once, compared once."""

from datetime import timedelta
from pathlib import Path

import pytest

from artifacts import digest_of_content
from fakes import FakeParity
from trueup.adapters.locks.file_lock import LockHeldError
from trueup.builds import codes
from trueup.builds.report import BuildReport
from trueup.builds.result import BuildResult, Came
from trueup.core.errors import TrueupError
from trueup.core.json import Json
from trueup.evidence.evidence import Evidence
from trueup.ledger.record import RecordKind
from trueup.ports import STORE_LOCK, ParityRequest, Progress
from trueup.workflows.build import BuildRequest, build
from trueup.workflows.collect import collect
from trueup.workflows.loading import Invalid
from workspaces import SOURCES, FakeWorkspace, document

GATE: dict[str, Json] = {"logits": {"maxKl": 0.01, "minTop1": 0.95, "sequences": 4, "seqLen": 101}}
REQUEST = BuildRequest("one@1", "tiny@1")


def workspace_with(folder: Path, **spec: Json) -> FakeWorkspace:
    workspace = FakeWorkspace(folder)
    declared: dict[str, Json] = {"mode": "gguf", "quantization": "Q8_0"} if "mode" not in spec else {}
    declared |= spec
    workspace.files["spec/builds/one.yaml"] = document("Build", "one", declared, version="1")
    return workspace


def built(workspace: FakeWorkspace) -> BuildResult:
    result = build(workspace, REQUEST)
    assert isinstance(result, BuildResult), result
    return result


def kinds_of_records(workspace: FakeWorkspace) -> list[RecordKind]:
    return [r.draft.kind for r in workspace.ledger.records()]


def test_it_is_built_and_compared_once(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, parity=GATE)
    first, second = built(workspace), built(workspace)
    assert (first.cached, second.cached) == (False, True)
    assert (first.key, first.digest, first.parity) == (second.key, second.digest, second.parity)
    assert first.parity.startswith("KL ")
    assert len(workspace.store.built) == len(workspace.parity.asked) == 1
    assert sorted(kinds_of_records(workspace)) == [RecordKind.BUILD, RecordKind.EVIDENCE]
    assert {r.draft.environment for r in workspace.ledger.records()} == {""}


def test_what_is_there_and_measured_needs_no_source(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, parity=GATE)
    built(workspace)
    fetched = list(workspace.store.fetched)
    built(workspace)
    assert workspace.store.fetched == fetched == ["file:models/tiny@1"]


def test_a_build_without_a_gate_is_measured_by_nobody(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    assert (built(workspace).parity, workspace.parity.asked) == ("", [])


def test_a_killed_record_is_made_up_for(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    built(workspace)
    workspace.ledger = type(workspace.ledger)(workspace.ledger.fuse)
    assert built(workspace).cached
    assert kinds_of_records(workspace) == [RecordKind.BUILD]


def test_a_source_without_a_digest_is_refused_with_its_place(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    spec: dict[str, Json] = {
        "source": {"uri": "file:models/tiny@1"},
        "format": "safetensors",
        "licenses": ["MIT"],
    }
    workspace.files["spec/loose.yaml"] = document("Model", "loose", spec, version="1")
    result = build(workspace, BuildRequest("one@1", "loose@1"))
    assert isinstance(result, Invalid)
    (problem,) = result.diagnostics
    assert problem.code is codes.UNPINNED_SOURCE
    assert str(problem.span) == "spec/loose.yaml:1:1"
    assert problem.hint == "trueup pin Model/loose@1"


def test_the_check_refuses_whatever_the_store_has(tmp_path: Path) -> None:
    # Parallelism is no part of a checkpoint, so that both Builds have one key.
    workspace = workspace_with(tmp_path, mode="pytorch")
    workspace.files["spec/builds/odd.yaml"] = document(
        "Build", "odd", {"mode": "pytorch", "toolchain": {"tensorrtLlm": "0.21.0"}}, version="1"
    )
    assert built(workspace).came is Came.BUILT
    refused = build(workspace, BuildRequest("odd@1", "tiny@1"))
    assert isinstance(refused, BuildReport)
    assert refused.is_refused


def test_what_another_run_built_meanwhile_is_told_from_what_this_one_built(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    # The fake store's statements are of the past.
    workspace.clock.time += timedelta(hours=1)
    assert built(workspace).came is Came.TAKEN


def test_what_is_removed_from_the_store_waits_for_a_build(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    with workspace.lock.share(STORE_LOCK, "build one@1", 0), pytest.raises(LockHeldError, match="build one@1"):
        collect(workspace, dry_run=False)
    with workspace.lock.hold(STORE_LOCK, "gc", 0), pytest.raises(LockHeldError, match="gc"):
        build(workspace, REQUEST)


def test_a_record_that_another_run_wrote_meanwhile_is_not_written_again(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, parity=GATE)

    class Rival(FakeParity):
        """Another run measures the same, and is faster by a moment."""

        is_alone = True

        def measure(self, request: ParityRequest, progress: Progress) -> Evidence:
            if self.is_alone:
                self.is_alone = False
                workspace.parity = FakeParity(workspace.clock)
                built(workspace)
            return super().measure(request, progress)

    workspace.parity = Rival(workspace.clock)
    built(workspace)
    assert sorted(kinds_of_records(workspace)) == [RecordKind.BUILD, RecordKind.EVIDENCE]


def test_a_build_that_says_no_versions_is_invalid(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, mode="pytorch", quantization={"format": "fp8"})
    result = build(workspace, REQUEST)
    assert isinstance(result, Invalid)
    assert "RES005" in {d.code.id for d in result.diagnostics}
    assert not workspace.store.fetched


def test_what_the_check_refuses_costs_nothing(tmp_path: Path) -> None:
    workspace = workspace_with(
        tmp_path,
        mode="engine",
        toolchain={"tensorrtLlm": "1.3.0", "tensorrt": "10.13.3.9", "transformers": "4.57.6"},
        accelerator={"gpu": "NVIDIA-H100-80GB-HBM3", "computeCapability": "9.0"},
    )
    result = build(workspace, REQUEST)
    assert isinstance(result, BuildReport)
    assert codes.OUTSIDE_WINDOW in {p.finding.code for p in result.findings}
    assert not workspace.store.fetched


def test_mode_none_is_the_source_itself(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, mode="none")
    result = built(workspace)
    assert result.key == digest_of_content(SOURCES["file:models/tiny@1"])
    assert workspace.store.fetched == ["file:models/tiny@1"]
    assert kinds_of_records(workspace) == []


@pytest.mark.parametrize(
    ("uri", "place"),
    [("file:models/tiny@1", "spec/models/tiny-1.yaml"), ("file:models/facts@1", "spec/builds/one.yaml")],
)
def test_what_cannot_be_fetched_is_told_where_it_is_declared(tmp_path: Path, uri: str, place: str) -> None:
    gate = {"logits": {**GATE["logits"], "dataset": "facts@1"}}  # type: ignore[dict-item]
    workspace = workspace_with(tmp_path, parity=gate)
    workspace.store.refuse_once(uri)
    with pytest.raises(TrueupError) as caught:
        build(workspace, REQUEST)
    assert caught.value.span is not None
    assert caught.value.span.path == place
    assert caught.value.span.line > 1
