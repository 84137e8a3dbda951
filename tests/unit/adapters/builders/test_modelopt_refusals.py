"""What the ModelOpt builder refuses before torch is loaded: clear, early, and for every reason."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts import TINY, build_pin, silent
from checkpoints_by_modelopt import CONFIG, LINEAR, floats, source_tensors, write_model
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.builtin import builtin_builders
from trueup.adapters.builders.modelopt.builder import ModelOptBuilder
from trueup.adapters.builders.modelopt.calibration import draw_texts
from trueup.adapters.builders.modelopt.edge import EdgeBuilder
from trueup.adapters.builders.modelopt.settings import Calibration, read_settings
from trueup.adapters.builders.modelopt.source import check_fit, check_known, read_source
from trueup.adapters.builders.modelopt.toolchain import check_versions, find_interpreter, installed_versions
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.build_key import build_key

DATA: dict[str, Json] = {"dataset": "facts@1", "size": 4}
NOBODY = {"interpreter": "/nowhere/python"}


def asked(format_: str = "fp8", /, **settings: Json) -> dict[str, Json]:
    return {"quantization": {"format": format_, "calibration": DATA, **settings}, "toolchain": dict(NOBODY)}


def refusal(model: Path, parameters: dict[str, Json], target: Path) -> PermanentError:
    target.mkdir(exist_ok=True)
    with pytest.raises(PermanentError) as refused:
        ModelOptBuilder().build(BuildTask(model, target, parameters), silent)
    assert not list(target.iterdir())
    return refused.value


SETTINGS: dict[str, tuple[dict[str, Json], str, str]] = {
    "nvfp4": (asked("nvfp4"), "ART303", "CUDA"),
    "mxfp4 of a source in 16 bits": (asked("mxfp4"), "ART303", "CUDA extension"),
    "gptq of a source in 16 bits": (asked("int4_gptq"), "ART201", "not quantized"),
    "nvfp4 cache": (asked(kvCache="nvfp4"), "ART303", "CUDA"),
    "int8 cache": (asked(kvCache="int8"), "ART206", "int8"),
    "auto": (asked("auto", bits=5.0), "ART206", "auto"),
    "an unknown format": (asked("fp9"), "ART206", "`fp9`"),
    "groups of fp8": (asked(groupSize=64), "ART206", "int4_awq"),
    "bits of fp8": (asked(bits=5.0), "ART206", "auto"),
    "groups of nothing": (asked("int4_awq", groupSize=0), "ART206", "groupSize"),
    "no calibration": ({"quantization": {"format": "int8_sq"}}, "ART206", "calibration"),
    "a cache without calibration": ({"quantization": {"format": "none", "kvCache": "fp8"}}, "ART206", "calibration"),
    "modules of nothing": ({"quantization": {"format": "none", "excludeModules": ["a"]}}, "ART206", "excludeModules"),
    "another dtype": ({"dtype": "float8"}, "ART206", "float8"),
    "a misspelt parameter": ({"quantisation": {}}, "ART206", "quantisation"),
    "an image": ({**asked(), "toolchain": {"image": "r/n@sha256:0"}}, "ART310", "r/n"),
    "a module that is not there": (asked(excludeModules=["model.layers.9"]), "ART206", "model.layers.9"),
    "a head that is the embedding": (asked(quantizeLmHead=True), "ART206", "one tensor"),
    "groups that do not divide": (asked("int4_awq", groupSize=100), "ART206", "groups of 100"),
    "no such Python": (asked(), "ART301", "/nowhere/python"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_what_cannot_be_had_is_refused_with_the_reason(tmp_path: Path, case: str) -> None:
    parameters, code, words = SETTINGS[case]
    refused = refusal(TINY / "v2", parameters, tmp_path / "out")
    assert (refused.code.id, words in refused.detail) == (code, True), refused


def test_a_group_that_fits_is_named(tmp_path: Path) -> None:
    assert "groupSize: 128" in refusal(TINY / "v2", asked("int4_awq", groupSize=100), tmp_path / "out").hint


def test_nothing_heavy_is_imported_by_the_builders() -> None:
    assert {"pytorch", "autodeploy", "edge_engine"} <= set(builtin_builders())
    code = (
        "import sys; from trueup.adapters.builders.builtin import builtin_builders; builtin_builders();"
        "sys.exit(bool({'torch', 'transformers', 'modelopt', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def index(folder: Path, places: dict[str, str]) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


MODELS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "weights cut short": (cut, "ART007", "cut short"),
    "no weights": (lambda m: (m / "model.safetensors").unlink(), "ART202", "model.safetensors"),
    "an index of a shard that is not there": (lambda m: index(m, {"a": "x.safetensors"}), "ART202", "x.safetensors"),
    "an index of tensors that are not there": (lambda m: index(m, {"a": "model.safetensors"}), "ART204", "`a`"),
    "an index that leads out": (lambda m: index(m, {"a": "../v.safetensors"}), "ART202", "../v"),
    "no tokenizer": (lambda m: (m / "tokenizer.json").unlink(), "ART202", "tokenizer.json"),
    "a broken tokenizer": (lambda m: (m / "tokenizer.json").write_text("{"), "ART203", "tokenizer.json"),
    "a tokenizer without words": (lambda m: (m / "tokenizer.json").write_text("{}"), "ART203", "vocabulary"),
    "no configuration": (lambda m: (m / "config.json").unlink(), "ART202", "config.json"),
    "more layers than weights": (lambda m: edit(m, num_hidden_layers=5), "ART204", "layer 4"),
    "fewer layers than weights": (lambda m: edit(m, num_hidden_layers=3), "ART204", "3 layers"),
    "another width": (lambda m: edit(m, intermediate_size=512), "ART204", "512"),
    "another vocabulary": (lambda m: edit(m, vocab_size=700), "ART204", "700"),
    "a classifier": (lambda m: edit(m, architectures=["BertForMaskedLM"]), "ART201", "BertForMaskedLM"),
    "code of its own": (lambda m: edit(m, auto_map={"AutoModel": "x.Y"}), "ART201", "auto_map"),
    "no architecture": (lambda m: edit(m, architectures=None), "ART203", "architectures"),
    "positions stated twice": (
        lambda m: edit(m, rope_scaling={"type": "yarn", "factor": 4}),
        "ART203",
        "`rope_scaling` (",
    ),
    "a norm that is no number": (lambda m: edit(m, rms_norm_eps="x"), "ART203", "`rms_norm_eps` is 'x'"),
    "a base without end": (lambda m: edit(m, rope_theta=float("inf")), "ART203", "`rope_theta` is inf"),
    "a quantized source": (lambda m: edit(m, quantization_config={"quant_method": "awq"}), "ART201", "awq"),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_broken_model_is_refused_before_the_tools_are_looked_for(tmp_path: Path, case: str) -> None:
    breaks, code, words = MODELS[case]
    shutil.copytree(TINY / "v2", tmp_path / "model")
    breaks(tmp_path / "model")
    refused = refusal(tmp_path / "model", asked(), tmp_path / "out")
    assert (refused.code.id, words in refused.detail) == (code, True), refused


def test_one_file_is_no_model_folder(tmp_path: Path) -> None:
    assert refusal(TINY / "v2" / "config.json", asked(), tmp_path / "out").code.id == "ART202"


def test_a_tokenizer_beyond_the_embedding_is_refused(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    (model / "tokenizer.json").write_text(
        json.dumps({"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 6}, {"id": "x"}, "y"]})
    )
    assert "token 6" in refusal(model, asked(), tmp_path / "out").detail


def test_layers_that_predict_ahead_are_allowed(tmp_path: Path) -> None:
    more = {"model.layers.1.x.weight": floats((4, 4))}
    model = write_model(tmp_path / "model", {**CONFIG, "num_nextn_predict_layers": 1}, {**source_tensors(), **more})
    assert "model.layers.1.x" in read_source(model).modules


def test_rows_that_do_not_pair_are_refused_and_modules_left_out_are_not(tmp_path: Path) -> None:
    odd = {**source_tensors(), "model.layers.0.odd_proj.weight": floats((3, 4))}
    source = read_source(write_model(tmp_path / "model", CONFIG, odd))
    with pytest.raises(PermanentError, match="3 rows, which do not pair"):
        check_fit(source, read_settings(asked("int4_awq", groupSize=4)))
    check_fit(source, read_settings(asked("int4_awq", groupSize=4, excludeModules=["*.odd_proj"])))


ROWS: dict[str, tuple[bytes, str]] = {
    "other columns": (b'{"question": "a", "answer": "b"}\n' * 4, "`question`, `answer`"),
    "no columns": (b"{}\n" * 4, "columns are none"),
    "too few rows": (b'{"text": "a"}\n' * 3, "has 3 rows, `calibration.size` is 4"),
    "no rows": (b"", "has 0 rows"),
    "no JSON": (b'{"text": "a"}\n{"text"\n' * 4, "rows.jsonl:2: no JSON"),
    "no objects": (b"[1]\n" * 4, "no JSON object"),
    "an empty text": (b'{"text": "  "}\n' * 4, "its text is empty"),
    "messages without text": (b'{"messages": [{"role": "user", "content": 1}]}\n' * 4, "`messages`"),
    "many": (b"1\n" * 9, "and 4 more"),
}


@pytest.mark.parametrize("case", ROWS)
def test_data_that_cannot_be_measured_on_is_refused_with_what_is_in_it(tmp_path: Path, case: str) -> None:
    content, words = ROWS[case]
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(PermanentError) as refused:
        draw_texts(tmp_path / "rows.jsonl", Calibration(size=4))
    assert (refused.value.code.id, words in refused.value.detail) == ("ART304", True), refused.value


def test_a_folder_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"no file that ends in \.jsonl"):
        draw_texts(tmp_path, Calibration())


def test_every_shape_of_a_row_gives_its_text(tmp_path: Path) -> None:
    rows: list[Json] = [
        {"text": "t"},
        {"prompt": "p"},
        {"prompt": "p", "expected": "e"},
        {"prompt": "p", "expected": ["first", "second"]},
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(r) for r in rows) + "\n\n")
    assert draw_texts(tmp_path, Calibration(size=5)) == ("t", "p", "p\ne", "p\nfirst", "q\na")


def test_a_draw_follows_seed_and_size_alone(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"text": f"row {n}"}) + "\n" for n in range(40)))
    drawn = {seed: draw_texts(tmp_path, Calibration(size=8, seed=seed)) for seed in (1, 2)}
    assert drawn[1] == draw_texts(tmp_path, Calibration(size=8, seed=1)) != drawn[2]
    assert set(drawn[1]) < set(draw_texts(tmp_path, Calibration(size=9, seed=1)))
    # Whoever has to change this raises the builder's version: other rows give other bytes.
    assert drawn[1] == ("row 7", "row 27", "row 29", "row 30", "row 33", "row 35", "row 38", "row 39")


INSTALLED = {"nvidia-modelopt": "0.47.0", "transformers": "5.23.0", "torch": "2.13.0+cpu", "requests": "2.34"}
DECLARED = {"modelopt": "0.47.0", "transformers": "5.23.0", "torch": "2.13.0"}
NAMES = ("modelopt", "transformers", "torch")


def versions(declared: dict[str, str], installed: dict[str, str]) -> PermanentError:
    with pytest.raises(PermanentError) as refused:
        check_versions(declared, installed, NAMES, "/env/bin/python", "requests")
    return refused.value


def test_the_declared_versions_pass_with_the_local_part_or_without() -> None:
    check_versions(DECLARED, INSTALLED, NAMES, "python", "requests")
    check_versions({**DECLARED, "torch": "2.13.0+cpu"}, INSTALLED, NAMES, "python")


def test_other_versions_are_named_with_the_command_that_installs_the_declared_ones() -> None:
    refused = versions({**DECLARED, "torch": "2.12.0", "transformers": "4.57.6"}, INSTALLED)
    assert refused.code.id == "ART302"
    assert "torch 2.12.0 is declared, 2.13.0+cpu is installed" in refused.detail
    assert "transformers 4.57.6 is declared, 5.23.0 is installed" in refused.detail
    assert "/env/bin/python -m pip install transformers==4.57.6 torch==2.12.0" in refused.hint


def test_another_local_part_is_another_version() -> None:
    assert versions({**DECLARED, "torch": "2.13.0+cu130"}, INSTALLED).code.id == "ART302"


def test_versions_that_nobody_declared_are_refused_with_those_that_are_there() -> None:
    refused = versions({"modelopt": "0.47.0"}, INSTALLED)
    assert (refused.code.id, "transformers, torch" in refused.detail) == ("ART302", True)
    assert refused.hint == "declare `toolchain: {modelopt: 0.47.0, transformers: 5.23.0, torch: 2.13.0}`"


def test_missing_tools_are_named_with_the_command_that_installs_them() -> None:
    refused = versions({"modelopt": "0.47.0"}, {"torch": "2.13.0"})
    assert refused.code.id == "ART301"
    assert "nvidia-modelopt, transformers, requests not found" in refused.detail
    assert refused.hint == "run `/env/bin/python -m pip install nvidia-modelopt==0.47.0 transformers torch requests`"


def test_another_python_is_asked_for_its_own_packages(tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    assert find_interpreter("") == sys.executable
    assert installed_versions(find_interpreter(str(link)))["python"] == installed_versions(sys.executable)["python"]


def test_what_is_no_python_is_refused(tmp_path: Path) -> None:
    false = tmp_path / "python"
    false.write_text("#!/bin/sh\nexit 3\n")
    false.chmod(0o755)
    with pytest.raises(PermanentError, match="is no Python"):
        installed_versions(str(false))


EDGE: dict[str, tuple[dict[str, Json], str, str]] = {
    "an engine": ({"stage": "engine", "accelerator": {"gpu": "Jetson-AGX-Orin"}}, "ART309", "Jetson-AGX-Orin"),
    "a format without a graph": ({"quantization": {"format": "int8_wo"}}, "ART206", "int8_wo"),
    "arguments of the engine": ({"build": {"max_batch_size": 1}}, "ART206", "stage: onnx"),
    "two devices": ({"parallelism": {"tensor": 2}}, "ART206", "one device"),
    "a dtype": ({"dtype": "bfloat16"}, "ART206", "float16"),
}


@pytest.mark.parametrize("case", EDGE)
def test_what_the_edge_export_would_get_wrong_is_refused(tmp_path: Path, case: str) -> None:
    parameters, code, words = EDGE[case]
    with pytest.raises(PermanentError) as refused:
        EdgeBuilder().build(BuildTask(TINY / "v2", tmp_path, {"stage": "onnx", **parameters}), silent)
    assert (refused.value.code.id, words in refused.value.detail) == (code, True), refused.value


def test_an_edge_export_needs_a_chat_template(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    with pytest.raises(PermanentError, match="chat template"):
        EdgeBuilder().build(BuildTask(model, tmp_path, {"stage": "onnx"}), silent)


def test_where_an_edge_build_ends_is_part_of_its_key() -> None:
    source = Digest("sha256:" + "0" * 64)
    graph, engine = (build_key(source, "edge_engine", {"stage": stage}) for stage in ("onnx", "engine"))
    assert graph != engine
    assert build_pin("edge_engine", source, stage="onnx").key == graph


def test_what_is_known_to_go_wrong_with_a_version_is_refused(tmp_path: Path) -> None:
    plain = read_source(write_model(tmp_path / "plain"))
    mixture = read_source(write_model(tmp_path / "mixture", {**CONFIG, "num_local_experts": 4}))
    awq, fp8 = read_settings(asked("int4_awq")), read_settings(asked("fp8"))
    check_known(plain, awq, "5.23.0")
    check_known(mixture, fp8, "5.23.0")
    with pytest.raises(PermanentError, match=r"ART308.*transformers 4\.57\.6 does not read"):
        check_known(plain, fp8, "4.57.6")
    with pytest.raises(PermanentError, match=r"ART201.*experts"):
        check_known(mixture, awq, "5.23.0")


def test_every_module_of_the_small_model_is_found(tmp_path: Path) -> None:
    assert set(LINEAR) < set(read_source(write_model(tmp_path / "model")).modules)
