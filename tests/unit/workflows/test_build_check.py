"""Checking a Build: which model is meant, where its network is read, and where findings stand."""

import json
from pathlib import Path

import pytest

from trueup.builds import codes
from trueup.builds.findings import Level
from trueup.builds.report import BuildReport
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.release import artifact_of, pin_build
from trueup.spec import kinds
from trueup.workflows.build_check import BuildCheckRequest, check_build
from trueup.workflows.circumstances import circumstances
from trueup.workflows.loading import Invalid, load
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, document

CONFIG: dict[str, Json] = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
}
SIZES: dict[str, Json] = {
    "architecture": "LlamaForCausalLM",
    "contextLength": 131072,
    "dimensions": {
        "layers": 32,
        "hiddenSize": 4096,
        "intermediateSize": 14336,
        "attentionHeads": 32,
        "keyValueHeads": 8,
        "vocabularySize": 128256,
    },
}
BIG = "spec/models/big-1.yaml"


def with_build(folder: Path, *declared: Declared, build: Json = None, model: Json = None) -> FakeWorkspace:
    """Return a workspace that declares a Build `fast@1` and a Model `big@1` besides."""
    workspace = FakeWorkspace(folder, declared)
    spec = build or {"mode": "pytorch", "toolchain": {"tensorrtLlm": "1.2.1"}}
    assert isinstance(spec, dict)
    workspace.files["spec/builds/fast.yaml"] = document("Build", "fast", spec, version="1")
    weights: dict[str, Json] = {
        "source": {"uri": "hf://acme/big", "revision": "a" * 40, "digest": "sha256:" + "a" * 64},
        "format": "safetensors",
        "licenses": ["MIT"],
    }
    assert model is None or isinstance(model, dict)
    workspace.files[BIG] = document("Model", "big", {**weights, **(model or {})}, version="1")
    return workspace


def report(workspace: FakeWorkspace, build: str = "fast@1", model: str = "big@1", *products: str) -> BuildReport:
    found = check_build(workspace, BuildCheckRequest(build, model, products))
    assert isinstance(found, BuildReport)
    return found


def refusal(workspace: FakeWorkspace, build: str, model: str = "", *products: str) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        check_build(workspace, BuildCheckRequest(build, model, products))
    return caught.value


def test_findings_stand_where_the_build_says_it(tmp_path: Path) -> None:
    engine: Json = {
        "mode": "engine",
        "toolchain": {"tensorrtLlm": "1.3.0", "transformers": "4.57.6"},
        "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3"},
    }
    found = report(with_build(tmp_path, build=engine, model=SIZES))
    assert found.is_refused
    first = found.findings[0]
    assert (first.finding.code, first.address) == (codes.OUTSIDE_WINDOW, "Build/fast@1")
    assert first.span is not None
    assert (first.span.path, first.span.line) == ("spec/builds/fast.yaml", 12)
    assert [f.product.name for f in found.table] == ["H100 SXM"]
    assert found.untold == ""


def test_the_model_is_that_of_the_deployments(tmp_path: Path) -> None:
    found = report(with_build(tmp_path, Declared(build="q8@1"), Declared(name="other", build="q8@1")), "Build/q8@1", "")
    assert (found.model, found.deployments) == ("Model/tiny@1", ("Deployment/dev/other", "Deployment/dev/support"))
    assert not found.is_refused


def test_several_models_or_none_need_a_name(tmp_path: Path) -> None:
    two = with_build(tmp_path, Declared(build="q8@1"), Declared(name="other", model="tiny@2", build="q8@1"))
    error = refusal(two, "q8@1")
    assert error.code is codes.UNCLEAR_MODEL
    assert "tiny@1, tiny@2" in error.detail
    assert refusal(two, "fast@1").code is codes.UNCLEAR_MODEL
    assert report(two, "q8@1", "tiny@2").deployments == ("Deployment/dev/other",)


@pytest.mark.parametrize(
    ("build", "model", "words"),
    [
        ("Build/fats@1", "big@1", "did you mean `Build/fast@1`?"),
        ("Model/big@1", "big@1", ""),
        ("fast@1", "bog@1", "did you mean `Model/big@1`?"),
        ("a b", "", ""),
    ],
)
def test_what_is_not_declared_is_refused_with_the_nearest(tmp_path: Path, build: str, model: str, words: str) -> None:
    error = refusal(with_build(tmp_path), build, model)
    assert error.code is codes.UNKNOWN_BUILD
    assert words in error.hint


def test_an_accelerator_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    workspace = with_build(tmp_path, model=SIZES)
    assert refusal(workspace, "fast@1", "big@1", "h101").hint == "did you mean `h100`?"
    assert len(report(workspace, "fast@1", "big@1", "all", "H100").table) == 30
    assert len(report(workspace, "fast@1", "big@1", "ALL").table) == 30
    assert len(report(workspace, "fast@1", "big@1", "A100").table) == 4
    assert "`--gpu all`" in report(workspace).untold


def test_an_invalid_declaration_is_told_instead(tmp_path: Path) -> None:
    workspace = with_build(tmp_path)
    workspace.files[BIG] = b"kind: Model\n"
    assert isinstance(check_build(workspace, BuildCheckRequest("fast@1", "big@1")), Invalid)


def test_sizes_come_from_the_configuration_that_is_at_hand(tmp_path: Path) -> None:
    declared = report(with_build(tmp_path / "a", model=SIZES), "fast@1", "big@1", "H100")
    assert declared.sizes_from == "the dimensions of the Model"
    unknown = report(with_build(tmp_path / "b"), "fast@1", "big@1", "H100")
    assert (unknown.sizes_from, unknown.untold) == ("", "the network is not known")
    assert codes.NETWORK_UNKNOWN in [p.finding.code for p in unknown.findings]

    source: Json = {"uri": "file:models/big", "digest": "sha256:" + "a" * 64}
    here = with_build(tmp_path / "c", model={"source": source})
    here.files["models/big/config.json"] = json.dumps(CONFIG).encode()
    assert report(here, "fast@1", "big@1", "H100").sizes_from == "models/big/config.json"

    stored = tmp_path / "d" / ("sha256-" + "a" * 64)
    stored.mkdir(parents=True)
    (stored / "config.json").write_text(json.dumps(CONFIG))
    found = report(with_build(tmp_path / "d"), "fast@1", "big@1", "H100")
    assert found.sizes_from == "config.json in the store"
    assert [f.memory for f in found.table] == [f.memory for f in declared.table]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"hidden_size": "wide"}'])
def test_a_configuration_that_does_not_tell_leaves_what_is_declared(tmp_path: Path, content: bytes) -> None:
    source: Json = {"uri": "file:models/big", "digest": "sha256:" + "a" * 64}
    for model, expected in ((SIZES, "because models/big/config.json does not tell"), ({}, "")):
        workspace = with_build(tmp_path, model={**model, "source": source})
        workspace.files["models/big/config.json"] = content
        found = report(workspace, "fast@1", "big@1", "H100")
        assert expected in found.sizes_from
        assert bool(found.table) is bool(model)


@pytest.mark.parametrize(
    ("uri", "file", "stored", "is_told"),
    [
        ("file:models/texts.jsonl", "models/texts.jsonl", False, False),
        ("file:models/texts", "models/texts/a.jsonl", False, False),
        ("file:models/texts", "", False, True),
        ("package://texts/a.jsonl", "", False, False),
        ("hf://acme/texts", "", True, False),
        ("hf://acme/texts", "", False, True),
    ],
)
def test_calibration_data_that_is_not_at_hand_is_told(
    tmp_path: Path, uri: str, file: str, stored: bool, is_told: bool
) -> None:
    how: Json = {"format": "fp8", "calibration": {"dataset": "texts@1", "size": 1}}
    workspace = with_build(tmp_path, build={"mode": "pytorch", "quantization": how}, model=SIZES)
    digest = "sha256:" + "b" * 64
    data: dict[str, Json] = {"source": {"uri": uri, "digest": digest}, "purpose": "calibration", "license": "MIT"}
    workspace.files["spec/datasets/texts.yaml"] = document("Dataset", "texts", data, version="1")
    if file:
        workspace.files[file] = b"{}\n"
    if stored:
        (tmp_path / digest.replace(":", "-")).write_bytes(b"{}\n")
    found = [p for p in report(workspace).findings if p.finding.code is codes.NO_CALIBRATION]
    assert bool(found) is is_told


ROWS = b'{"text": "a"}\n\n{"text": "b"}\n'


@pytest.mark.parametrize(
    ("uri", "files", "stored", "told"),
    [
        ("file:models/texts.jsonl", {"models/texts.jsonl": ROWS}, None, "2 rows"),
        ("file:models/texts", {"models/texts/a.jsonl": ROWS, "models/texts/b/c.jsonl": b"{}"}, None, ""),
        ("file:models/texts", {"models/texts/a.jsonl": ROWS, "models/texts/README.md": b"a\nb\n"}, None, "2 rows"),
        ("file:models/texts.parquet", {"models/texts.parquet": ROWS}, None, ""),
        ("file:models/texts", {"models/texts/a.jsonl": b"{}\n" * 500_000}, None, ""),
        ("file:models/texts", {}, None, ""),
        ("hf://acme/texts", {}, {"a.jsonl": b"{}\n", "sub/b.jsonl": b"{}", "c.json": b"{}\n{}"}, "2 rows"),
        ("hf://acme/texts", {}, {"a.jsonl": ROWS * 2}, ""),
        ("hf://acme/texts", {}, {"a.parquet": ROWS}, ""),
        ("hf://acme/texts.jsonl", {}, ROWS, "2 rows"),
        ("hf://acme/texts", {}, ROWS, ""),
        ("hf://acme/texts", {}, None, ""),
        ("package://texts/a.jsonl", {}, None, ""),
    ],
)
def test_rows_that_are_at_hand_are_counted(
    tmp_path: Path, uri: str, files: dict[str, bytes], stored: dict[str, bytes] | bytes | None, told: str
) -> None:
    how: Json = {"format": "fp8", "calibration": {"dataset": "texts@1", "size": 3}}
    workspace = with_build(tmp_path, build={"mode": "pytorch", "quantization": how}, model=SIZES)
    digest = "sha256:" + "b" * 64
    data: dict[str, Json] = {"source": {"uri": uri, "digest": digest}, "purpose": "calibration", "license": "MIT"}
    workspace.files["spec/datasets/texts.yaml"] = document("Dataset", "texts", data, version="1")
    workspace.files.update(files)
    place = tmp_path / digest.replace(":", "-")
    for name, content in (stored if isinstance(stored, dict) else {"": stored} if stored else {}).items():
        path = place / name if name else place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found = [p for p in report(workspace).findings if p.finding.level is Level.ERROR]
    assert [p.finding.code for p in found] == ([codes.NO_CALIBRATION] if told else [])
    assert all(told in p.finding.detail for p in found)


def test_engines_read_json_lines_under_other_names_too(tmp_path: Path) -> None:
    how: Json = {"format": "fp8", "calibration": {"dataset": "texts@1", "size": 2}}
    engine: Json = {
        "mode": "engine",
        "toolchain": {"tensorrtLlm": "1.2.1", "transformers": "4.57.6"},
        "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3"},
        "quantization": how,
    }
    workspace = with_build(tmp_path, build=engine, model=SIZES)
    data: dict[str, Json] = {"source": {"uri": "file:models/texts"}, "purpose": "calibration", "license": "MIT"}
    workspace.files["spec/datasets/texts.yaml"] = document("Dataset", "texts", data, version="1")
    workspace.files["models/texts/a.json"] = ROWS
    told = {p.finding.code.id: p.finding for p in report(workspace).findings}
    assert "BLD119" not in told
    assert told["BLD004"].advice == "trueup pin Dataset/texts@1"


def test_a_source_without_digest_is_told_before_a_build_refuses_it(tmp_path: Path) -> None:
    workspace = with_build(tmp_path, model={**SIZES, "source": {"uri": "hf://acme/big", "revision": "main"}})
    (told,) = [p for p in report(workspace).findings if p.finding.code is codes.UNPINNED_SOURCE]
    assert (told.finding.level, told.address) == (Level.WARNING, "Model/big@1")
    assert told.span is not None
    assert told.span.path == BIG
    assert not report(workspace).is_refused


def test_gates_that_nothing_carries_out_are_told(tmp_path: Path) -> None:
    gates: Json = {"task": "mmlu", "logits": {"maxKl": 0.1, "minTop1": 0.9}}
    workspace = with_build(tmp_path, build={"mode": "pytorch", "parity": gates}, model=SIZES)
    (told,) = [p for p in report(workspace).findings if p.finding.code is codes.GATE_NOT_CARRIED_OUT]
    assert told.finding.path == ("spec", "parity", "task")
    assert told.span is not None
    assert told.span.path == "spec/builds/fast.yaml"


def test_an_architecture_that_the_files_contradict_is_told(tmp_path: Path) -> None:
    source: Json = {"uri": "file:models/big", "digest": "sha256:" + "a" * 64}
    workspace = with_build(tmp_path, model={"source": source, "architecture": "Qwen2ForCausalLM"})
    workspace.files["models/big/config.json"] = json.dumps(CONFIG).encode()
    (told,) = [p for p in report(workspace).findings if p.finding.code is codes.OTHER_ARCHITECTURE]
    assert (told.address, told.finding.path) == ("Model/big@1", ("spec", "architecture"))


def test_what_is_in_the_store_takes_no_more_disk(tmp_path: Path) -> None:
    # No machine has room for this one.
    huge: Json = {**SIZES, "dimensions": {**SIZES["dimensions"], "vocabularySize": 10**12}}  # type: ignore[dict-item]
    workspace = with_build(tmp_path, model=huge)

    def told() -> list[str]:
        return [p.finding.detail for p in report(workspace).findings if p.finding.code is codes.OUT_OF_DISK]

    assert "side by side" in told()[0]
    (tmp_path / ("sha256-" + "a" * 64)).write_bytes(b"weights")
    assert "beside the source, which is there" in told()[0]
    loaded = load(workspace)
    build, model = (loaded.resources[ResourceId(k, n, "1")] for k, n in (("Build", "fast"), ("Model", "big")))
    declared = kinds.model(model).spec
    key = pin_build(build, artifact_of(declared.source, declared.format), loaded.resources).key
    (tmp_path / key.replace(":", "-")).write_bytes(b"built")
    assert told() == []


def test_a_deployment_is_checked_as_it_serves(tmp_path: Path) -> None:
    workspace = with_build(tmp_path, model=SIZES)
    workspace.files["spec/deployments/dev/chat.yaml"] = document(
        "Deployment",
        "chat",
        {
            "system": "assistant",
            "environment": "dev",
            "release": {"model": "big@1", "build": "fast@1"},
            "runtime": {"engine": "trtllm", "version": "1.2.1", "args": {"tp_size": 3, "max_seq_len": 8192}},
            "resources": {"accelerator": "H100", "count": 2},
        },
    )
    found = report(workspace, "fast@1", "")
    assert found.deployments == ("Deployment/dev/chat",)
    told = {p.finding.code.id: p for p in found.findings}
    assert {"BLD104", "BLD105", "BLD108", "BLD116"} <= told.keys()
    assert told["BLD104"].address == "Deployment/dev/chat"
    assert told["BLD104"].span is not None
    assert told["BLD104"].span.path == "spec/deployments/dev/chat.yaml"
    assert [f.product.name for f in found.table] == ["H100 SXM"]


def test_policy_gets_the_estimate_from_the_configuration(tmp_path: Path) -> None:
    source: Json = {"uri": "file:models/big", "digest": "sha256:" + "a" * 64}
    workspace = with_build(tmp_path, Declared(), model={"source": source})
    workspace.files["models/big/config.json"] = json.dumps(CONFIG).encode()
    workspace.files["spec/deployments/dev/chat.yaml"] = document(
        "Deployment",
        "chat",
        {
            "system": "assistant",
            "environment": "dev",
            "release": {"model": "big@1", "build": "fast@1"},
            "runtime": {"engine": "vllm"},
            "resources": {"accelerator": "H100", "count": 1},
        },
    )
    workspace.commit()
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    known = circumstances(workspace, planned.policies, planned.loaded, planned.plan, planned.desired, planned.observed)
    assert list(known.around.networks) == ["Model/big@1"]
    (estimate,) = [e for e in json.loads(planned.judged.document)["evidence"] if e["type"] == "fit"]
    assert (estimate["address"], estimate["passed"], estimate["tool"]) == ("Deployment/dev/chat", True, "trueup 0")
