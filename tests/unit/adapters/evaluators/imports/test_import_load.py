"""AIPerf and GuideLLM, on files that they wrote."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imported_files import GOLDEN, changed, golden, one, refused, refused_change, values
from trueup.adapters.evaluators.imports.registry import read_results

AIPERF = GOLDEN / "aiperf-0.13.0" / "complete"


def test_a_run_of_aiperf_is_read_in_milliseconds_with_its_load() -> None:
    run = golden("aiperf", "aiperf-0.13.0/complete")
    assert (run.settings.tool, run.settings.version, run.settings.seed) == ("aiperf", "0.13.0", 7)
    assert run.settings.task == (
        "type=concurrency requests=4 concurrency=2, type=synthetic prompts.isl.mean=16 prompts.osl.mean=8, "
        "streaming, goodput request_latency=500"
    )
    assert run.settings.decoding == (("temperature", 0),)
    assert run.model == "tiny-v2"
    first = one(run, "ttft_p95")
    assert (first.value, first.unit, first.samples, first.stderr) == (pytest.approx(7.08269905), "ms", 4, None)
    assert one(run, "latency_mean").stderr == pytest.approx(0.64800577)
    assert one(run, "tokens_per_second").unit == "tokens/s"
    assert one(run, "goodput").unit == "requests/s"
    assert run.examples[0].seconds == pytest.approx(0.010979005)
    assert run.examples[0].first_token_seconds == pytest.approx(0.007382362)
    assert [e.id for e in run.examples] == [f"session_00000{n}/0" for n in (0, 1, 2, 3)]
    assert run.started_at == datetime(2026, 11, 29, 12, 55, 59, 552215, UTC)


def test_a_run_of_aiperf_of_which_half_failed_is_refused() -> None:
    found = refused("aiperf", GOLDEN / "aiperf-0.13.0" / "half-failed")
    assert found.keys() == {"EIMP009"}
    assert found["EIMP009"].startswith("2 of 4 requests failed")


def test_a_time_in_another_unit_is_converted_and_in_an_unknown_one_refused(tmp_path: Path) -> None:
    def seconds(document: Any) -> None:
        document["time_to_first_token"]["unit"] = "sec"

    def unknown(document: Any) -> None:
        document["time_to_first_token"]["unit"] = "ticks"
        document["request_throughput"]["unit"] = "requests/hour"
        del document["inter_token_latency"]["unit"]

    run = read_results("aiperf", changed("aiperf", tmp_path, seconds))
    assert one(run, "ttft_p95").value == pytest.approx(7082.69905)
    found = refused_change("aiperf", tmp_path, unknown)["EIMP013"]
    for told in ("`ticks`", "`requests/hour`", "inter_token_latency.unit"):
        assert told in found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(schema_version="2.0"), "EIMP003"),
        (lambda d: d.update(was_cancelled=True), "EIMP004"),
        (lambda d: d.update(is_complete=False), "EIMP004"),
        (lambda d: d["request_count"].update(avg=0.0), "EIMP005"),
        (lambda d: d.pop("request_count"), "EIMP008"),
        (lambda d: d["time_to_first_token"].pop("count"), "EIMP008"),
        (lambda d: d["time_to_first_token"].update(count=9), "EIMP010"),
        (lambda d: d["time_to_first_token"].update(p99=-1.0), "EIMP010"),
        (lambda d: d["time_to_first_token"].pop("p99"), "EIMP011"),
        (lambda d: d["input_config"].update(phases=[]), "EIMP007"),
        (lambda d: d["input_config"].update(datasets=[]), "EIMP007"),
        (lambda d: d["input_config"].update(models=None), "EIMP007"),
        (lambda d: d["input_config"]["endpoint"].pop("type"), "EIMP007"),
    ],
)
def test_an_export_of_aiperf_that_cannot_be_used_is_refused(change: Any, code: str, tmp_path: Path) -> None:
    assert code in refused_change("aiperf", tmp_path, change)


def test_an_export_of_aiperf_without_known_metrics_is_refused(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for tag in [k for k, v in document.items() if isinstance(v, dict) and "unit" in v and k != "request_count"]:
            del document[tag]

    assert "EIMP005" in refused_change("aiperf", tmp_path, change)


def test_a_request_of_aiperf_in_an_unknown_unit_is_refused(tmp_path: Path) -> None:
    copied = shutil.copytree(AIPERF, tmp_path / "copied")
    requests = copied / "profile_export.jsonl"
    lines = [json.loads(line) for line in requests.read_text().splitlines()]
    lines[0]["metrics"]["request_latency"]["unit"] = "h"
    del lines[1]["metrics"]["time_to_first_token"]
    requests.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "`h`" in refused("aiperf", copied)["EIMP013"]


def test_a_benchmark_of_guidellm_is_read_in_milliseconds_with_its_load() -> None:
    run = golden("guidellm", "guidellm-0.8.1/complete.json")
    assert (run.settings.tool, run.settings.version, run.settings.seed) == ("guidellm", "0.8.1", 42)
    assert run.settings.task == (
        "type_=concurrent max_concurrency=2 streams=2, kind=synthetic_text prompt_tokens=16 output_tokens=8 turns=1, "
        "kind=max_requests count=4, streaming"
    )
    assert (run.model, run.settings.chat_template, run.settings.backend) == ("tiny-v2", True, "openai_http")
    assert one(run, "latency_p50").value == pytest.approx(6.303071975708008)
    assert one(run, "ttft_mean").stderr == pytest.approx(0.4010462192485786 / 2)
    assert one(run, "request_throughput").value == pytest.approx(199.23778308216657)
    assert {e.input for e in run.examples} >= {"1 1 m0 Off to message in"}
    assert run.examples[0].seconds == pytest.approx(0.005372047424316406)
    assert run.examples[0].first_token_seconds == pytest.approx(0.003320455551147461)
    assert run.completed_at is not None


def test_the_time_per_output_token_that_includes_the_first_is_no_inter_token_latency() -> None:
    found = values(golden("guidellm", "guidellm-0.8.1/complete.json"))
    assert found["time_per_output_token_with_first_p50"] == pytest.approx(0.7499158382415771)
    assert found["token_gap_p50"] == pytest.approx(0.3410748073032924)
    # Their deviation is one between tokens, so there is no standard error between requests.
    assert not {"inter_token_latency_mean", "time_per_output_token_with_first_mean"} & found.keys()


def test_a_benchmark_of_guidellm_of_which_half_failed_is_refused() -> None:
    found = refused("guidellm", GOLDEN / "guidellm-0.8.1" / "half-failed.json")
    assert found["EIMP009"].startswith("2 of 4 requests failed: HTTPStatusError")


def _benchmark(document: Any) -> Any:
    return document["benchmarks"][0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["metadata"].update(version=1), "EIMP003"),
        (lambda d: d.update(benchmarks=[]), "EIMP005"),
        (lambda d: d["benchmarks"].append({}), "EIMP007"),
        (lambda d: _benchmark(d)["metrics"]["request_totals"].update(successful=0), "EIMP005"),
        (lambda d: _benchmark(d)["metrics"].pop("request_totals"), "EIMP008"),
        (lambda d: _benchmark(d)["metrics"]["request_totals"].update(incomplete=5), "EIMP009"),
        (lambda d: _benchmark(d)["config"].pop("strategy"), "EIMP007"),
        (lambda d: _benchmark(d)["requests"]["successful"].pop(), "EIMP010"),
        (lambda d: _benchmark(d)["metrics"]["request_latency"]["successful"]["percentiles"].update(p50=-1), "EIMP010"),
        (lambda d: _benchmark(d)["metrics"].pop("requests_per_second"), "EIMP011"),
        (lambda d: d["config"]["spec"].update(data=[]), "EIMP007"),
        (lambda d: d["config"]["spec"]["backend"].pop("model"), "EIMP007"),
    ],
)
def test_a_file_of_guidellm_that_cannot_be_used_is_refused(change: Any, code: str, tmp_path: Path) -> None:
    assert code in refused_change("guidellm", tmp_path, change)


def test_a_benchmark_of_guidellm_without_streaming_has_no_time_to_the_first_token(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        _benchmark(document)["metrics"]["time_to_first_token_ms"] = None
        document["config"]["spec"]["backend"].update(stream=False, extras={"body": {"temperature": 0}})
        for request in _benchmark(document)["requests"]["successful"]:
            request.update(time_to_first_token_ms=None, request_args="{}")

    run = read_results("guidellm", changed("guidellm", tmp_path, change))
    assert not [m for m in run.measurements if m.metric.startswith("ttft")]
    assert run.settings.task.endswith("not streaming")
    assert run.settings.decoding == (("temperature", 0),)
    assert run.examples[0].first_token_seconds is None
    assert run.examples[0].input == ""
