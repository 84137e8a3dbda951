"""Ways around what trueup promises, tried on a whole repository: each ends in a refusal that says why."""

import os
import signal
from pathlib import Path

import pytest
from scratch import Scratch, until

DENIES_ALL = 'package mine\n\ndeny contains "no" if input.formatVersion == 1\n'
DENIES_NOTHING = 'package mine\n\ndeny contains "no" if input.formatVersion == 0\n'
OWN_POLICIES = ("paths: []", "paths: [mine]")


def test_a_policy_with_uncommitted_changes_decides_nothing_that_is_applied(scratch: Scratch) -> None:
    scratch.write("mine/rule.rego", DENIES_ALL)
    scratch.change("trueup.yaml", OWN_POLICIES)
    scratch.write("mine/rule.rego", DENIES_NOTHING)
    plan = scratch.trueup("plan", "-e", "dev", "-o", "json").json
    assert not plan["can_be_applied"]
    assert plan["revision"] == ""
    done = scratch.apply(code=1)
    assert "APP002: Uncommitted changes cannot be applied" in done.err
    assert not scratch.records()


@pytest.mark.parametrize("package", ["trueup.rules.li_01", "trueup.lib"])
def test_a_policy_of_the_repository_cannot_add_to_the_librarys_packages(scratch: Scratch, package: str) -> None:
    scratch.write("mine/rule.rego", f'package {package}\n\nallowed contains "Evil"\n')
    scratch.change("trueup.yaml", OWN_POLICIES)
    done = scratch.trueup("plan", "-e", "dev", code=3)
    assert "POL024" in done.out
    assert "not decided, which denies" in done.out


def served_file(scratch: Scratch) -> Path:
    (found,) = (scratch.folder / ".trueup/store/objects").glob("*/*/content/model.gguf")
    return found


def overwrite(file: Path) -> None:
    """Change one byte in the middle, as a failing disk or a stranger does."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.chmod(0o644)
    file.write_bytes(content)


def test_weights_that_were_changed_on_disk_are_seen_never_started_and_healed(served: Scratch) -> None:
    answer = served.ask().text
    original = served_file(served).read_bytes()
    overwrite(served_file(served))
    (server,) = served.deployment()["servers"]
    assert server["health"] == "unhealthy"
    assert "changed on disk" in server["detail"]
    os.kill(server["pid"], signal.SIGKILL)
    until(lambda: "changed since it was verified" in served.deployment()["servers"][0]["detail"])
    served.apply()
    (healed,) = served.deployment()["servers"]
    assert healed["health"] == "healthy"
    assert served_file(served).read_bytes() == original
    assert served.ask().text == answer


def test_a_server_that_loaded_changed_weights_does_not_survive_an_apply(served: Scratch) -> None:
    (before,) = served.deployment()["servers"]
    overwrite(served_file(served))
    served.apply()
    (after,) = served.deployment()["servers"]
    assert after["pid"] != before["pid"]
    assert after["health"] == "healthy"
