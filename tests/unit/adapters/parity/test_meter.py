"""Parity of real builds of the tiny model: good ones pass, broken ones are caught where perplexity would not see it."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from artifacts import TINY, broken_tiny, silent
from checkpoints import ALGORITHMS, Change, as_given, doubled_in_one_layer, make_checkpoint, unscaled
from fakes import FakeClock
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.gguf.builder import GgufBuilder
from trueup.adapters.networks.decoder import hidden_states, output_head
from trueup.adapters.networks.encoding import encoder_of
from trueup.adapters.networks.folders import FolderWeights
from trueup.adapters.parity.comparing import compare
from trueup.adapters.parity.meter import NumpyParity
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.desired.parity import RequiredParity
from trueup.evidence.evidence import Evidence
from trueup.evidence.parity import KL, RATIO, RESULT, SOURCE, TOP1, measurements_of
from trueup.ports import ParityRequest

KEY = Digest("sha256:" + "1" * 64)
GATE = RequiredParity(KEY, None, sequences=8, seq_len=128, max_kl=0.01, min_top1=0.9)
HELD_OUT = TINY / "heldout.txt"


def measured(result: Path, source: Path = TINY / "v2", gate: RequiredParity = GATE) -> Evidence:
    request = ParityRequest(gate, ResourceId("Build", "b", "1"), source, result, HELD_OUT, (("output", KEY),))
    return NumpyParity(FakeClock()).measure(request, silent)


def values(evidence: Evidence) -> Mapping[str, float]:
    return {m.metric: m.value for m in evidence.measurements}


def gguf(folder: Path, quantization: str, source: Path = TINY / "v2") -> Path:
    folder.mkdir(parents=True)
    return GgufBuilder().build(BuildTask(source, folder, {"quantization": quantization}), silent).path


def test_a_model_is_the_equal_of_itself() -> None:
    evidence = measured(TINY / "v2")
    found = values(evidence)
    assert evidence.passed
    assert (found[KL], found[TOP1], found[RATIO]) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_perplexity_is_the_published_one(version: str) -> None:
    """The recipe measured it with torch on the whole held-out text, in windows of 256."""
    encode, first = encoder_of(TINY / version)
    tokens = encode(HELD_OUT.read_text())
    weights = FolderWeights(TINY / version)
    head, parts = output_head(weights), []
    whole = len(tokens) // 256 * 256
    for window in (np.array(tokens[:whole]).reshape(-1, 256), np.array([tokens[whole:]])):
        states = (hidden_states(weights.decoder, weights, window, silent, ""), head)
        parts += compare(states, states, window, silent)
    published = json.loads((TINY / "report.json").read_text())["models"][version]["perplexity"]
    assert first is None
    assert {m.metric: m.value for m in measurements_of(parts)}[SOURCE] == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize(
    ("quantization", "kl", "top1"), [("F16", 1e-7, 1.0), ("Q8_0", 2e-5, 0.98), ("Q4_0", 5e-3, 0.9)]
)
def test_gguf_builds_of_the_tiny_model_pass(tmp_path: Path, quantization: str, kl: float, top1: float) -> None:
    evidence = measured(gguf(tmp_path / "out", quantization))
    found = values(evidence)
    assert evidence.passed
    assert found[KL] <= kl
    assert found[TOP1] >= top1


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_a_quantized_checkpoint_is_rebuilt_and_passes(tmp_path: Path, kind: str) -> None:
    evidence = measured(make_checkpoint(kind, tmp_path / "out"))
    assert evidence.passed, values(evidence)


@pytest.mark.parametrize("kind", ALGORITHMS)
@pytest.mark.parametrize("change", [doubled_in_one_layer, unscaled])
def test_wrong_scales_are_caught(tmp_path: Path, kind: str, change: Change) -> None:
    evidence = measured(make_checkpoint(kind, tmp_path / "out", change=change))
    assert not evidence.passed, values(evidence)


def test_one_doubled_scale_moves_the_divergence_by_far_more_than_perplexity(tmp_path: Path) -> None:
    good = values(measured(make_checkpoint("fp8", tmp_path / "good")))
    bad = values(measured(make_checkpoint("fp8", tmp_path / "bad", change=doubled_in_one_layer)))
    assert bad[KL] > 100 * good[KL]
    assert bad[RESULT] < 1.05 * good[RESULT]


def test_a_checkpoint_that_is_not_quantized_is_compared_as_it_is(tmp_path: Path) -> None:
    shutil.copytree(TINY / "v1", tmp_path / "other")
    evidence = measured(tmp_path / "other")
    assert not evidence.passed
    assert values(evidence)[RESULT] > values(evidence)[SOURCE]


@pytest.mark.filterwarnings("error")
def test_weights_that_are_no_numbers_never_pass(tmp_path: Path) -> None:
    lax = replace(GATE, max_kl=1e9, min_top1=0.0)
    broken = broken_tiny(tmp_path / "nan", "nan")
    assert not measured(broken, gate=lax).passed
    assert not measured(gguf(tmp_path / "out", "Q8_0", broken), gate=lax).passed
    assert not measured(broken, source=broken, gate=lax).passed


def test_a_declared_perplexity_ratio_is_held(tmp_path: Path) -> None:
    result = gguf(tmp_path / "out", "Q4_0")
    assert measured(result, gate=replace(GATE, max_perplexity_ratio=1.05)).passed
    strict = measured(result, gate=replace(GATE, max_perplexity_ratio=1.0001))
    assert [g.metric for g in strict.gates if not g.passed] == [RATIO]


def truncations(folder: Path) -> Iterator[Path]:
    checkpoint = make_checkpoint("fp8", folder / "checkpoint")
    weights = checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    yield checkpoint
    file = gguf(folder / "gguf", "Q8_0")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    yield file
    header = folder / "header.gguf"
    header.write_bytes(file.read_bytes()[:40])
    yield header
    yield broken_tiny(folder / "short", "short")


def test_what_was_cut_short_is_an_error_and_no_measurement(tmp_path: Path) -> None:
    for result in truncations(tmp_path):
        with pytest.raises(PermanentError) as refused:
            measured(result)
        assert refused.value.code.id in {"ART007", "PAR002"}, result


def test_the_same_files_give_the_same_numbers(tmp_path: Path) -> None:
    result = make_checkpoint("int4_awq", tmp_path / "out")
    assert measured(result) == measured(result)


def test_evidence_says_of_what_it_is(tmp_path: Path) -> None:
    evidence = measured(make_checkpoint("fp8", tmp_path / "out", change=as_given))
    assert (evidence.evaluation, evidence.key) == ("Build/b@1", KEY)
    assert [name for name, _ in evidence.subject] == ["output", "tokens"]
    assert "numpy" in evidence.tool
    other = measured(TINY / "v2", gate=replace(GATE, sequences=4))
    assert dict(other.subject)["tokens"] != dict(evidence.subject)["tokens"]


def test_a_sequence_longer_than_the_context_is_refused() -> None:
    with pytest.raises(PermanentError, match="context of 512 tokens") as refused:
        measured(TINY / "v2", gate=replace(GATE, seq_len=513))
    assert refused.value.hint == "ask for a `seqLen` of at most 512 under `parity.logits`"


def test_too_little_text_is_told_before_anything_is_built(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("Few words.")
    with pytest.raises(PermanentError, match=r"PAR003.*short\.txt"):
        NumpyParity(FakeClock()).check(GATE, TINY / "v2", tmp_path / "short.txt")


def test_a_network_that_knows_fewer_tokens_is_refused(tmp_path: Path) -> None:
    checkpoint = make_checkpoint("fp8", tmp_path / "out")
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps({**config, "vocab_size": 512}))
    with pytest.raises(PermanentError) as refused:
        measured(checkpoint)
    assert refused.value.code.id == "PAR002"
