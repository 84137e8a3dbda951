"""A changed prompt, with real servers: what is answered beside what serves, before anything moves."""

import re
from pathlib import Path

import jsonschema
from scratch import SUPPORT, Scratch

from trueup.cli.views.schemas import OUTPUTS

DEV = "spec/environments/dev.yaml"
MEASURED = ("evaluations: {required: [], run: during}", "evaluations: {required: [facts@1], run: during}")
PRICES = ("  budget:", "  prices: {perMillionInputTokens: 0.2, perMillionOutputTokens: 0.8}\n  budget:")
BRIEF = "spec/prompts/support-3.yaml"


def brief(scratch: Scratch) -> None:
    """Declare a prompt that lets the model say too little."""
    text = scratch.read("spec/prompts/support-1.yaml")
    for before, after in (('version: "1"', 'version: "3"'), ("max_tokens: 48", "max_tokens: 9")):
        assert before in text
        text = text.replace(before, after)
    scratch.write(BRIEF, text)
    scratch.change(SUPPORT, ("support@1", "support@3"))


def test_a_changed_prompt_shows_old_and_new_answers_before_anything_moves(scratch: Scratch, tmp_path: Path) -> None:
    scratch.change(DEV, MEASURED, PRICES)
    scratch.scan()
    scratch.change(SUPPORT, ("tiny@1", "tiny@2"))
    scratch.apply()
    assert "every planned deployment serves as planned" in scratch.run("plan", "-e", "dev", "--behaviour").out
    release = scratch.deployment()["observed_release"]

    brief(scratch)
    unmeasured = scratch.run("plan", "-e", "dev", "--behaviour").out
    assert "nobody knows what changes" in " ".join(unmeasured.split())
    command = re.search(r"`trueup (evaluate -e dev support --revision \w+)`", " ".join(unmeasured.split()))
    assert command is not None
    scratch.run(*command[1].split())

    page, comment = tmp_path / "behaviour.html", tmp_path / "comment.md"
    files = ("--output-file", f"html={page}", "--output-file", f"markdown={comment}")
    document = scratch.run("plan", "-e", "dev", "--behaviour", "--examples", "3", "-o", "json", *files).json
    jsonschema.Draft202012Validator(OUTPUTS["plan"].schema()).validate(document)
    (diff,) = document["behaviour"]
    assert diff["complete"]
    assert [p["name"] for p in diff["parts"]] == ["prompt", "decoding"]
    (found,) = diff["evaluations"]
    whole = next(m for m in found["metrics"] if m["metric"] == "exact_match" and not m["slice"])
    assert whole["outcome"] == "regressed"
    assert whole["interval"][0] < whole["delta"] < whole["interval"][1] < 0
    assert found["counts"]["pass_to_fail"] > 10
    assert len(found["changes"]) == 3
    change = found["changes"][0]
    assert change["movement"] == "pass to fail"
    assert change["old"]["text"].startswith(("The ", "It "))
    assert len(change["new"]["text"]) < len(change["old"]["text"])
    for text in (page.read_text(), comment.read_text()):
        assert "from pass to fail" in text
        assert change["question"]["text"] in text
    assert scratch.deployment()["observed_release"] == release


def test_a_page_is_only_of_behaviour(declared: Scratch, tmp_path: Path) -> None:
    for words in (("-o", "html"), ("--output-file", f"html={tmp_path / 'page.html'}")):
        done = declared.run("plan", "-e", "dev", *words)
        assert done.code == 1
        assert "add `--behaviour`" in done.err
    assert not (tmp_path / "page.html").exists()


def test_a_declaration_that_is_invalid_is_a_page_too(declared: Scratch, tmp_path: Path) -> None:
    broken = declared.copied_to(tmp_path / "broken")
    broken.change(SUPPORT, ("tiny@1", "tiny@<b>99"))
    done = broken.run("plan", "-e", "dev", "--behaviour", "-o", "html")
    assert done.code == 8
    assert done.out.startswith("<!DOCTYPE html>")
    assert "<b>" not in done.out


def test_an_evaluation_that_keeps_no_outputs_keeps_none(scratch: Scratch) -> None:
    text = scratch.read("spec/evaluations/facts.yaml").replace("name: facts", "name: quiet")
    scratch.write("spec/evaluations/quiet.yaml", text + "  keepOutputs: false\n")
    scratch.change(DEV, (MEASURED[0], MEASURED[1].replace("facts@1", "quiet@1")), PRICES)
    scratch.scan()
    scratch.change(SUPPORT, ("tiny@1", "tiny@2"))
    scratch.apply()
    brief(scratch)
    scratch.run("evaluate", "-e", "dev")
    (diff,) = scratch.run("plan", "-e", "dev", "--behaviour", "-o", "json").json["behaviour"]
    (found,) = diff["evaluations"]
    assert found["counts"]["pass_to_fail"] > 10
    assert {(c["question"]["text"], c["old"]["text"], c["new"]["text"]) for c in found["changes"]} == {("", "", "")}
    assert any("keepOutputs" in n for n in found["notes"])
    blobs = {line.split()[2] for commit in scratch.git("rev-list", "refs/trueup/ledger").split()
             for line in scratch.git("ls-tree", "-r", commit, "attachments/").splitlines()}  # fmt: skip
    kept = [text for blob in blobs if "trueup-examples" in (text := scratch.git("cat-file", "blob", blob))]
    assert len(kept) == 2
    assert all("outputDigest" in text and "apital of" not in text for text in kept)
