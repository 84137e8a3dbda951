"""lm-evaluation-harness, on files that it wrote."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imported_files import GOLDEN, changed, golden, one, refused, refused_change, values
from trueup.adapters.evaluators.imports.registry import read_results
from trueup.evidence.evidence import Settings

FACTS = GOLDEN / "lm-eval-0.4.13" / "facts"


def test_a_run_is_read_with_its_settings_values_and_examples() -> None:
    run = golden("lm-eval", "lm-eval-0.4.13/facts")
    assert run.settings == Settings(
        tool="lm-eval",
        version="0.4.13",
        task="facts@1.0",
        fewshot=0,
        chat_template=True,
        seed=7,
        backend="local-chat-completions",
        decoding=(("do_sample", False), ("max_tokens", 48), ("stop", []), ("temperature", 0.0)),
    )
    assert run.model == "tiny-v2"
    found = one(run, "exact_match")
    assert (found.value, found.unit, found.samples) == (pytest.approx(4 / 6), "ratio", 6)
    assert found.stderr == pytest.approx((4 / 6 * 2 / 6 / 5) ** 0.5)
    assert run.started_at == datetime(2026, 11, 29, 12, 57, 13, 776863, UTC)
    assert run.completed_at is not None
    assert run.completed_at > run.started_at
    assert [e.scores for e in run.examples] == [(("exact_match", s),) for s in (1.0, 1.0, 1.0, 1.0, 0.0, 0.0)]
    assert (run.examples[4].input, run.examples[4].output) == (
        "Which city is the capital of Ireland?",
        "The capital of Iceland is Reykjavik.",
    )


def test_slices_of_the_data_are_measured() -> None:
    run = golden("lm-eval", "lm-eval-0.4.13/facts")
    assert (one(run, "exact_match", "capital").value, one(run, "exact_match", "capital").samples) == (0.8, 5)
    assert one(run, "exact_match", "opposite").value == 0.0


def test_accuracy_of_multiple_choice_is_choice_accuracy_and_what_is_unknown_keeps_the_tools_name() -> None:
    run = golden("lm-eval", "lm-eval-0.4.13/choices")
    assert values(run) == {"choice_accuracy": 1.0, "lm-eval:acc_norm": 1.0}
    assert run.settings.backend == "hf"
    assert run.examples[0].scores == (("choice_accuracy", 1.0), ("lm-eval:acc_norm", 1.0))


def test_tasks_and_groups_of_one_run_are_slices() -> None:
    run = golden("lm-eval", "lm-eval-0.4.13/group")
    assert values(run) == {}
    assert one(run, "exact_match", "facts").samples == 6
    assert one(run, "exact_match", "all_facts").samples == 12
    assert [e.id for e in run.examples[5:7]] == ["facts/5", "facts_again/0"]
    assert {e.slice for e in run.examples} == {"facts", "facts_again"}


def test_the_template_was_not_applied_where_the_harness_wrote_null(tmp_path: Path) -> None:
    path = changed("lm-eval", tmp_path, lambda d: d.update(chat_template=None))
    assert read_results("lm-eval", path).settings.chat_template is False


def test_a_limited_run_says_so(tmp_path: Path) -> None:
    path = changed("lm-eval", tmp_path, lambda d: d["n-samples"]["facts"].update(original=60))
    assert read_results("lm-eval", path).settings.task == "facts@1.0 (6 of 60 examples)"


def test_a_system_instruction_is_part_of_the_settings(tmp_path: Path) -> None:
    path = changed("lm-eval", tmp_path, lambda d: d.update(system_instruction_sha="0123456789abcdef"))
    assert read_results("lm-eval", path).settings.task == "facts@1.0, system instruction 0123456789ab"


def test_tasks_that_were_asked_differently_tell_it(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["n-shot"]["facts"] = 5
        document["configs"]["facts"]["generation_kwargs"]["temperature"] = 1
        document["config"]["random_seed"] = 0

    settings = read_results("lm-eval", changed("lm-eval-group", tmp_path, change)).settings
    assert settings.fewshot is None
    assert dict(settings.decoding)["facts.temperature"] == 1
    assert dict(settings.decoding)["facts_again.temperature"] == 0.0
    assert (settings.seed, dict(settings.decoding)["random_seed"]) == (7, 0)


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        (("chat_template",), "EIMP007"),
        (("versions", "facts"), "EIMP007"),
        (("n-shot", "facts"), "EIMP007"),
        (("config", "fewshot_seed"), "EIMP007"),
        (("config", "model"), "EIMP007"),
        (("model_name",), "EIMP007"),
        (("n-samples", "facts"), "EIMP008"),
        (("lm_eval_version",), "EIMP003"),
        (("results", "facts", "exact_match,none"), "EIMP005"),
        (("results", "facts"), "EIMP005"),
    ],
)
def test_what_makes_results_comparable_must_be_there(missing: tuple[str, ...], code: str, tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for key in missing[:-1]:
            document = document[key]
        del document[missing[-1]]

    assert code in refused_change("lm-eval", tmp_path, change)


def test_a_version_that_says_nothing_is_none(tmp_path: Path) -> None:
    assert "no version" in refused_change("lm-eval", tmp_path, lambda d: d["versions"].update(facts="N/A"))["EIMP007"]


def test_an_unknown_version_is_refused(tmp_path: Path) -> None:
    assert "EIMP003" in refused_change("lm-eval", tmp_path, lambda d: d.update(lm_eval_version="0.5.0"))


def test_no_examples_are_no_result(tmp_path: Path) -> None:
    assert "EIMP005" in refused_change("lm-eval", tmp_path, lambda d: d["n-samples"]["facts"].update(effective=0))


def _without_error(document: Any) -> None:
    document["results"]["facts"]["exact_match_stderr,none"] = "N/A"


def test_a_standard_error_that_is_not_there_is_computed_from_the_examples(tmp_path: Path) -> None:
    copied = shutil.copytree(FACTS, tmp_path / "facts")
    changed("lm-eval", copied, _without_error)
    assert one(read_results("lm-eval", copied), "exact_match").stderr == pytest.approx(0.210818510677892)


def test_a_standard_error_of_a_share_is_computed_from_its_number_of_examples(tmp_path: Path) -> None:
    run = read_results("lm-eval", changed("lm-eval", tmp_path, _without_error))
    assert one(run, "exact_match").stderr == pytest.approx(0.210818510677892)


def test_a_value_without_standard_error_and_examples_is_refused(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["results"]["facts"].update({"bleu,none": 40.0, "bleu_stderr,none": "N/A"})

    assert "bleu" in refused_change("lm-eval", tmp_path, change)["EIMP008"]


def test_a_value_of_another_filter_has_its_name(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        row = document["results"]["facts"]
        row["exact_match,strict"], row["exact_match_stderr,strict"] = 0.5, 0.2

    assert values(read_results("lm-eval", changed("lm-eval", tmp_path, change)))["exact_match,strict"] == 0.5


def test_a_value_that_its_examples_do_not_give_is_refused(tmp_path: Path) -> None:
    copied = shutil.copytree(FACTS, tmp_path / "facts")
    changed("lm-eval", copied, lambda d: d["results"]["facts"].update({"exact_match,none": 0.99}))
    assert "0.99" in refused("lm-eval", copied)["EIMP010"]


def test_examples_that_are_there_twice_are_refused(tmp_path: Path) -> None:
    copied = shutil.copytree(FACTS, tmp_path / "facts")
    (samples,) = copied.glob("samples_*")
    lines = samples.read_text().splitlines()
    samples.write_text("\n".join([*lines[:-1], lines[0]]) + "\n")
    assert "EIMP010" in refused("lm-eval", copied)


def test_a_folder_with_two_runs_is_refused(tmp_path: Path) -> None:
    copied = shutil.copytree(FACTS, tmp_path / "facts")
    (results,) = copied.glob("results_*")
    shutil.copy(results, copied / "results_2027-01-01T00-00-00.json")
    assert "2 files" in refused("lm-eval", copied)["EIMP002"]


def test_corpus_metrics_keep_no_score_of_one_example(tmp_path: Path) -> None:
    copied = shutil.copytree(FACTS, tmp_path / "facts")
    changed("lm-eval", copied, lambda d: d["results"]["facts"].update({"chrf,none": 88.0, "chrf_stderr,none": 2.0}))
    (samples,) = copied.glob("samples_*")
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    for line in lines:
        line["metrics"] = ["exact_match", "chrf"]
        line["chrf"] = ["reference", "answer"]
    samples.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = read_results("lm-eval", copied)
    assert values(run)["chrf"] == 88.0
    assert {name for e in run.examples for name, _ in e.scores} == {"exact_match"}
