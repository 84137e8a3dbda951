"""The second runtime, really run: `transformers serve` in our own environment, when the extra is installed."""

import importlib.util
from pathlib import Path

import pytest

from artifacts import TINY
from serving import chat, process_target, question, route, table
from trueup.core.digests import digest_of
from trueup.desired.state import ServerSpec
from trueup.observed.state import Health

installed = all(importlib.util.find_spec(name) for name in ("torch", "transformers", "fastapi", "uvicorn"))


@pytest.mark.torch
@pytest.mark.skipif(not installed, reason="the `transformers` extra is not installed")
def test_a_folder_of_safetensors_is_served_by_transformers(tmp_path: Path) -> None:
    spec = ServerSpec("transformers", digest_of("v2"), (("threads", 1),))
    with process_target(tmp_path / "targets") as target:
        target.start("dev", spec, TINY / "v2")
        target.route("dev", table(route(spec)))
        found = target.observe("dev")
        assert [s.health for s in found.servers] == [Health.HEALTHY]
        answer = chat(found.address, question())
        assert (answer.text, answer.json["model"]) == ("The capital of Japan is Tokyo.", "support")
        assert chat(found.address, question(stream=True)).events[-1] == "[DONE]"
        assert chat(found.address, question(text="word " * 2000)).status in {200, 400}
        target.stop("dev", [spec.key])
        assert target.observe("dev").servers == ()
