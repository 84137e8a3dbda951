"""Inspect, on logs that it wrote."""

import io
import json
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imported_files import GOLDEN, changed, golden, one, refused, refused_change
from trueup.adapters.evaluators.imports.registry import read_results
from trueup.evidence.evidence import Settings

ARCHIVE = GOLDEN / "inspect-0.3.285" / "complete.eval"


def test_a_log_is_read_with_its_settings_values_and_examples() -> None:
    run = golden("inspect", "inspect-0.3.285/complete.json")
    assert run.settings == Settings(
        tool="inspect",
        version="0.3.285",
        task="facts@1 (solver generate)",
        chat_template=True,
        seed=7,
        backend="openai-api",
        decoding=(("max_tokens", 48), ("temperature", 0.0)),
    )
    assert run.model == "openai-api/local/tiny-v2"
    found = one(run, "exact_match")
    assert (found.value, found.samples, found.stderr) == (0.5, 4, pytest.approx(0.28867513459481287))
    assert run.completed_at == datetime(2026, 11, 29, 12, 53, 51, tzinfo=UTC)
    first, third = run.examples[0], run.examples[2]
    assert (first.id, first.epoch, first.slice, first.scores) == ("1", 0, "capital", (("exact_match", 1.0),))
    assert (first.prompt_tokens, first.completion_tokens) == (20, 12)
    assert (third.output, third.scores) == ("The capital of Iceland is Reykjavik.", (("exact_match", 0.0),))


def test_an_archive_is_read_like_a_log() -> None:
    run = golden("inspect", "inspect-0.3.285/complete.eval")
    assert one(run, "exact_match").value == pytest.approx(4 / 6)
    assert [e.id for e in run.examples] == ["1", "2", "3", "4", "5", "6"]


def test_an_example_that_was_asked_twice_counts_once() -> None:
    run = golden("inspect", "inspect-0.3.285/epochs.json")
    assert run.settings.task == "facts@1 (solver generate, 2 of 4 examples, 2 epochs)"
    assert (one(run, "exact_match").samples, one(run, "exact_match", "capital").samples) == (2, 2)
    assert [(e.id, e.epoch) for e in run.examples] == [("1", 0), ("2", 0), ("1", 1), ("2", 1)]


def test_a_success_of_which_half_of_the_samples_failed_is_refused() -> None:
    found = refused("inspect", GOLDEN / "inspect-0.3.285" / "half-failed.json")
    assert found["EIMP009"].startswith("2 of 4 samples failed: RetryError")


@pytest.mark.parametrize("status", ["error", "cancelled", "started"])
def test_a_run_that_did_not_end_well_is_refused(status: str, tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document.update(status=status, error={"message": "the server went away"})

    found = refused_change("inspect", tmp_path, change)["EIMP004"]
    assert status in found
    assert "went away" in found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(version=1), "EIMP003"),
        (lambda d: d.update(invalidated=True), "EIMP004"),
        (lambda d: d.update(results=None), "EIMP005"),
        (lambda d: d["results"].update(scores=[]), "EIMP005"),
        (lambda d: d["results"]["scores"][0].update(scored_samples=0), "EIMP005"),
        (lambda d: d["results"]["scores"][0].update(unscored_samples=1), "EIMP009"),
        (lambda d: d["results"]["scores"][0].pop("scored_samples"), "EIMP008"),
        (lambda d: d["eval"].pop("task_version"), "EIMP007"),
        (lambda d: d["eval"]["packages"].clear(), "EIMP007"),
        (lambda d: d["eval"].pop("dataset"), "EIMP007"),
        (lambda d: d["samples"].pop(), "EIMP010"),
        (lambda d: d["results"]["scores"][0]["metrics"]["mean"].update(value=0.75), "EIMP010"),
        (lambda d: d["samples"][0].update(id=None), "EIMP011"),
        (lambda d: d["samples"][0]["scores"]["exact"].update(value="maybe"), "EIMP011"),
    ],
)
def test_what_cannot_be_used_is_refused(change: Any, code: str, tmp_path: Path) -> None:
    assert code in refused_change("inspect", tmp_path, change)


def test_a_standard_error_is_computed_from_the_samples_or_refused(tmp_path: Path) -> None:
    def without_error(document: Any) -> None:
        del document["results"]["scores"][0]["metrics"]["stderr"]

    def without_samples(document: Any) -> None:
        without_error(document)
        document["samples"] = None

    run = read_results("inspect", changed("inspect", tmp_path, without_error))
    assert one(run, "exact_match").stderr == pytest.approx(0.28867513459481287)
    assert "EIMP008" in refused_change("inspect", tmp_path, without_samples)


def test_scorers_without_a_name_here_keep_the_tools() -> None:
    run = golden("inspect", "inspect-0.3.285/complete.json")
    assert {m.metric for m in run.measurements} == {"exact_match"}


def test_a_scorer_of_several_values_names_each(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        score = document["results"]["scores"][0]
        score.update(name="kind", scorer="judge")
        score["metrics"]["f2"] = {"name": "f2", "value": 0.25}
        for sample in document["samples"]:
            value = {"kind": True, "short": 0.5} if sample["id"] < 3 else {"kind": False, "short": 0.5}
            sample["scores"] = {"judge": {"value": value, "explanation": "It is polite."}}

    run = read_results("inspect", changed("inspect", tmp_path, change))
    assert one(run, "inspect:judge/kind").value == 0.5
    assert one(run, "inspect:kind/f2").value == 0.25
    assert run.examples[0].scores == (("inspect:judge/kind", 1.0), ("inspect:judge/short", 0.5))
    assert run.examples[0].notes == (("judge said", "It is polite."),)


def test_the_last_message_is_what_was_asked(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["samples"][0]["input"] = [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hi?"},
        ]
        document["samples"][1]["input"] = [{"role": "user", "content": [{"type": "image"}]}]
        document["samples"][2]["input"] = []

    run = read_results("inspect", changed("inspect", tmp_path, change))
    assert [e.input for e in run.examples[:3]] == ["Hi?", "", ""]


def test_a_folder_has_one_log(tmp_path: Path) -> None:
    changed("inspect", tmp_path, lambda d: None)
    assert read_results("inspect", tmp_path).model == "openai-api/local/tiny-v2"
    (tmp_path / "second.json").write_text("{}")
    assert "2 logs" in refused("inspect", tmp_path)["EIMP002"]


def test_an_archive_without_its_header_is_of_a_run_that_did_not_end(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", "{}")
    assert refused("inspect", path).keys() == {"EIMP004"}


def test_an_archive_of_deflated_documents_is_read_too(tmp_path: Path) -> None:
    document = json.loads((GOLDEN / "inspect-0.3.285" / "complete.json").read_text())
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for sample in document.pop("samples"):
            archive.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
        archive.writestr("header.json", json.dumps(document))
    assert read_results("inspect", path) == golden("inspect", "inspect-0.3.285/complete.json")


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    content = bytearray(ARCHIVE.read_bytes())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo("header.json")
    start = info.header_offset + 30 + sum(struct.unpack_from("<26xHH", content, info.header_offset))
    content[start + info.compress_size // 2] ^= 0xFF
    path = tmp_path / "log.eval"
    path.write_bytes(content)
    assert "EIMP002" in refused("inspect", path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    content = bytearray(ARCHIVE.read_bytes())
    # The size of the first sample in the archive's directory, where readers look before they unpack.
    at = content.rindex(b"samples/1_epoch_1.json") - 46 + 24
    content[at : at + 4] = (0xF0000000).to_bytes(4, "little")
    path = tmp_path / "log.eval"
    path.write_bytes(content)
    assert "MiB" in refused("inspect", path)["EIMP002"]
