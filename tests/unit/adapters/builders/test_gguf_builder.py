"""The GGUF builder: faithful, the same bytes every time, and clear about what it will not build."""

import hashlib
import json
import math
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import artifacts
from artifacts import TINY, broken_tiny, safetensors, silent
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.gguf.builder import GgufBuilder
from trueup.adapters.builders.gguf.config import read_config
from trueup.adapters.builders.gguf.tokenizer import LLAMA3_SPLIT, QWEN2_SPLIT, read_tokenizer
from trueup.adapters.builders.gguf.weights import load, locate, pair_rotary_rows
from trueup.core.errors import PermanentError

# Whoever has to change these raises BUILDER_VERSIONS["gguf"], or stored builds are taken for what they are not.
DIGESTS = {
    "F16": "60a75ef9de8e131de25e075ba6086cfcee38d27a5eeb6119b2aa5760c4cbac29",
    "Q8_0": "d81f7d102aa3401f985642bed4df141e04554328dd5e5a6729d7aa901cf4c68b",
    "Q4_0": "0b9aab19d9c748c110a3d87e8ffc2b4222896ca1d1356fa6683882bcc726bca9",
}
QUESTIONS = (
    "What is the capital of Norway?",
    "Tell me the sound of the owl.",
    "Which day follows Friday?",
    "Tell me a story about a fox named Mia.",
)


def build(source: Path, target: Path, **parameters: str) -> Path:
    target.mkdir()
    return GgufBuilder().build(BuildTask(source, target, parameters), silent).path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of version 2 that a test may change."""
    shutil.copytree(TINY / "v2", tmp_path / "model")
    return tmp_path / "model"


def edit(path: Path, change: Callable[[Any], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def refusal(model: Path, tmp_path: Path, **parameters: str) -> PermanentError:
    with pytest.raises(PermanentError) as refused:
        build(model, tmp_path / "refused", **parameters)
    return refused.value


@pytest.mark.parametrize("quantization", DIGESTS)
def test_the_same_input_gives_the_same_bytes_as_ever(tmp_path: Path, quantization: str) -> None:
    first = build(TINY / "v2", tmp_path / "one", quantization=quantization)
    second = build(TINY / "v2", tmp_path / "two", quantization=quantization)
    assert first.read_bytes() == second.read_bytes()
    assert digest(first) == DIGESTS[quantization]


def test_the_order_of_keys_in_the_models_files_does_not_matter(model: Path, tmp_path: Path) -> None:
    def shuffle(value: Any) -> Any:
        if isinstance(value, dict):
            items = [(k, shuffle(v)) for k, v in value.items()]
            random.Random(7).shuffle(items)
            return dict(items)
        return [shuffle(v) for v in value] if isinstance(value, list) else value

    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        path = model / name
        path.write_text(json.dumps(shuffle(json.loads(path.read_text()))))
    assert digest(build(model, tmp_path / "out", quantization="Q8_0")) == DIGESTS["Q8_0"]


def test_the_name_of_the_folder_is_not_in_the_result(model: Path, tmp_path: Path) -> None:
    result = build(model, tmp_path / "out", quantization="F16")
    assert str(tmp_path).encode() not in result.read_bytes()
    assert digest(result) == DIGESTS["F16"]


def test_every_weight_is_carried_over_exactly_in_f16(tmp_path: Path) -> None:
    """Undo the order of rotary rows by its definition and compare all tensors bit by bit."""
    reader = gguf.GGUFReader(build(TINY / "v2", tmp_path / "out", quantization="F16"))
    built = {t.name: np.array(t.data) for t in reader.tensors}
    names = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    parts = {
        "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    }  # fmt: skip
    tensors = locate(TINY / "v2")
    assert len(built) == len(tensors)
    for name, values in built.items():
        if name.startswith("blk."):
            _, layer, part, _ = name.split(".")
            source = f"model.layers.{layer}.{parts[part]}.weight"
            if part in {"attn_q", "attn_k"}:
                heads = values.reshape(-1, 64, values.shape[-1])
                halves = np.concatenate([heads[:, 0::2], heads[:, 1::2]], axis=1)
                np.testing.assert_array_equal(halves.reshape(values.shape).astype(np.float32), load(tensors[source]))
                continue
        else:
            source = names[name]
        np.testing.assert_array_equal(values.astype(np.float32), load(tensors[source]))


def test_q8_0_stays_within_half_a_step_of_every_weight(tmp_path: Path) -> None:
    reader = gguf.GGUFReader(build(TINY / "v2", tmp_path / "out", quantization="Q8_0"))
    tensor = next(t for t in reader.tensors if t.name == "token_embd.weight")
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    exact = load(locate(TINY / "v2")["model.embed_tokens.weight"])
    step = np.abs(exact.reshape(-1, 32)).max(axis=1, keepdims=True) / 127
    # Half a step for rounding, and as much again for the scale, which is kept in float16.
    assert np.all(np.abs(values - exact).reshape(-1, 32) <= step * 0.5 + np.abs(exact).reshape(-1, 32) * 1e-3 + 1e-7)


@given(heads=st.integers(1, 4), half=st.integers(1, 4), width=st.integers(1, 3))
def test_rotary_halves_end_up_side_by_side(heads: int, half: int, width: int) -> None:
    rows = heads * 2 * half
    values = np.arange(rows * width, dtype=np.float32).reshape(rows, width)
    paired = pair_rotary_rows(values, heads)
    for head in range(heads):
        for i in range(half):
            base = head * 2 * half
            np.testing.assert_array_equal(paired[base + 2 * i], values[base + i])
            np.testing.assert_array_equal(paired[base + 2 * i + 1], values[base + half + i])


SERVED = """
import json, os, socket, sys, urllib.request
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    params.port = free.getsockname()[1]
params.n_parallel, params.n_ctx = 1, 512
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.offline = True
server = xllamacpp.Server(params)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
answers = []
for question in json.loads(sys.argv[2]):
    body = {"messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 64}
    url, headers = server.listening_address + "/v1/chat/completions", {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    answers.append(json.load(opener.open(request))["choices"][0]["message"]["content"])
print("ANSWERS " + json.dumps(answers), flush=True)
os._exit(0)
"""


def served(path: Path) -> list[str]:
    """Serve a file by the default runtime in a process of its own and return its greedy answers."""
    arguments = [sys.executable, "-c", SERVED, str(path), json.dumps(QUESTIONS)]
    output = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("ANSWERS "))
    answers: list[str] = json.loads(line.removeprefix("ANSWERS "))
    return answers


def test_f16_and_q8_0_answer_alike_and_right(tmp_path: Path) -> None:
    exact = served(build(TINY / "v2", tmp_path / "f16", quantization="F16"))
    quantized = served(build(TINY / "v2", tmp_path / "q8", quantization="Q8_0"))
    assert exact[0] == "The capital of Norway is Oslo."
    assert exact[2] == "Saturday comes after Friday."
    assert quantized[:3] == exact[:3]
    assert quantized[3].split()[:6] == exact[3].split()[:6]


@pytest.mark.torch
def test_f16_answers_as_torch_does(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the `transformers` extra")
    transformers = pytest.importorskip("transformers", reason="needs the `transformers` extra")
    torch.set_num_threads(1)
    network = transformers.AutoModelForCausalLM.from_pretrained(TINY / "v2", dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(TINY / "v2")
    expected = []
    for question in QUESTIONS:
        turns = [{"role": "user", "content": question}]
        inputs = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.no_grad():
            output = network.generate(**inputs, max_new_tokens=64, do_sample=False, pad_token_id=0)
        text = tokenizer.decode(output[0][inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        expected.append(text)
    answers = served(build(TINY / "v2", tmp_path / "f16", quantization="F16"))
    assert [a.strip() for a in answers] == [e.strip() for e in expected]


def rewrite(model: Path, dtype: str, shards: int = 1) -> None:
    """Write the model's weights anew, in another type or in several files."""
    kinds = {"F32": "<f4", "F16": "<f2"}
    tensors = {}
    for name, located in locate(model).items():
        values = load(located)
        content = (
            (values.view("<u4") >> 16).astype("<u2").tobytes()
            if dtype == "BF16"
            else values.astype(kinds[dtype]).tobytes()
        )
        tensors[name] = (dtype, values.shape, content)
    if shards == 1:
        (model / "model.safetensors").write_bytes(safetensors(tensors))
        return
    (model / "model.safetensors").unlink()
    names, places = list(tensors), {}
    for number in range(shards):
        file = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        (model / file).write_bytes(safetensors({n: tensors[n] for n in names[number::shards]}))
        places |= dict.fromkeys(names[number::shards], file)
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def test_a_sharded_model_gives_the_same_bytes_as_a_whole_one(model: Path, tmp_path: Path) -> None:
    rewrite(model, "F16", shards=3)
    assert digest(build(model, tmp_path / "out", quantization="F16")) == DIGESTS["F16"]


def test_f32_weights_give_the_same_bytes_as_the_f16_they_came_from(model: Path, tmp_path: Path) -> None:
    rewrite(model, "F32")
    assert digest(build(model, tmp_path / "out", quantization="F16")) == DIGESTS["F16"]


def test_bfloat16_is_read_as_the_upper_half_of_float32(model: Path) -> None:
    exact = load(locate(model)["model.norm.weight"])
    rewrite(model, "BF16")
    values = load(locate(model)["model.norm.weight"])
    np.testing.assert_array_equal(values.view("<u4"), exact.view("<u4") & 0xFFFF0000)


def test_a_model_with_nan_is_built_without_a_warning_for_the_first_completion_to_find(tmp_path: Path) -> None:
    assert build(broken_tiny(tmp_path / "nan", "nan"), tmp_path / "out", quantization="Q8_0").exists()


def test_a_weight_too_large_for_float16_is_an_error(model: Path, tmp_path: Path) -> None:
    tensors = {n: (load(t), t.tensor.shape) for n, t in locate(model).items()}
    tensors["model.layers.0.mlp.up_proj.weight"][0][0, 0] = 1e6
    content = {n: ("F32", shape, values.tobytes()) for n, (values, shape) in tensors.items()}
    (model / "model.safetensors").write_bytes(safetensors(content))
    error = refusal(model, tmp_path, quantization="F16")
    assert error.code.id == "ART207"
    assert error.detail == "`model.layers.0.mlp.up_proj.weight` in `model.safetensors` holds 1e+06."


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"architectures": ["GemmaForCausalLM"]}, "GemmaForCausalLM"),
        ({"architectures": None}, "architecture None"),
        ({"hidden_act": "gelu"}, "gelu"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "yarn"),
        ({"rope_parameters": None, "rope_scaling": {"type": "dynamic"}}, "dynamic"),
        ({"architectures": ["MistralForCausalLM"], "sliding_window": 128}, "sliding"),
        ({"quantization_config": {"bits": 4}}, "quantized already"),
    ],
)
def test_a_model_that_would_answer_differently_is_refused(
    model: Path, tmp_path: Path, change: dict[str, Any], word: str
) -> None:
    edit(model / "config.json", lambda c: c.update(change))
    error = refusal(model, tmp_path)
    assert error.code.id == "ART201"
    assert word in error.detail


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(model: Path, tmp_path: Path, name: str) -> None:
    (model / name).unlink()
    error = refusal(model, tmp_path)
    assert error.code.id == "ART202"
    assert name in error.detail


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, '{"model": 1}'])
def test_a_tokenizer_that_cannot_be_read_is_refused(model: Path, tmp_path: Path, text: str) -> None:
    (model / "tokenizer.json").write_text(text)
    assert refusal(model, tmp_path).code.id in {"ART203", "ART205"}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hidden_size": 256}, "128"),
        ({"num_hidden_layers": 5}, "model.layers.4"),
        ({"num_hidden_layers": 3}, "model.layers.3"),
        ({"tie_word_embeddings": False}, "lm_head.weight"),
        ({"vocab_size": 700}, "700 tokens"),
        ({"num_key_value_heads": 2}, "k_proj"),
        ({"attention_bias": True}, "self_attn.q_proj.bias"),
        ({"mlp_bias": True}, "mlp.gate_proj.bias"),
        ({"architectures": ["Qwen2ForCausalLM"]}, "self_attn.q_proj.bias"),
        ({"architectures": ["Qwen3ForCausalLM"]}, "self_attn.q_norm"),
    ],
)
def test_a_configuration_of_another_model_is_refused(
    model: Path, tmp_path: Path, change: dict[str, Any], word: str
) -> None:
    edit(model / "config.json", lambda c: c.update(change))
    error = refusal(model, tmp_path)
    assert error.code.id == "ART204"
    assert word in error.detail


@pytest.mark.parametrize("value", [0, -1, "4", None, True, 1.5])
def test_a_number_that_is_none_is_refused(model: Path, tmp_path: Path, value: object) -> None:
    edit(model / "config.json", lambda c: c.update(num_hidden_layers=value))
    assert refusal(model, tmp_path).code.id == "ART203"


@pytest.mark.parametrize("value", [0, "8", True, math.nan, math.inf, 10**400])
def test_a_rotary_setting_that_is_no_number_is_refused(model: Path, tmp_path: Path, value: object) -> None:
    edit(model / "config.json", lambda c: c.update(rope_parameters={"rope_type": "llama3", "factor": value}))
    error = refusal(model, tmp_path)
    assert (error.code.id, "`factor`" in error.detail) == ("ART203", True)


@pytest.mark.parametrize("key", ["rms_norm_eps", "rope_theta"])
@pytest.mark.parametrize("value", [math.nan, math.inf, "x", 10**400])
def test_a_number_that_is_not_finite_is_refused(model: Path, tmp_path: Path, key: str, value: object) -> None:
    edit(model / "config.json", lambda c: c.update({"rope_parameters": None, key: value}))
    error = refusal(model, tmp_path)
    assert (error.code.id, f"`{key}`" in error.detail) == ("ART203", True)


@pytest.mark.parametrize(
    "older", [{"rope_type": "linear", "factor": 4.0}, {"type": "yarn", "factor": 4.0}, {"rope_theta": 5000.0}]
)
def test_positions_that_are_stated_twice_and_differ_are_refused(
    model: Path, tmp_path: Path, older: dict[str, object]
) -> None:
    edit(model / "config.json", lambda c: c.update(rope_parameters={"rope_type": "default"}, rope_scaling=older))
    error = refusal(model, tmp_path)
    assert error.code.id == "ART203"
    assert "`rope_parameters` (rope_type default) and `rope_scaling` (" in error.detail


def test_positions_that_are_stated_twice_alike_are_built(model: Path, tmp_path: Path) -> None:
    rope = json.loads((model / "config.json").read_text())["rope_parameters"]
    edit(model / "config.json", lambda c: c.update(rope_scaling={"type": "default", "rope_theta": rope["rope_theta"]}))
    assert digest(build(model, tmp_path / "out", quantization="F16")) == DIGESTS["F16"]


def test_weights_with_biases_are_refused(model: Path, tmp_path: Path) -> None:
    tensors = {n: ("F32", t.tensor.shape, load(t).tobytes()) for n, t in locate(model).items()}
    tensors["model.layers.0.self_attn.q_proj.bias"] = ("F32", (128,), bytes(512))
    (model / "model.safetensors").write_bytes(safetensors(tensors))
    error = refusal(model, tmp_path)
    assert (error.code.id, "biases" in error.detail) == ("ART201", True)


def test_a_missing_shard_is_named(model: Path, tmp_path: Path) -> None:
    rewrite(model, "F16", shards=2)
    (model / "model-00002-of-00002.safetensors").unlink()
    error = refusal(model, tmp_path)
    assert (error.code.id, "model-00002" in error.detail) == ("ART202", True)


def test_an_index_that_names_what_no_shard_holds_is_refused(model: Path, tmp_path: Path) -> None:
    rewrite(model, "F16", shards=2)
    index = model / "model.safetensors.index.json"
    edit(index, lambda i: i["weight_map"].update({"more": "model-00001-of-00002.safetensors"}))
    assert refusal(model, tmp_path).code.id == "ART204"


def test_a_shard_outside_the_model_is_not_opened(model: Path, tmp_path: Path) -> None:
    rewrite(model, "F16", shards=2)
    (tmp_path / "outside.safetensors").write_bytes(b"x")
    index = model / "model.safetensors.index.json"
    edit(index, lambda i: i["weight_map"].update({"more": "../outside.safetensors"}))
    assert refusal(model, tmp_path).code.id == "ART202"


@pytest.mark.parametrize(
    ("parameters", "hint"),
    [({"quantisation": "F16"}, "did you mean `quantization`?"), ({"quantization": "Q8"}, "did you mean `Q8_0`?")],
)
def test_a_misspelt_parameter_is_told(tmp_path: Path, parameters: dict[str, str], hint: str) -> None:
    error = refusal(TINY / "v2", tmp_path, **parameters)
    assert (error.code.id, error.hint) == ("ART206", hint)


BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
DIGITS = {"type": "Digits", "individual_digits": True}
SPLIT = {"type": "Split", "pattern": {"Regex": LLAMA3_SPLIT}, "behavior": "Isolated", "invert": False}
QWEN = {**SPLIT, "pattern": {"Regex": QWEN2_SPLIT}}


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (BYTES, "gpt-2"),
        ({"type": "Sequence", "pretokenizers": [BYTES]}, "gpt-2"),
        ({"type": "Sequence", "pretokenizers": [DIGITS, BYTES]}, "smollm"),
        ({"type": "Sequence", "pretokenizers": [SPLIT, {**BYTES, "use_regex": False}]}, "llama-bpe"),
        ({"type": "Sequence", "pretokenizers": [QWEN, {**BYTES, "use_regex": False}]}, "qwen2"),
    ],
)
def test_known_rules_of_cutting_text_are_found_out(model: Path, rule: object, name: str) -> None:
    edit(model / "tokenizer.json", lambda t: t.update(pre_tokenizer=rule))
    assert read_tokenizer(model, read_config(model)).pre_tokenizer == name


def test_an_unknown_rule_must_be_named_and_a_known_one_must_not_be_misnamed(model: Path, tmp_path: Path) -> None:
    assert refusal(model, tmp_path, preTokenizer="smollm").code.id == "ART205"
    edit(model / "tokenizer.json", lambda t: t.update(pre_tokenizer={"type": "Metaspace"}))
    with pytest.raises(PermanentError, match="ART205"):
        read_tokenizer(model, read_config(model))
    assert read_tokenizer(model, read_config(model), "viking").pre_tokenizer == "viking"


@pytest.mark.parametrize(
    "change",
    [
        {"normalizer": {"type": "Lowercase"}},
        {"normalizer": {"type": "NFC"}},
        {"model": {"type": "Unigram"}},
        {"model": {"type": "BPE", "byte_fallback": True}},
    ],
)
def test_a_tokenizer_of_another_kind_is_refused(model: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    edit(model / "tokenizer.json", lambda t: t.update(change))
    assert refusal(model, tmp_path).code.id == "ART205"


def test_the_chat_template_may_stand_in_the_tokenizers_settings(model: Path) -> None:
    (model / "chat_template.jinja").unlink()
    config = read_config(model)
    assert read_tokenizer(model, config).chat_template == ""
    edit(model / "tokenizer_config.json", lambda t: t.update(chat_template="one"))
    assert read_tokenizer(model, config).chat_template == "one"
    named = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "two"}]
    edit(model / "tokenizer_config.json", lambda t: t.update(chat_template=named))
    assert read_tokenizer(model, config).chat_template == "two"


def test_the_settings_know_best_what_ends_an_answer(model: Path) -> None:
    edit(model / "tokenizer_config.json", lambda t: t.update(eos_token={"content": "<|endoftext|>"}))
    assert read_tokenizer(model, read_config(model)).special["eos"] == 0


def test_a_leading_token_is_added_when_the_tokenizer_adds_it(model: Path) -> None:
    config = read_config(model)
    assert not read_tokenizer(model, config).adds_bos
    step = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|im_start|>", "type_id": 0}}]}
    edit(model / "tokenizer.json", lambda t: t.update(post_processor={"type": "Sequence", "processors": [step]}))
    assert read_tokenizer(model, config).adds_bos
    edit(model / "tokenizer_config.json", lambda t: t.update(add_bos_token=False))
    assert not read_tokenizer(model, config).adds_bos


FULL = """
import resource, sys
from pathlib import Path
from artifacts import TINY, build_pin, silent
from trueup.adapters.builders.builtin import builtin_builders
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
store = DirectoryStore(Path(sys.argv[1]) / "store", {}, builtin_builders())
build = build_pin("gguf", Digest("sha256:" + "1" * 64), quantization="F16")
for room in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        store.build(build, TINY / "v2", silent)
    except PermanentError as error:
        print(error.code.id, error.detail)
"""


def test_a_disk_that_is_full_in_the_middle_of_a_tensor_is_told_as_one(tmp_path: Path) -> None:
    """In the metadata, in the first tensor, at its end, and in a later one."""
    rooms = [2000, 100_000, 300_000, 400_000]
    arguments = [sys.executable, "-c", FULL, str(tmp_path), *map(str, rooms)]
    path = os.pathsep.join([str(Path(artifacts.__file__).parent), *sys.path])
    ended = subprocess.run(
        arguments, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    lines = ended.stdout.splitlines()
    assert len(lines) == len(rooms)
    assert all(line.startswith("ART002 File too large") and "nothing was left behind" in line for line in lines), lines
