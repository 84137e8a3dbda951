"""A stranger's pull request is checked on a build machine, and nothing happens but that trueup says what it is.

Each trap is proved to be live first: what a careless tool does springs it. Then trueup validates and plans the pull
request, in real processes, and nothing may have been started, reached, told, or changed.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from build_machine import Listener, Machine, Seen, copied, new_machine, without_network
from fork_traps import Trap
from scratch import ROOT, Scratch
from traps_of_files import FILE_TRAPS, injected
from traps_of_git import GIT_TRAPS
from traps_of_values import VALUE_TRAPS

from trueup.cli.verbs import VERBS

TRAPS = (*GIT_TRAPS, *FILE_TRAPS, *VALUE_TRAPS)
REPORTS = ("json=plan.json", "markdown=plan.md", "sarif=plan.sarif", "junit=plan.xml", "github=plan.github")
PLAN = ("plan", "-e", "dev", "--base", "origin/main")
LARGEST_BYTES = 700 << 20


@pytest.fixture(scope="session")
def template(declared: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A build machine whose trueup has seen the base before; to be copied."""
    listener = Listener()
    made = new_machine(tmp_path_factory.mktemp("machine") / "first", declared, listener)
    assert made.look(*PLAN).code == 0
    yield made
    listener.close()


@pytest.fixture
def machine(template: Machine, tmp_path: Path) -> Machine:
    """A build machine of this test's own."""
    template.listener.heard.clear()
    return copied(template, tmp_path / "machine")


def armed(trap: Trap, machine: Machine) -> None:
    """Arm *trap*, and prove that it is live."""
    trap.arm(machine)
    assert not machine.sprung(), "it was sprung while it was made"
    machine.freshen()
    before = machine.state()
    said = trap.spring(machine) or ""
    assert machine.sprung(said, before), f"nothing springs it: {said}"
    machine.reset(before)
    machine.freshen()


def checked(seen: Seen, machine: Machine) -> Seen:
    """Hold what came of a command to what is promised."""
    ours = (f"{os.fspath(machine.clone.folder / '.trueup')}:", "clone/.trueup:", "clone/.trueup/.gitignore:")
    assert not machine.sprung(seen.said), seen
    assert [e for e in seen.effects if not e.startswith(ours)] == [], seen
    assert seen.reached == (), seen
    assert seen.ran == (), seen
    inside = [p for p in seen.programs if not p.startswith("/") or p.startswith(str(machine.clone.folder))]
    assert inside == [], seen
    others = [p for p in seen.programs if not re.fullmatch(r"git[a-z-]*|false|unshare|python[0-9.]*", Path(p).name)]
    assert others == [], seen
    assert injected(seen.texts) == [], seen
    assert seen.peak_bytes < LARGEST_BYTES, seen
    assert "Traceback" not in seen.said, seen
    return seen


def files(machine: Machine) -> list[str]:
    folder = machine.folder / "reports"
    return [w for report in REPORTS for w in ("--output-file", report.replace("=", f"={folder}/"))]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_a_trap_that_is_live_is_not_sprung(trap: Trap, machine: Machine) -> None:
    armed(trap, machine)
    seen = [checked(machine.look("validate"), machine), checked(machine.look(*PLAN, *files(machine)), machine)]
    if trap.module:
        checked(machine.look(*PLAN, module=True), machine)
    assert (seen[0].code, seen[1].code) == trap.codes, (str(seen[0]), str(seen[1]))
    assert trap.says in " ".join(s.said for s in seen)


AT_ONCE = (
    *("filter-drivers", "submodule-address", "link-for-a-policy", "modules-that-shadow", "adapters-on-offer"),
    *("policy-http", "policy-runtime", "values-that-are-shown", "project-with-addresses", "ssh-command"),
    *("signature-certificate", "signature-program", "included-configuration", "fsmonitor", "hooks"),
)
"""Traps that leave a pull request that can be planned; last, what making the others would spring."""
COMMANDS = (
    ("validate",),
    ("validate", "--revision", "HEAD"),
    PLAN,
    (*PLAN, "--revision", "HEAD", "-o", "json"),
    ("policy", "check", "-e", "dev"),
    ("policy", "test", "policies"),
    ("policy", "list"),
    ("policy", "explain", "FEW-01", "Deployment/dev/support"),
    ("evaluate", "--changed", "--list", "--base", "origin/main"),
    ("explain", "Deployment/dev/support"),
    ("status", "-e", "dev"),
    ("bom", "Deployment/dev/support"),
    *((("ci", "--base", "origin/main", "--output-folder", "REPORTS/ci"),) if "ci" in VERBS else ()),
)


@pytest.fixture(scope="module")
def full(template: Machine, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine whose clone has many traps at once."""
    made = copied(template, tmp_path_factory.mktemp("full") / "machine")
    traps = {trap.name: trap for trap in TRAPS}
    for name in AT_ONCE:
        traps[name].arm(made)
    made.reset()
    return made


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_that_looks_springs_any_of_many_traps(full: Machine, words: tuple[str, ...]) -> None:
    full.freshen()
    reports = str(full.folder / "reports")
    seen = checked(full.look(*(w.replace("REPORTS", reports) for w in words)), full)
    assert seen.code in (0, 3, 8), seen


def test_a_plan_is_the_same_where_there_is_no_network_at_all(full: Machine) -> None:
    if not (words := without_network()):
        pytest.skip("a process cannot be cut off from the network here")
    full.freshen()
    looked = (*PLAN, "--revision", "HEAD", "-o", "json")
    plans = [checked(full.look(*looked, prefix=prefix), full) for prefix in ((), words)]
    ids = [json.loads(seen.texts["out"])["plan_id"] for seen in plans]
    assert ids[0] == ids[1]
    assert plans[0].code == plans[1].code


def test_the_listener_hears_whoever_calls(machine: Machine) -> None:
    machine.careless("python3", "-c", f"import urllib.request as r; r.urlopen({machine.listener.url!r})")
    assert machine.sprung() == [f"the listener was called: {machine.listener.heard[0][:80]!r}"]


def test_what_is_written_outside_of_the_clone_is_seen(machine: Machine) -> None:
    before = machine.state()
    machine.careless(shell=f"touch {machine.home}/new; rm {machine.outside}/secret.txt; chmod 700 {machine.home}/.ssh")
    assert len(machine.sprung("", before)) == 3


def test_every_trap_is_in_the_documentation_and_no_other() -> None:
    text = (ROOT / "docs/fork-safety.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([a-z-]+)`", row)]
    assert sorted(named) == sorted(trap.name for trap in TRAPS)
