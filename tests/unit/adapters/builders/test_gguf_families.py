"""Each family as the runtime serves it: the same greedy tokens and the same perplexity as torch on the source.

The golden numbers are torch's; the tests marked `torch` take them again where it is installed.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts import REPOSITORY, silent
from families import FAMILIES, WINDOWED, make_family
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.gguf.builder import GgufBuilder
from trueup.adapters.builders.gguf.config import read_config
from trueup.adapters.builders.gguf.tokenizer import read_tokenizer
from trueup.adapters.networks.decoder import hidden_states, output_head
from trueup.adapters.networks.folders import FolderWeights
from trueup.adapters.networks.gguf_file import GgufWeights
from trueup.adapters.parity.comparing import compare
from trueup.core.errors import PermanentError
from trueup.evidence.parity import KL, RESULT, SOURCE, TOP1, measurements_of

GOLDEN = REPOSITORY / "tests" / "golden" / "families"
TOKENS = np.array([[(7 * i * i + 3 * i + 11) % 768 for i in range(96)]])
PROMPT, MORE = 64, 16
"""Long enough for scaled positions to matter."""

SHOWN = 100
"""Logits of a position that are kept."""

ANSWERING = """
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
request = urllib.request.Request(server.listening_address + "/completion", sys.argv[2].encode())
request.add_header("Content-Type", "application/json")
print("ANSWER " + json.dumps(json.load(opener.open(request))), flush=True)
os._exit(0)
"""


def built(source: Path, target: Path, quantization: str = "F16") -> Path:
    target.mkdir()
    return GgufBuilder().build(BuildTask(source, target, {"quantization": quantization}), silent).path


def golden(family: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{family}.json").read_text())
    return found


def logits(weights: FolderWeights | GgufWeights) -> Any:
    return hidden_states(weights.decoder, weights, TOKENS, silent, "")[0] @ output_head(weights).T


@pytest.mark.parametrize("family", [*FAMILIES, *WINDOWED])
def test_the_forward_pass_gives_torchs_logits(tmp_path: Path, family: str) -> None:
    found = logits(FolderWeights(make_family(family, tmp_path / "model")))
    expected = golden(family)
    for position, row in expected["logits"].items():
        np.testing.assert_allclose(found[int(position)][:SHOWN], row, atol=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_gguf_file_has_the_sources_perplexity(tmp_path: Path, family: str) -> None:
    source = FolderWeights(make_family(family, tmp_path / "model"))
    result = GgufWeights(built(tmp_path / "model", tmp_path / "out"))
    both = [(hidden_states(w.decoder, w, TOKENS, silent, ""), output_head(w)) for w in (source, result)]
    value = {m.metric: m.value for m in measurements_of(compare(both[0], both[1], TOKENS, silent))}
    assert value[SOURCE] == pytest.approx(golden(family)["perplexity"], rel=1e-4)
    assert value[RESULT] == pytest.approx(golden(family)["perplexity"], rel=1e-4)
    assert (value[TOP1], value[KL]) == (1.0, pytest.approx(0, abs=1e-6))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_runtime_writes_the_tokens_that_torch_writes(tmp_path: Path, family: str) -> None:
    path = built(make_family(family, tmp_path / "model"), tmp_path / "out")
    body = {
        "prompt": TOKENS[0, :PROMPT].tolist(), "n_predict": MORE, "temperature": 0, "return_tokens": True,
        "ignore_eos": True,
    }  # fmt: skip
    arguments = [sys.executable, "-c", ANSWERING, str(path), json.dumps(body)]
    output = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("ANSWER "))
    assert json.loads(line.removeprefix("ANSWER "))["tokens"] == golden(family)["greedy"]


@pytest.mark.torch
@pytest.mark.parametrize("family", [*FAMILIES, *WINDOWED])
def test_the_golden_numbers_are_torchs(tmp_path: Path, family: str, update_golden: bool) -> None:
    torch = pytest.importorskip("torch", reason="needs the `transformers` extra")
    transformers = pytest.importorskip("transformers", reason="needs the `transformers` extra")
    torch.set_num_threads(1)
    make_family(family, tmp_path / "model")
    network = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "model", dtype=torch.float32, attn_implementation="eager"
    )
    tokens = torch.tensor(TOKENS)
    with torch.no_grad():
        found = network(tokens, labels=tokens)
        more = network.generate(
            tokens[:, :PROMPT], max_new_tokens=MORE, do_sample=False, pad_token_id=0, eos_token_id=None
        )
    rows = {str(p): [round(float(v), 5) for v in found.logits[0, p, :SHOWN]] for p in (0, 40, 95)}
    new = {
        "greedy": more[0, PROMPT:].tolist(), "perplexity": round(float(found.loss.exp()), 5), "logits": rows,
    }  # fmt: skip
    if update_golden:
        (GOLDEN / f"{family}.json").write_text(json.dumps(new) + "\n")
    old = golden(family)
    assert new["greedy"] == old["greedy"]
    assert new["perplexity"] == pytest.approx(old["perplexity"], rel=1e-4)
    for position, row in rows.items():
        np.testing.assert_allclose(row, old["logits"][position], atol=1e-3)


@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
def test_the_rule_of_qwens_tokenizer_is_found_out(tmp_path: Path, family: str) -> None:
    folder = make_family(family, tmp_path / "model")
    assert read_tokenizer(folder, read_config(folder)).pre_tokenizer == "qwen2"


@pytest.mark.parametrize("family", WINDOWED)
def test_a_window_that_the_runtime_does_not_keep_is_refused(tmp_path: Path, family: str) -> None:
    with pytest.raises(PermanentError, match="a sliding attention window of"):
        built(make_family(family, tmp_path / "model"), tmp_path / "out")


@pytest.mark.parametrize(
    ("family", "change", "word"),
    [
        ("qwen2", {"rope_scaling": {"rope_type": "llama3", "factor": 2.0}}, "scaled by `llama3` in the graph `qwen2`"),
        ("qwen3", {"attention_bias": True}, "attention_bias is true in the graph `qwen3`"),
    ],
)
def test_what_the_runtimes_graph_leaves_out_is_refused(
    tmp_path: Path, family: str, change: dict[str, Any], word: str
) -> None:
    folder = make_family(family, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(PermanentError, match=word):
        built(folder, tmp_path / "out")


@pytest.mark.parametrize("family", ["qwen2", "qwen3", "llama-llama3", "llama-biased"])
def test_a_family_gives_the_same_bytes_twice(tmp_path: Path, family: str) -> None:
    folder = make_family(family, tmp_path / "model")
    once, again = built(folder, tmp_path / "one", "Q8_0"), built(folder, tmp_path / "two", "Q8_0")
    assert once.read_bytes() == again.read_bytes()
