"""The main job on one machine, as a user does it: declare, plan, judge, apply, serve, roll back, audit."""

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

import psutil
import pytest
from scratch import CAPITAL, SUPPORT, Scratch, until

from serving import ask, chat, question
from trueup.policy.deletion_budget import MARK

STAGING = "spec/deployments/staging/support.yaml"
TOKYO = "The capital of Japan is Tokyo."
SECRET = "sk-live-4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c"


def servers(row: Any) -> list[tuple[int, int]]:
    return [(s["pid"], s["restarts"]) for s in row["servers"]]


def test_a_saved_plan_shows_offline_and_is_applied_exactly(scratch: Scratch) -> None:
    assert scratch.trueup("validate").out.startswith("No problems")
    planned = scratch.trueup("plan", "-e", "dev", "--out", "plan.json")
    assert not (scratch.folder / ".trueup/targets").exists(), "a plan must not run anything"
    assert "Plan dev: 1 to create" in planned.out.splitlines()[0]
    assert "Policy: allowed" in planned.out
    assert scratch.trueup("show", "plan.json").out == planned.out.replace(
        "To apply it: trueup apply -e dev", "To apply it: trueup apply --plan plan.json"
    )
    id_ = scratch.trueup("show", "plan.json", "-o", "json").json["plan_id"]
    scratch.trueup("apply", "--plan", "plan.json")
    (record,) = scratch.records()
    assert record["plan"] == id_
    assert scratch.deployment()["sync"] == "in sync"
    assert scratch.ask().status == 200


def test_an_upgrade_changes_the_real_answer(served: Scratch) -> None:
    before = served.ask()
    served.upgrade()
    assert served.deployment()["sync"] == "to be applied"
    assert served.ask().text == before.text
    served.apply()
    after = served.ask()
    assert TOKYO in after.text
    assert before.text != after.text
    assert before.headers["x-trueup-release"] != after.headers["x-trueup-release"]
    row = served.deployment()
    assert after.headers["x-trueup-release"] == row["release"] == row["observed_release"]
    assert row["verified"] is True


def test_a_second_apply_has_nothing_to_do_and_records_nothing(served: Scratch) -> None:
    before = served.deployment()
    assert "Nothing to do." in served.apply().err
    assert len(served.records()) == 1
    assert servers(served.deployment()) == servers(before)


def test_a_changed_prompt_moves_without_a_restart(served: Scratch) -> None:
    before = served.deployment()
    served.change(SUPPORT, ("support@1", "support@2"))
    plan = served.trueup("plan", "-e", "dev").out
    assert "prompt support changed 1 -> 2" in plan
    served.apply()
    after = served.deployment()
    assert servers(after) == servers(before)
    assert after["release"] != before["release"]
    assert after["observed_release"] == after["release"]


@dataclass
class Client:
    """Asks without a pause, plainly and by stream, until it is told to stop; keeps what went wrong."""

    address: str
    streams: bool
    stop: threading.Event
    releases: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def work(self) -> None:
        while not self.stop.is_set():
            try:
                self._once()
            except Exception as error:  # noqa: BLE001 - whatever it is, the client lost a request
                self.wrong.append(repr(error))

    def _once(self) -> None:
        answer = chat(self.address, question(stream=True) if self.streams else question())
        if answer.status != 200:
            self.wrong.append(f"{answer.status} {answer.body!r}")
        elif self.streams:
            if not answer.events or answer.events[-1] != "[DONE]":
                self.wrong.append(f"a stream was cut: {answer.body!r}")
        elif not answer.text:
            self.wrong.append(f"an empty answer: {answer.body!r}")
        self.releases.append(answer.headers.get("x-trueup-release", ""))


@pytest.mark.slow
def test_an_upgrade_and_a_rollback_lose_no_request(served: Scratch) -> None:
    served.change(SUPPORT, ("requestsPerMinute: 600", "requestsPerMinute: 1000000"))
    served.apply()
    old = served.deployment()["release"]
    stop = threading.Event()
    clients = [Client(served.address(), streams, stop) for streams in (True, False, True)]
    threads = [threading.Thread(target=c.work) for c in clients]
    for thread in threads:
        thread.start()
    try:
        until(lambda: all(c.releases for c in clients))
        served.upgrade()
        served.apply()
        new = served.deployment()["release"]
        until(lambda: all(new in c.releases for c in clients))
        served.trueup("rollback", "support", "-e", "dev", "--auto-approve")
        until(lambda: all(c.releases[-1] == old for c in clients))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert [c.wrong for c in clients] == [[], [], []]
    for client in clients:
        assert set(client.releases) == {old, new}


def test_a_secret_in_a_prompt_is_refused_with_its_place_and_repeated_nowhere(served: Scratch) -> None:
    before = served.ask().headers["x-trueup-release"]
    prompt = served.read("spec/prompts/support-1.yaml")
    served.write(
        "spec/prompts/support-3.yaml",
        prompt.replace('version: "1"', 'version: "3"').replace("Answer in", f"The key is {SECRET}. Answer in"),
    )
    served.change(SUPPORT, ("support@1", "support@3"))
    planned = served.trueup("plan", "-e", "dev", "--out", "plan.json", code=3)
    refused = served.apply(code=3)
    assert "OP-08" in refused.err
    line = next(
        i for i, text in enumerate(served.read("spec/prompts/support-3.yaml").splitlines(), 1) if SECRET in text
    )
    assert f"spec/prompts/support-3.yaml:{line}:" in refused.err
    sarif = served.trueup("plan", "-e", "dev", "-o", "sarif", code=3)
    for text in (planned.out, refused.err, sarif.out, served.read("plan.json")):
        assert SECRET not in text
    denied = served.trueup("apply", "--plan", "plan.json", code=3)
    assert SECRET not in denied.err
    assert served.ask().headers["x-trueup-release"] == before
    newest, _ = served.records()
    assert newest["outcome"] == "denied"
    assert SECRET not in json.dumps(served.records())


@pytest.mark.slow
def test_a_gate_refuses_a_leaky_model_and_keeps_what_served(scratch: Scratch) -> None:
    scratch.stage()
    before = scratch.deployment("staging")
    answered = scratch.ask("staging")
    scratch.edit(SUPPORT, ("tiny@2", "tiny@3-leaky"))
    scratch.change(STAGING, ("tiny@2", "tiny@3-leaky"))
    scratch.apply("dev")  # which asks for no evidence, and is where staging takes its releases from
    planned = scratch.trueup("plan", "-e", "staging").out
    assert "evaluate Evaluation/refuses@1" in planned
    refused = scratch.apply("staging", code=3)
    assert "EV-01" in refused.err
    assert "What served before still serves." in refused.err

    after = scratch.deployment("staging")
    assert after["observed_release"] == before["observed_release"]
    assert servers(after) == servers(before), "the new servers are gone, the old ones were not touched"
    assert scratch.status("staging")["strays"] == []
    assert scratch.ask("staging").text == answered.text
    (evidence,) = after["evidence"]
    assert (evidence["evaluation"], evidence["state"]) == ("Evaluation/refuses@1", "failed")

    newest, measured = scratch.records()[:2]
    assert (newest["kind"], newest["outcome"]) == ("apply", "failed")
    assert measured["kind"] == "evidence"
    assert newest["decisions"][-1]["result"]["outcome"] == "deny"
    served = scratch.trueup("audit", "at", "0s", "-e", "staging", "-o", "json").out
    assert before["observed_release"] in served
    assert scratch.trueup("audit", "verify").code == 0


def test_a_rollback_commits_the_release_s_bytes_and_nothing_else(served: Scratch) -> None:
    odd = "# kept, with  its spaces\n" + served.read(SUPPORT).replace("model: tiny@1", "model:   'tiny@1'   # ours")
    served.write(SUPPORT, odd)
    served.commit("Write it our way")
    served.apply()
    first = served.deployment()["release"]
    served.change(SUPPORT, ("'tiny@1'", "'tiny@2'"), ("support@1", "support@2"))
    served.apply()
    bad, answer = served.deployment()["release"], served.ask().text
    head = served.head()
    served.write("notes.txt", "not ours to commit")
    served.git("add", "notes.txt")

    served.trueup("rollback", "support", "-e", "dev", "--auto-approve", "--reason", "answers got worse")

    assert served.read(SUPPORT) == odd
    assert served.git("rev-parse", "HEAD~1") == head
    assert served.git("show", "--format=", "--name-only", "HEAD") == SUPPORT
    assert served.git("status", "--porcelain") == "A  notes.txt"
    message = served.git("log", "-1", "--format=%B")
    assert "Reason: answers got worse" in message
    assert f"Trueup-Cause: rollback of release {bad}" in message
    row = served.deployment()
    assert row["observed_release"] == first
    assert row["verified"] is True
    assert served.ask().text != answer
    (hold,) = row["holds"]
    assert (hold["release"], hold["reason"]) == (bad, "answers got worse")
    assert served.records()[0]["kind"] == "rollback"
    assert served.trueup("audit", "verify").code == 0


def test_a_dry_run_of_a_rollback_writes_nothing(served: Scratch) -> None:
    served.upgrade()
    served.apply()
    head, records = served.head(), len(served.records())
    done = served.trueup("rollback", "support", "-e", "dev", "--dry-run")
    assert "-    model: tiny@2" in done.err
    assert "+    model: tiny@1" in done.err
    assert (served.head(), len(served.records())) == (head, records)
    assert served.git("status", "--porcelain") == ""


def test_a_release_on_hold_comes_back_only_when_the_hold_is_lifted(served: Scratch) -> None:
    served.upgrade()
    served.apply()
    bad = served.deployment()["release"]
    served.trueup("rollback", "support", "-e", "dev", "--auto-approve")
    served.git("revert", "--no-edit", "HEAD")
    refused = served.apply(code=3)
    assert "RO-09" in refused.err
    assert f"{SUPPORT}:" in refused.err
    assert served.deployment()["observed_release"] != bad
    held = served.trueup("hold", "list", "-e", "dev", "-o", "json").json["holds"]
    assert [h["release"] for h in held] == [bad]
    served.trueup("hold", "lift", "support", "-e", "dev")
    served.apply()
    assert served.deployment()["observed_release"] == bad
    assert served.trueup("hold", "list", "-e", "dev", "-o", "json").json["holds"] == []


def test_there_is_no_rollback_of_a_rollback(served: Scratch) -> None:
    served.upgrade()
    served.apply()
    served.trueup("rollback", "support", "-e", "dev", "--auto-approve")
    head, records = served.head(), len(served.records())
    again = served.trueup("rollback", "support", "-e", "dev", "--auto-approve", code=1)
    assert "on hold" in again.err
    assert (served.head(), len(served.records())) == (head, records)


def test_explain_says_why_from_where_and_what_would_move_it(served: Scratch) -> None:
    commit = served.head()
    said = served.trueup("explain", "Deployment/dev/support").out
    for text in (f"{SUPPORT}:1:1", "model tiny@1", commit[:12], "Policy", "What would move it", "Recorded"):
        assert text in said
    served.upgrade()
    assert "model tiny changed 1 -> 2" in served.trueup("explain", "Deployment/dev/support").out
    assert served.trueup("explain", "Deployment/dev/support", "-o", "json").json["format_version"] == "1.0"
    assert served.trueup("explain", "Model/tiny@2").code == 0
    wrong = served.trueup("explain", "Deployment/dev/suport", code=1)
    assert "support" in wrong.err


def test_the_audit_knows_what_was_serving_when(served: Scratch) -> None:
    first = served.deployment()
    served.upgrade()
    served.apply()
    second = served.deployment()
    records = served.records()
    assert [r["sequence"] for r in records] == [4, 2], "each after the provenance of its build"
    then = served.trueup("audit", "at", records[1]["at"], "-e", "dev", "-o", "json").out
    now = served.trueup("audit", "at", "0s", "-e", "dev", "-o", "json").out
    assert (first["release"] in then, second["release"] in then) == (True, False)
    assert (first["release"] in now, second["release"] in now) == (False, True)
    found = served.trueup("audit", "log", "--resource", "Prompt/support@2", "-o", "json").json["records"]
    assert [r["sequence"] for r in found] == [4]
    assert served.trueup("audit", "log", "-e", "prod", "-o", "json").json["records"] == []


def test_the_audit_stands_on_a_clone_and_finds_a_changed_record(served: Scratch) -> None:
    served.upgrade()
    served.apply()
    clone = Scratch(served.folder.parent / "clone")
    served.git("clone", "--quiet", "--mirror", str(served.folder), str(clone.folder / ".git"))
    clone.git("config", "core.bare", "false")
    clone.git("reset", "--quiet", "--hard")
    assert "4 records" in clone.trueup("audit", "verify").out
    tip = clone.git("rev-parse", "refs/trueup/ledger")
    forged = clone.git("commit-tree", f"{tip}^{{tree}}", "-m", "nothing happened")
    clone.git("update-ref", "refs/trueup/ledger", forged)
    broken = clone.trueup("audit", "verify", "-o", "json", code=8)
    assert broken.json["problems"]


def test_exit_codes_tell_changes_from_none(served: Scratch) -> None:
    served.trueup("plan", "-e", "dev", "--detailed-exitcode")
    served.trueup("status", "-e", "dev", "--detailed-exitcode")
    served.upgrade()
    served.trueup("plan", "-e", "dev")
    served.trueup("plan", "-e", "dev", "--detailed-exitcode", code=2)
    served.trueup("status", "-e", "dev", "--detailed-exitcode", code=2)


def as_json(text: str) -> None:
    assert json.loads(text)["format_version"]


def as_lines(text: str) -> None:
    assert text
    for line in text.splitlines():
        json.loads(line)


def as_markdown(text: str) -> None:
    assert "|" in text or "**" in text or "#" in text


def as_sarif(text: str) -> None:
    assert json.loads(text)["version"] == "2.1.0"


def as_junit(text: str) -> None:
    assert ET.fromstring(text).tag == "testsuites"


READS: dict[str, Callable[[str], None]] = {
    "json": as_json,
    "ndjson": as_lines,
    "markdown": as_markdown,
    "sarif": as_sarif,
    "junit": as_junit,
}
OUTPUTS = {
    "validate": tuple(READS),
    "plan -e dev": tuple(READS),
    "show plan.json": tuple(READS),
    "status -e dev": ("json", "ndjson", "markdown"),
    "explain Deployment/dev/support": ("json", "markdown"),
    "audit log": ("json", "ndjson", "markdown"),
    "audit at 0s": ("json", "ndjson", "markdown"),
    "audit verify": tuple(READS),
    "gc --dry-run": ("json",),
    "hold list -e dev": ("json",),
}


def test_every_output_can_be_read_by_what_it_is_for(served: Scratch) -> None:
    served.upgrade()
    served.trueup("plan", "-e", "dev", "--out", "plan.json")
    for words, formats in OUTPUTS.items():
        extra = [f"--output-file={format_}={served.folder / f'out.{format_}'}" for format_ in formats]
        done = served.trueup(*words.split(), *extra)
        assert done.out, words
        for format_ in formats:
            READS[format_](served.read(f"out.{format_}"))
        assert served.trueup(*words.split(), "-o", formats[0]).out, words


def test_apply_tells_its_events_as_lines_of_json(scratch: Scratch) -> None:
    events = scratch.apply("dev", "-o", "ndjson").events
    steps = [(e["step"], e["status"]) for e in events if e["status"] == "done"]
    assert [s for s, _ in steps] == ["fetch", "build", "start", "gate", "route", "verify", "record"]
    assert [e["step"] for e in events if e["status"] == "started"] == [s for s, _ in steps[:-1]]


@pytest.mark.slow
def test_two_environments_on_one_machine_do_not_meet(served: Scratch) -> None:
    served.stage()
    dev = served.deployment()
    staging = served.deployment("staging")
    assert served.address() != served.address("staging")
    assert {p for p, _ in servers(dev)} & {p for p, _ in servers(staging)} == set()
    dev_address = served.address()
    assert ask(dev_address, "/v1/models").json["data"]
    served.trueup("down", "-e", "staging", "--auto-approve")
    assert servers(served.deployment()) == servers(dev)
    assert chat(dev_address, question()).status == 200
    assert served.deployment("staging")["health"] == "stopped"
    served.git("rm", "--quiet", SUPPORT)
    served.commit("No support in dev")
    served.apply("staging")  # a repair: what was promoted comes back
    assert chat(dev_address, question()).status == 200
    assert served.deployment("staging")["sync"] == "in sync"


@pytest.mark.slow
def test_evaluate_measures_beside_what_serves(scratch: Scratch) -> None:
    scratch.stage()
    before = scratch.deployment("staging")
    assert "Nothing to evaluate" in scratch.trueup("evaluate", "-e", "staging").err
    scratch.change(STAGING, ("tiny@2", "tiny@3-leaky"))
    failed = scratch.trueup("evaluate", "support", "-e", "staging", code=3)
    assert "FAILED" in failed.err
    after = scratch.deployment("staging")
    assert servers(after) == servers(before)
    assert after["evidence"][0]["state"] == "failed"
    assert scratch.status("staging")["strays"] == []
    scratch.git("revert", "--no-edit", "HEAD")
    again = scratch.trueup("evaluate", "support", "-e", "staging", "--again")
    assert "passed" in again.err
    assert servers(scratch.deployment("staging")) == servers(before)


def test_production_denies_without_evidence_and_takes_it_from_an_evaluation(scratch: Scratch) -> None:
    refused = scratch.apply("prod", code=3)
    assert "EV-01" in refused.err
    assert "RO-01" in refused.err
    assert not (scratch.folder / ".trueup/targets/prod").exists()
    scratch.stage()
    scratch.trueup("evaluate", "-e", "prod")
    scratch.apply("prod")
    assert TOKYO in scratch.ask("prod").text


def test_gc_keeps_what_serves_and_what_a_rollback_needs(served: Scratch) -> None:
    served.upgrade()
    served.apply()
    everything = served.trueup("gc", "--dry-run", "-o", "json").json["artifacts"]
    removable = [a for a in everything if not a["kept_because"]]
    served.trueup("gc", "--auto-approve")
    left = served.trueup("gc", "--dry-run", "-o", "json").json["artifacts"]
    assert {a["key"] for a in left} == {a["key"] for a in everything} - {a["key"] for a in removable}
    served.trueup("rollback", "support", "-e", "dev", "--auto-approve")
    row = served.deployment()
    assert row["sync"] == "in sync"
    assert row["health"] == "healthy"


@pytest.mark.slow
def test_a_deleted_deployment_is_announced_first_and_ends(served: Scratch) -> None:
    copy = served.read(SUPPORT).replace("name: support\n", "name: helper\n", 1)
    served.write("spec/deployments/dev/helper.yaml", copy.replace("tiny@1", "tiny@2"))
    served.commit("Add a helper")
    served.apply()
    helper = served.deployment(name="helper")
    assert served.ask(model="helper").status == 200
    served.git("rm", "--quiet", "spec/deployments/dev/helper.yaml")
    served.commit("Drop the helper")
    plan = served.trueup("plan", "-e", "dev").out
    assert plan.index("delete Deployment/dev/helper") < plan.index("Policy:")
    served.apply()
    assert served.ask(model="helper").status == 404
    assert served.ask().status == 200
    assert not psutil.pid_exists(helper["servers"][0]["pid"])
    now = served.trueup("audit", "at", "0s", "-e", "dev", "-o", "json").out
    assert helper["release"] not in now


def test_nothing_declared_means_nothing_runs(served: Scratch) -> None:
    mark = f"support@{served.deployment()['observed_release'].removeprefix('sha256:')[:12]}"
    served.git("rm", "--quiet", SUPPORT)
    served.commit("Close dev by mistake")
    denied = served.apply(code=3)
    assert f"trueup.dev/confirm-delete: {mark}" in denied.err + denied.out
    assert served.ask().status == 200
    served.edit("spec/environments/dev.yaml", ("  name: dev\n", f"  name: dev\n  annotations: {{{MARK}: {mark}}}\n"))
    served.commit("Close dev")
    served.apply()
    until(lambda: not served.processes())
    assert served.status()["deployments"] == []
    assert served.trueup("audit", "at", "0s", "-e", "dev", "-o", "json").json["serving"] == []


@pytest.mark.slow
def test_a_server_stopped_by_hand_shows_as_drift_and_apply_heals_it(served: Scratch) -> None:
    # Without its supervisor nobody restarts it: what a reboot or an administrator leaves behind.
    (pid, _), *_ = servers(served.deployment())
    supervisors = [p for p in served.processes() if "trueup.adapters.targets.process.supervisor" in p.cmdline()]
    for process in (*supervisors, psutil.Process(pid)):
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(pid))
    row = served.deployment()
    assert row["sync"] == "drifted"
    assert "stopped" in row["reason"]
    served.trueup("status", "-e", "dev", "--detailed-exitcode", code=2)
    assert "drift" in served.trueup("plan", "-e", "dev", "-o", "json").out
    served.apply()
    assert served.deployment()["sync"] == "in sync"
    assert served.ask().status == 200


def test_a_route_changed_by_hand_shows_as_drift_and_apply_heals_it(served: Scratch) -> None:
    answer = served.ask().text
    (routes,) = (served.folder / ".trueup/targets/dev").glob("routes.json")
    routes.write_text(routes.read_text().replace("small shop", "big shop"))
    row = served.deployment()
    assert row["sync"] == "drifted"
    assert "by hand" in row["reason"]
    assert served.ask().text == answer, "the gateway still serves what was applied"
    served.apply()
    assert served.deployment()["sync"] == "in sync"
    assert "small shop" in routes.read_text()


def test_down_ends_everything_and_apply_brings_it_back(served: Scratch) -> None:
    before = served.ask().text
    served.trueup("down", "--all", "--auto-approve")
    until(lambda: not served.processes())
    assert served.deployment()["sync"] == "not deployed"
    served.apply()
    assert served.ask(text=CAPITAL).text == before
