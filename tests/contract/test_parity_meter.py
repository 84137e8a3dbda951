"""What every meter of parity does; run against numpy and the fake."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from artifacts import TINY, silent
from fakes import FakeClock, FakeParity
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.gguf.builder import GgufBuilder
from trueup.adapters.parity.meter import NumpyParity
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.desired.parity import RequiredParity
from trueup.evidence.parity import KL, TOP1, is_parity, judged
from trueup.ports import ParityMeter, ParityRequest

KEY, OUTPUT = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
REQUIRED = RequiredParity(KEY, None, sequences=4, seq_len=64, max_kl=0.01, min_top1=0.9)


@pytest.fixture(params=[NumpyParity, FakeParity])
def meter(request: pytest.FixtureRequest) -> ParityMeter:
    make: Callable[[FakeClock], ParityMeter] = request.param
    return make(FakeClock())


@pytest.fixture
def asked(tmp_path: Path) -> ParityRequest:
    result = GgufBuilder().build(BuildTask(TINY / "v2", tmp_path, {"quantization": "Q8_0"}), silent).path
    build = ResourceId("Build", "b", "1")
    return ParityRequest(REQUIRED, build, TINY / "v2", result, TINY / "heldout.txt", (("output", OUTPUT),))


def test_what_was_measured_names_its_subject_and_its_key(meter: ParityMeter, asked: ParityRequest) -> None:
    evidence = meter.measure(asked, silent)
    assert (evidence.evaluation, evidence.key, evidence.simulated) == ("Build/b@1", KEY, False)
    assert dict(evidence.subject)["output"] == OUTPUT
    assert is_parity(evidence)


def test_it_is_held_to_the_declared_bounds(meter: ParityMeter, asked: ParityRequest) -> None:
    evidence = meter.measure(asked, silent)
    assert evidence.passed
    assert [g.metric for g in evidence.gates] == [KL, TOP1]
    assert judged(evidence, REQUIRED) == evidence


@pytest.mark.parametrize("length", [1, 513])
def test_what_can_never_be_compared_is_told_without_a_build(meter: ParityMeter, length: int) -> None:
    meter.check(REQUIRED, TINY / "v2", TINY / "heldout.txt")
    with pytest.raises(PermanentError, match="PAR00"):
        meter.check(replace(REQUIRED, seq_len=length), TINY / "v2", TINY / "heldout.txt")


def test_work_is_told_while_it_goes_on(meter: ParityMeter, asked: ParityRequest) -> None:
    told: list[str] = []
    meter.measure(asked, lambda what, done, total: told.append(what))
    assert told
