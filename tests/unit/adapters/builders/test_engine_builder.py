"""The builder of engines, against a double of the toolchain: what it runs, what it accepts, how it fails."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import trtllm_double
from artifacts import TINY, build_pin, silent
from trtllm_double import FAILURES, IMAGE, RESULTS, Double, install
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.tensorrt.builder import EngineBuilder
from trueup.adapters.builders.tensorrt.calibration import write_texts
from trueup.adapters.builders.tensorrt.failures import LogReader
from trueup.adapters.builders.tensorrt.toolchain import find_toolchain, wanted_by
from trueup.core.digests import Digest, digest_of
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.core.json import Json

BASE: dict[str, Json] = {
    "toolchain": {"tensorrtLlm": "1.2.1", "tensorrt": "10.13.3.9"},
    "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3", "count": 1, "tuning": "product"},
    "dtype": "float16",
    "parallelism": {"tensor": 1, "pipeline": 1, "context": 1, "data": 1, "expert": 1},
    "adapters": [],
    "build": {"max_batch_size": 8, "max_num_tokens": 512},
}
DATA = Digest("sha256:" + "0" * 64)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for the logs of failures."""
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Double:
    """A toolchain on the PATH."""
    return on_path(install(tmp_path / "toolchain"), monkeypatch)


def on_path(double: Double, monkeypatch: pytest.MonkeyPatch) -> Double:
    monkeypatch.setenv("PATH", f"{double.bin}:/usr/bin:/bin")
    return double


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "partial" / "content").mkdir(parents=True)
    return tmp_path / "partial" / "content"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rows = [{"text": f"sentence {number}"} for number in range(40)]
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    return path


def build(target: Path, dataset: Path | None = None, progress: Any = silent, **changes: Json) -> Built:
    inputs = {DATA: dataset} if dataset else {}
    task = BuildTask(TINY / "v2", target, {**BASE, **changes}, inputs)
    return EngineBuilder().build(task, progress)


def quantized(format_: str, **more: Json) -> Json:
    return {"format": format_, "calibration": {"dataset": "texts@1", "size": 32}, **more}


def test_an_engine_is_built_from_a_checkpoint_and_marked_as_simulated(double: Double, target: Path) -> None:
    built = build(target)
    assert built.path == target
    assert built.simulated
    assert sorted(p.name for p in target.iterdir()) == ["config.json", "rank0.engine", "tokenizer", "trueup-build.json"]
    assert (target / "tokenizer" / "tokenizer.json").is_file()
    assert built.tools == {"tensorrt": "10.13.3.9", "tensorrtLlm": "1.2.1+simulated"}
    assert built.accelerator == {
        "product": "NVIDIA-H100-80GB-HBM3",
        "computeCapability": "9.0",
        "driver": "575.57.08",
    }
    assert built.resolved["arguments"]
    assert [call[0] for call in double.calls()] == ["convert_checkpoint", "trtllm-build"]


def test_what_it_was_held_to_lies_beside_it(double: Double, target: Path) -> None:
    build(target, parallelism={"tensor": 2, "pipeline": 2})
    held = json.loads((target / "trueup-build.json").read_text())
    assert held["world_size"] == 4
    assert held["engine"]["max_num_tokens"] == 512
    assert held["simulated"] is True
    assert held["gpus"][0]["driver_version"] == "575.57.08"
    assert {p.name for p in target.glob("*.engine")} == {f"rank{n}.engine" for n in range(4)}


def test_scratch_and_log_go_with_a_success(double: Double, target: Path, kept: Path) -> None:
    build(target)
    assert list(kept.iterdir()) == []
    assert [p.name for p in target.parent.iterdir()] == ["content"]
    (call,) = [c for c in double.calls() if c[0] == "trtllm-build"]
    assert call[call.index("--output_timing_cache") + 1].startswith(str(target.parent))


@pytest.mark.parametrize("format_", ["fp8", "int8_sq", "int4_awq", "w4a8_awq", "nvfp4", "auto"])
def test_formats_with_scales_are_quantized_on_the_data(
    double: Double, target: Path, dataset: Path, format_: str
) -> None:
    more: dict[str, Json] = {"bits": 6} if format_ == "auto" else {}
    build(target, dataset, quantization=quantized(format_, kvCache="fp8", **more))
    (call, _) = double.calls()
    assert call[0] == "quantize"
    algorithm = json.loads((target / "config.json").read_text())["pretrained_config"]["quantization"]["quant_algo"]
    assert algorithm == {**trtllm_double.ALGORITHMS, "auto": "MIXED_PRECISION"}[format_]


@pytest.mark.parametrize("format_", ["int8_wo", "int4_wo", "int4_gptq", "fp8_rowwise"])
def test_formats_of_weights_alone_are_converted(double: Double, target: Path, format_: str) -> None:
    build(target, quantization={"format": format_})
    assert double.calls()[0][0] == "convert_checkpoint"


@pytest.mark.parametrize(
    "arguments",
    [
        {"speculative_decoding_mode": "draft_tokens_external", "max_draft_len": 4},
        {"remove_input_padding": "disable", "max_batch_size": 2},
        {"context_fmha": False, "max_num_tokens": 16},
        {"max_num_tokens": 4},
        {"multiple_profiles": True},
        {"fast_build": True, "kv_cache_type": "continuous", "log_level": "verbose"},
        {"max_seq_len": 4096, "max_beam_width": 4},
    ],
)
def test_rewriting_agrees_with_the_builder(double: Double, target: Path, arguments: Json) -> None:
    assert build(target, build=arguments).simulated


@pytest.fixture
def adapters(tmp_path: Path) -> dict[Digest, Path]:
    """Two adapters as the store hands them over."""
    found = {}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(json.dumps({"r": 8, "name": name}))
        found[digest_of(name)] = tmp_path / name
    return found


@pytest.mark.parametrize("is_contained", [False, True])
def test_adapters_are_built_in_in_their_order(
    request: pytest.FixtureRequest, target: Path, dataset: Path, adapters: dict[Digest, Path], is_contained: bool
) -> None:
    request.getfixturevalue("contained" if is_contained else "double")
    more: dict[str, Json] = {"toolchain": PINNED} if is_contained else {}
    declared = {**BASE, "adapters": ["a@1", "b@1"], "quantization": quantized("fp8"), **more}
    EngineBuilder().build(BuildTask(TINY / "v2", target, declared, {DATA: dataset, **adapters}), silent)
    names = [json.loads((target / "lora" / n / "adapter_config.json").read_text())["name"] for n in ("0", "1")]
    assert names == ["a", "b"]


def test_adapters_that_are_lost_or_none_are_told(
    double: Double, target: Path, adapters: dict[Digest, Path], tmp_path: Path
) -> None:
    declared = {**BASE, "adapters": ["a@1", "b@1"]}
    double.behave(program="trtllm-build", result="adapters-lost")
    with pytest.raises(PermanentError, match="adapter 0 is missing below `lora/`; adapter 1 is missing"):
        EngineBuilder().build(BuildTask(TINY / "v2", target, declared, adapters), silent)
    (tmp_path / "a" / "adapter_config.json").unlink()
    with pytest.raises(PermanentError, match=r"`a` is no folder with `adapter_config\.json`"):
        EngineBuilder().build(BuildTask(TINY / "v2", target, declared, adapters), silent)


def test_progress_counts_ranks(double: Double, target: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build(target, progress=lambda *step: told.append(step), parallelism={"tensor": 2})
    assert [step for step in told if "ranks" in step[0]] == [("trtllm-build, ranks", done, 2) for done in range(3)]
    assert told[0][0] == "convert, lines of log"


FAILING = [
    ("host-memory", "ART410", "was ended by signal 9"),
    ("host-memory-in-shell", "ART410", "Killed"),
    ("gpu-memory", "ART411", "It is told by: [TRT] [E] [virtualMemoryBuffer.cpp::resizePhysical::140]"),
    ("serving-memory", "ART412", "KV cache"),
    ("wrong-gpu", "ART413", "expecting compute 9.0 got compute 8.0"),
    ("wrong-tensorrt", "ART414", "expecting 10.9.0"),
    ("wrong-world", "ART415", "mpiSize == tp * pp"),
    ("awq", "ART417", "Could not find any implementation"),
    ("architecture", "ART418", "TinyForCausalLM"),
    ("backend", "ART419", "not supported by the tensorrt backend"),
    ("disk", "ART420", "No space left on device"),
    ("unknown", "ART424", "the moon is in the wrong house"),
]


def test_every_way_to_fail_is_tried() -> None:
    assert {kind for kind, _, _ in FAILING} == set(FAILURES) - {"hang"}


@pytest.mark.parametrize(("kind", "code", "words"), FAILING)
def test_a_failure_is_told_by_its_class_and_its_first_error_line(
    double: Double, target: Path, kind: str, code: str, words: str
) -> None:
    double.behave(program="trtllm-build", fail=kind)
    with pytest.raises(TrueupError) as caught:
        build(target)
    error = caught.value
    assert (error.code.id, isinstance(error, PermanentError)) == (code, True)
    assert words in error.detail
    log = Path(error.detail.rpartition("Log: ")[2])
    assert "simulated" in log.read_text()
    assert [p.name for p in target.parent.iterdir()] == ["content"]


def test_a_program_that_says_nothing_any_more_is_ended(double: Double, target: Path) -> None:
    double.behave(program="convert_checkpoint", fail="hang")
    task = BuildTask(TINY / "v2", target, BASE)
    with pytest.raises(PermanentError, match="wrote nothing for 1 seconds") as caught:
        EngineBuilder(silence_seconds=1.0).build(task, silent)
    assert caught.value.code.id == "ART416"


def test_a_failing_conversion_never_reaches_the_builder(double: Double, target: Path) -> None:
    double.behave(program="convert_checkpoint", fail="host-memory")
    with pytest.raises(PermanentError, match=r"convert_checkpoint\.py was ended by signal 9"):
        build(target)
    assert [call[0] for call in double.calls()] == ["convert_checkpoint"]


@pytest.mark.parametrize("kind", ["serving-memory", "wrong-gpu", "wrong-tensorrt", "wrong-world", "backend"])
def test_what_a_server_says_is_told_by_the_same_classes(double: Double, kind: str) -> None:
    double.behave(program="trtllm-serve", fail=kind)
    ran = subprocess.run([double.bin / "trtllm-serve"], capture_output=True, text=True, check=False)
    expected = next(code for name, code, _ in FAILING if name == kind)
    assert LogReader().read_all(ran.stdout.splitlines()).failure("trtllm-serve", ran.returncode).code.id == expected


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("rank-missing", "missing: `rank0.engine`"),
        ("rank-empty", "empty: `rank0.engine`"),
        ("rank-too-many", "too many: `rank9.engine`"),
        ("config-missing", "`config.json` is missing"),
        ("config-torn", "`config.json` is no JSON"),
        ("config-keyless", "lacks `version` and `pretrained_config` and `build_config`"),
        ("other-size", "`max_num_tokens` is 513, and 512 was resolved"),
    ],
)
def test_a_result_that_is_not_what_was_asked_for_is_refused(
    double: Double, target: Path, result: str, words: str
) -> None:
    assert result in RESULTS
    double.behave(program="trtllm-build", result=result)
    with pytest.raises(PermanentError) as caught:
        build(target)
    assert caught.value.code.id == "ART423"
    assert words in caught.value.detail


def test_a_checkpoint_without_its_rotary_base_is_refused(double: Double, target: Path, tmp_path: Path) -> None:
    source = tmp_path / "model"
    shutil.copytree(TINY / "v2", source)
    config = json.loads((source / "config.json").read_text())
    config["rope_parameters"] = {"rope_type": "default", "rope_theta": 500000.0}
    (source / "config.json").write_text(json.dumps(config))
    task = BuildTask(source, target, BASE)
    double.behave(program="convert_checkpoint", result="rotary-lost")
    with pytest.raises(PermanentError, match="rotary base is 500000, and the checkpoint's is 10000") as caught:
        EngineBuilder().build(task, silent)
    assert "4.57.6" in caught.value.hint
    double.behave(program="convert_checkpoint", result="checkpoint-missing")
    shutil.rmtree(target)
    target.mkdir()
    with pytest.raises(PermanentError, match=r"The checkpoint has no `config.json`"):
        EngineBuilder().build(task, silent)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"build": {"max_batchsize": 8}}, "BLD131 `trtllm-build` has no argument `max_batchsize`"),
        ({"quantization": {"format": "fp8"}}, "BLD119"),
        ({"quantization": {"format": "fp8_block"}}, "BLD134"),
        ({"adapters": ["a@1"]}, "1 adapters are declared, and 0 were handed to the build"),
    ],
)
def test_what_cannot_work_is_refused_before_a_toolchain_is_looked_for(
    target: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Json], words: str
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PermanentError) as caught:
        build(target, **changes)
    assert caught.value.code.id == "ART404"
    assert words in caught.value.detail


def test_a_missing_toolchain_is_told_with_the_way_out(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PermanentError) as caught:
        build(target)
    assert caught.value.code.id == "ART401"
    assert "`trtllm-build` is not on the PATH" in caught.value.detail
    assert "--render-job" in caught.value.code.remedy
    with pytest.raises(PermanentError, match="neither docker nor podman"):
        build(target, toolchain={"tensorrtLlm": "1.2.1", "image": IMAGE})


@pytest.mark.parametrize(
    ("toolchain", "words"),
    [
        ({"tensorrtLlm": "1.2.0"}, r"`tensorrtLlm` is 1.2.1\+simulated, and 1.2.0 is declared"),
        ({"tensorrtLlm": "1.2.1", "tensorrt": "10.13.3.10"}, "`tensorrt` is 10.13.3.9, and 10.13.3.10 is declared"),
        ({"tensorrtLlm": "1.2.1", "modelopt": "0.47.0"}, "`modelopt` is not installed, and 0.47.0 is declared"),
        ({"tensorrt": "10.13.3.9"}, "the Build does not declare `toolchain.tensorrtLlm`"),
    ],
)
def test_another_toolchain_than_the_declared_one_builds_nothing(
    double: Double, target: Path, toolchain: Json, words: str
) -> None:
    with pytest.raises(PermanentError, match=words) as caught:
        build(target, toolchain=toolchain)
    assert caught.value.code.id == "ART402"
    assert double.calls() == []


@pytest.mark.parametrize(
    ("gpu", "accelerator", "words"),
    [
        ("NVIDIA A100-SXM4-80GB, 8.0, 575.57.08, 81920, Disabled", {}, "has compute capability 8.0, and 9.0"),
        ("NVIDIA H200, 9.0, 575.57.08, 143771, Disabled", {}, r"`NVIDIA-H200` is here, and .* is declared"),
        ("NVIDIA H100 80GB HBM3, 9.0, 575.57.08, 81559, Enabled", {}, "is partitioned"),
        ("NVIDIA H100 80GB HBM3, 9.0, 575.57.08, 81559, [N/A]", {"count": 2}, "1 GPUs are here, and 2 are declared"),
        ("", {}, "No GPU is here"),
    ],
)
def test_another_accelerator_than_the_declared_one_builds_nothing(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch, gpu: str, accelerator: dict[str, Json], words: str
) -> None:
    double = on_path(install(tmp_path / "other", gpu=gpu), monkeypatch)
    declared = BASE["accelerator"]
    assert isinstance(declared, dict)
    with pytest.raises(PermanentError, match=words) as caught:
        build(target, accelerator={**declared, **accelerator})
    assert caught.value.code.id == "ART403"
    assert double.calls() == []


def test_tuning_by_capability_takes_its_kin(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(install(tmp_path / "kin", gpu="NVIDIA H200, 9.0, 575.57.08, 143771, Disabled"), monkeypatch)
    declared = BASE["accelerator"]
    assert isinstance(declared, dict)
    assert build(target, accelerator={**declared, "tuning": "capability"}).accelerator["product"] == "NVIDIA-H200"


@pytest.fixture
def contained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Double:
    """A docker on the PATH that has the toolchain as an image."""
    return on_path(install(tmp_path / "docker", container=True), monkeypatch)


PINNED: Json = {"tensorrtLlm": "1.2.1", "image": IMAGE}


def test_an_image_builds_without_a_network_and_sees_only_its_folders(contained: Double, target: Path) -> None:
    built = build(target, toolchain=PINNED)
    assert built.image == IMAGE
    assert built.simulated
    runs = [call for call in contained.calls() if call[:2] == ["docker", "run"]]
    assert len(runs) == 3
    command = runs[-1]
    assert {"--network=none", "--gpus=1", "--cap-drop=ALL", "--pull=never"} <= set(command)
    assert "--entrypoint=trtllm-build" in command
    assert f"{(TINY / 'v2').resolve()}:/source:ro" in command
    assert f"{target}:/engine:rw" in command
    assert "HF_HUB_OFFLINE=1" in command
    assert [call[0] for call in contained.calls() if call[0] != "docker"] == ["convert_checkpoint", "trtllm-build"]


def test_a_failure_in_a_container_has_the_class_it_has_outside(contained: Double, target: Path) -> None:
    contained.behave(program="trtllm-build", fail="gpu-memory")
    with pytest.raises(PermanentError) as caught:
        build(target, toolchain=PINNED)
    assert caught.value.code.id == "ART411"


def test_an_image_is_pinned_and_present_and_has_a_daemon(contained: Double, target: Path) -> None:
    with pytest.raises(PermanentError) as loose:
        build(target, toolchain={"tensorrtLlm": "1.2.1", "image": "nvcr.io/nvidia/tensorrt-llm/release:1.2.1"})
    assert loose.value.code.id == "ART405"
    with pytest.raises(PermanentError, match="No such image") as absent:
        build(target, toolchain={"tensorrtLlm": "1.2.1", "image": IMAGE.replace("ab", "cd")})
    assert absent.value.code.id == "ART422"
    contained.behave(daemon=False)
    with pytest.raises(TransientError, match="Cannot connect to the Docker daemon"):
        build(target, toolchain=PINNED)


def test_an_interrupt_ends_the_program_and_leaves_nothing(double: Double, target: Path, kept: Path) -> None:
    double.behave(program="trtllm-build", fail="hang")
    heard = threading.Event()

    def interrupt(what: str, done: int, total: int) -> None:
        if "ranks" in what:
            heard.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(target, progress=interrupt)
    assert heard.is_set()
    assert list(kept.iterdir()) == []
    assert [p.name for p in target.parent.iterdir()] == ["content"]


def test_a_source_that_is_no_model_is_refused(target: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    with pytest.raises(PermanentError, match="is one file"):
        EngineBuilder().build(BuildTask(file, target, BASE), silent)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(PermanentError, match="`architectures` is missing"):
        EngineBuilder().build(BuildTask(tmp_path / "empty", target, BASE), silent)


def test_calibration_data_has_to_be_texts_and_enough(double: Double, target: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    rows: list[Json] = [{"prompt": "a"}, {"messages": [{"role": "user", "content": "b"}, {"role": "x"}]}, {"label": 1}]
    (folder / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert write_texts(folder, tmp_path / "texts", 2) == 2
    assert [json.loads(r)["text"] for r in (tmp_path / "texts" / "train.jsonl").read_text().splitlines()] == ["a", "b"]
    with pytest.raises(PermanentError, match=r"has 2 rows with text, and `calibration\.size` is 3") as few:
        write_texts(folder, tmp_path / "texts", 3)
    assert few.value.code.id == "ART406"
    (folder / "b.jsonl").write_text("{")
    with pytest.raises(PermanentError, match=r"Line 1 of `b.jsonl` is no JSON"):
        write_texts(folder, tmp_path / "texts", 2)
    with pytest.raises(PermanentError, match="was not handed to the build"):
        build(target, quantization=quantized("fp8"))


def test_a_toolchain_that_answers_nonsense_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "trtllm-build").write_text("#!/bin/sh\n'''exec' \"" + str(bin_ / "py") + '" "$0" "$@"\n\' \'\'\'\n')
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    os.chmod(bin_ / "trtllm-build", 0o755)
    with pytest.raises(PermanentError, match="could not be asked"):
        find_toolchain(wanted_by(BASE))
    for text, words in (("echo hello", "did not say what it is"), ("echo Killed >&2; exit 137", "Killed")):
        (bin_ / "py").write_text(f"#!/bin/sh\n{text}\n")
        os.chmod(bin_ / "py", 0o755)
        with pytest.raises(PermanentError, match=words):
            find_toolchain(wanted_by(BASE))


def test_a_builder_without_a_python_of_its_own_is_asked_through_the_one_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = install(tmp_path / "compiled")
    (double.bin / "trtllm-build").write_bytes(b"\x7fELF")
    monkeypatch.setenv("PATH", f"{double.bin}:/usr/bin:/bin")
    assert find_toolchain(wanted_by(BASE)).versions["tensorrtLlm"] == "1.2.1+simulated"


def test_the_store_keeps_that_an_engine_is_simulated(double: Double, tmp_path: Path) -> None:
    from trueup.adapters.stores.directory import DirectoryStore
    from trueup.adapters.stores.layout import Layout, read_manifest

    store = DirectoryStore(tmp_path / "store", {}, {"engine": EngineBuilder()})
    pin = build_pin("engine", digest_of("source"), **BASE)
    path = store.build(pin, TINY / "v2", silent)
    assert (path / "rank0.engine").is_file()
    assert store.find(pin.key) == path
    manifest = read_manifest(Layout(tmp_path / "store").object(pin.key))
    assert manifest is not None
    origin = manifest.origin
    assert isinstance(origin, dict)
    assert (origin["simulated"], origin["tools"]["tensorrt"]) == (True, "10.13.3.9")


def test_a_failed_build_leaves_nothing_in_the_store(double: Double, tmp_path: Path) -> None:
    from trueup.adapters.stores.directory import DirectoryStore

    double.behave(program="trtllm-build", fail="gpu-memory")
    store = DirectoryStore(tmp_path / "store", {}, {"engine": EngineBuilder()})
    pin = build_pin("engine", digest_of("source"), **BASE)
    with pytest.raises(PermanentError, match="ART411"):
        store.build(pin, TINY / "v2", silent)
    assert store.find(pin.key) is None
    assert list((tmp_path / "store" / "partial").iterdir()) == []


@pytest.fixture(scope="module")
def real() -> Iterator[None]:
    if shutil.which("trtllm-build") is None or shutil.which("nvidia-smi") is None:
        pytest.skip("TensorRT-LLM up to 1.2.1 and an NVIDIA GPU are not here")
    return None


@pytest.mark.gpu
def test_the_real_toolchain_builds_the_tiny_model(real: None, target: Path) -> None:
    from trueup.adapters.builders.tensorrt import probe

    gpu = probe.gpus()[0]
    versions = probe.versions()
    declared: dict[str, Json] = {
        "toolchain": {k: versions[k] for k in ("tensorrtLlm", "tensorrt") if k in versions},
        "accelerator": {"gpu": gpu["name"], "count": 1, "tuning": "product"},
    }
    task = BuildTask(TINY / "v2", target, {**BASE, **declared})
    built = EngineBuilder().build(task, silent)
    assert not built.simulated
    assert (target / "rank0.engine").stat().st_size > 1 << 20
