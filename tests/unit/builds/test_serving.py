"""Serving a build: what must never be otherwise, whatever is declared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.builds.findings import Level
from trueup.builds.serving import (
    BLOCKED_ROUTES,
    INTERNAL_ROUTES,
    PUBLIC_ROUTES,
    Artifact,
    artifact_of_engine,
    serve,
)
from trueup.core.json import Json


def errors(artifact: Artifact, **arguments: Json) -> list[str]:
    return [f.detail for f in serve(artifact, arguments).findings if f.level is Level.ERROR]


def test_a_server_listens_where_probes_come_and_says_its_backend() -> None:
    for mode, backend in (("engine", "tensorrt"), ("pytorch", "pytorch"), ("autodeploy", "_autodeploy")):
        argv = serve(Artifact(mode, "/model"), {}).argv
        assert argv[argv.index("--host") : argv.index("--host") + 2] == ("--host", "0.0.0.0")
        assert argv[argv.index("--backend") + 1] == backend


def test_no_probe_makes_the_server_generate() -> None:
    served = serve(Artifact("pytorch", "/model"), {}, seconds=605)
    assert {probe.path for probe in served.probes.values()} == {"/health"}
    assert served.probes["startup"].failures == 61
    assert "/health_generate" in INTERNAL_ROUTES


def test_routes_that_replace_weights_are_blocked_and_no_route_is_of_two_kinds() -> None:
    assert set(BLOCKED_ROUTES) == {"/release_memory", "/resume_memory", "/update_weights"}
    every = [*PUBLIC_ROUTES, *INTERNAL_ROUTES, *BLOCKED_ROUTES]
    assert len(every) == len(set(every))


def test_an_engine_without_a_word_about_its_cut_is_one_rank() -> None:
    assert artifact_of_engine({}, "/model") == Artifact("engine", "/model", "/model/tokenizer")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_num_tokens": 4097}, "the engine was built for 4096"),
        ({"max_num_tokens": -1}, "a whole number is needed"),
        ({"free_gpu_memory_fraction": 1.5}, "a number from 0 to 1 is needed"),
        ({"free_gpu_memory_fraction": True}, "a number from 0 to 1 is needed"),
        ({"enable_chunked_prefill": "yes"}, "true or false is needed"),
        ({"chat_template": 1}, "a text is needed"),
        ({"port": 1}, "follows from the artifact"),
        ({"trust_remote_code": True}, "would run in the server"),
    ],
)
def test_what_a_server_may_not_be_asked_is_refused(arguments: dict[str, Json], words: str) -> None:
    artifact = Artifact("engine", "/model", limits={"max_num_tokens": 4096})
    (detail,) = errors(artifact, **arguments)
    assert words in detail


def test_what_is_allowed_is_said_nowhere_twice() -> None:
    artifact = Artifact("pytorch", "/model")
    served = serve(artifact, {"trust_remote_code": False, "max_batch_size": 4, "moe_config": {"backend": "CUTLASS"}})
    assert served.findings == ()
    assert set(served.config) == {"trust_remote_code", "moe_config", "return_perf_metrics"}
    assert not any(f"--{key}" in served.argv for key in served.config)


@given(st.integers(1, 16), st.integers(1, 4), st.integers(1, 8))
def test_there_are_as_many_gpus_as_ranks(tensor: int, pipeline: int, node: int) -> None:
    world = tensor * pipeline
    served = serve(Artifact("pytorch", "/m", tensor=tensor, pipeline=pipeline, world=world), {}, gpus_per_node=node)
    assert served.gpus == world
    assert served.processes == (world if world > node else 1)
    assert (served.argv[0] == "trtllm-llmapi-launch") is (world > node)
