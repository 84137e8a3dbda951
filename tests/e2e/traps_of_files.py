"""Traps in files: links, paths, names, sizes, and files that other tools run or obey."""

from __future__ import annotations

import json
import re

from build_machine import Machine
from fork_traps import Act, Trap, commit, python
from markdown_it import MarkdownIt

DEV = "spec/deployments/dev/support.yaml"
PROMPT = """\
apiVersion: trueup/v1alpha1
kind: Prompt
metadata: {{name: leak{number}, version: "1", owner: support-team}}
spec: {{type: text, template: {{file: {path}}}}}
"""


def _reads(path: str) -> Act:
    """Return what opens a path as it stands there, from the root of the clone."""
    return lambda machine: python(machine, f"print(open({path!r}).read())")


def _writes(path: str) -> Act:
    """Return what writes to a path as it stands there, from the root of the clone."""
    return lambda machine: python(machine, f"open({path!r}, 'w').close()")


def _including(machine: Machine, *paths: str) -> None:
    for number, path in enumerate(paths):
        machine.clone.write(f"spec/prompts/leak{number}.yaml", PROMPT.format(number=number, path=json.dumps(path)))
    commit(machine)


def _link_to_a_file(machine: Machine) -> None:
    link = machine.clone.folder / "spec/prompts/leak.txt"
    link.symlink_to(machine.outside / "secret.txt")
    machine.clone.folder.joinpath("spec/models/leak.yaml").symlink_to(machine.home / ".aws/credentials")
    _including(machine, "spec/prompts/leak.txt")


def _link_to_variables(machine: Machine) -> None:
    (machine.clone.folder / "spec/prompts/leak.txt").symlink_to("/proc/self/environ")
    _including(machine, "spec/prompts/leak.txt")


def _link_to_a_folder(machine: Machine) -> None:
    (machine.clone.folder / "spec/more").symlink_to(machine.outside)
    (machine.clone.folder / "spec/ssh").symlink_to(machine.home / ".ssh")
    (machine.outside / "a.yaml").write_text(f"kind: {machine.secrets['outside']}\n")
    _including(machine, "spec/more/secret.txt")


def _links_in_a_row(machine: Machine) -> None:
    """Each link stays inside but the last."""
    for name, target in (("one", "two/secret.txt"), ("two", "three"), ("three", "../../../outside")):
        (machine.clone.folder / "spec/prompts" / name).symlink_to(target)
    _including(machine, "spec/prompts/one")


def _link_for_a_policy(machine: Machine) -> None:
    (machine.outside / "outside.rego").write_text(f"package x\n\n# {machine.secrets['outside']}\n")
    (machine.clone.folder / "policies/few/outside.rego").symlink_to(machine.outside / "outside.rego")
    (machine.clone.folder / "policies/few/data.json").symlink_to(machine.outside / "secret.txt")
    commit(machine)


def _paths_out(machine: Machine) -> None:
    out = str(machine.outside / "secret.txt")
    _including(
        machine, out, "../outside/secret.txt", "spec/../../outside/secret.txt", "~/.ssh/id_ed25519", "file://" + out
    )


def _specs_out(machine: Machine) -> None:
    (machine.outside / "a.yaml").write_text(f"kind: {machine.secrets['outside']}\n")
    machine.clone.edit("trueup.yaml", ("specs: [spec]", "specs: [spec, ../outside]"))
    machine.clone.edit("trueup.yaml", ("paths: [policies]", f"paths: [policies, {machine.outside}]"))
    commit(machine)


def _state_link(machine: Machine) -> None:
    (machine.clone.folder / ".trueup").symlink_to(machine.outside)
    machine.clone.git("add", "--force", ".trueup")
    commit(machine)


def _state_folder(machine: Machine) -> None:
    (machine.clone.folder / ".trueup").mkdir()
    (machine.clone.folder / ".trueup/store").symlink_to(machine.outside)
    machine.clone.git("add", "--force", ".trueup/store")
    commit(machine)


def _store_elsewhere(machine: Machine) -> None:
    machine.clone.edit("trueup.yaml", ("path: .trueup/store", "path: ../outside/store"))
    commit(machine)


def _makes_the_store(machine: Machine) -> str:
    return python(
        machine,
        "import yaml, os; os.makedirs(yaml.safe_load(open('trueup.yaml'))['spec']['store']['path'])",
    )


MODULES = (
    "yaml",
    "jinja2",
    "regorus",
    "json",
    "git",
    "pydantic",
    "ruamel",
    "sitecustomize",
    "usercustomize",
    "conftest",
)


def _modules(machine: Machine) -> None:
    """Modules that shadow libraries, and files that Python and its tools run by themselves."""
    run = f"open({str(machine.canary)!r}, 'w').close()\n"
    for name in (*MODULES, "setup", "noxfile"):
        machine.clone.write(f"{name}.py", run)
    machine.clone.write("evil.pth", f"import os; {run}")
    machine.clone.write("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "-p conftest"\n')
    machine.clone.write("pytest.ini", "[pytest]\naddopts = -p conftest\n")
    machine.clone.write(".env", "TRUEUP_ENGINE=opa\n")
    commit(machine)


def _package_of_our_name(machine: Machine) -> None:
    run = f"open({str(machine.canary)!r}, 'w').close()\n"
    machine.clone.write("trueup/__init__.py", run)
    machine.clone.write("trueup/__main__.py", run)
    commit(machine)


def _offered_adapters(machine: Machine) -> None:
    """An installed package may offer sources, builders and runtimes; a folder of the clone is no installed package."""
    run = f"open({str(machine.canary)!r}, 'w').close()\n"
    machine.clone.write("evil.py", f"{run}class Evil: pass\n")
    groups = [f"[trueup.{group}]\nhf = evil:Evil\nevil = evil:Evil\nllama.cpp = evil:Evil" for group in GROUPS]
    machine.clone.write("evil-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    machine.clone.write("evil-1.0.dist-info/entry_points.txt", "\n".join(groups) + "\n")
    commit(machine)


GROUPS = ("sources", "builders", "runtimes", "evaluators")
LOADS = "from importlib.metadata import entry_points as e; [x.load() for x in e(group='trueup.runtimes', name='evil')]"


def _huge(machine: Machine) -> None:
    """Zeros: 400 MB that are 400 kB in a pull request."""
    for path in ("spec/models/huge.yaml", "policies/few/huge.rego", "policies/few/data.json", "spec/prompts/huge.txt"):
        with open(machine.clone.folder / path, "wb") as file:
            file.truncate(100 << 20)
    machine.clone.git("config", "core.compression", "1")
    _including(machine, "spec/prompts/huge.txt")


def _reads_it_whole(machine: Machine) -> str:
    """Whoever reads it whole needs more than a machine gives one job of many."""
    code = (
        "import resource as r, yaml; r.setrlimit(r.RLIMIT_AS, (600 << 20,) * 2); "
        "t = open('spec/models/huge.yaml').read(); print(len(t.split('x') * 1), yaml.safe_load(t))"
    )
    said = python(machine, code)
    if "MemoryError" in said or "Error" in said:
        machine.canary.touch()
    return said


ESCAPES = (
    "\x1b]0;renamed\x07\x1b[2J",
    "new\nline",
    "\n::error title=owned::from the name",
    "right\u202eleft",
    "##[error]owned",
    "<img src=x onerror=alert(1)>",
    "@everyone #1 https:example",
    "`code` | cell",
    "]]><owned/>",
)


def _names(machine: Machine) -> None:
    """Names that terminals, logs, pages and comments obey, each of a file that has something wrong."""
    for number, name in enumerate(ESCAPES):
        machine.clone.write(f"spec/{number}{name}.yaml", "kind: Nothing\n")
        machine.clone.write(f"policies/few/{number}{name}.rego", "package few_{number}\n\nx := \n")
    machine.clone.git("checkout", "--quiet", "-b", "change-%0A%3A%3Aerror-\u202eowned")
    machine.clone.git("add", "--all")
    machine.clone.git(
        "commit", "--quiet", "--author=\u202eEve ::error:: <e@example.com>", "-m", "::error::owned\x1b[2J"
    )


def _prints_them(machine: Machine) -> str:
    said = python(machine, "import os; [print(n) for n in os.listdir('spec')]")
    if not injected({"out": said}):
        return said
    machine.canary.touch()
    return said


def _values(machine: Machine) -> None:
    """The same in values that are shown: a plan says who is called, and what differs."""
    for number, name in enumerate(ESCAPES):
        text = json.dumps(f"owned {name}")
        machine.clone.write(
            f"spec/systems/s{number}.yaml", f"apiVersion: trueup/v1alpha1\nkind: {text}\nmetadata: {text}\n"
        )
    machine.clone.edit(DEV, ("contact: support-team@example.com", f"contact: {json.dumps(''.join(ESCAPES))}"))
    commit(machine)


def _prints_values(machine: Machine) -> str:
    return _printed(
        machine, "import yaml, glob; [print(yaml.safe_load(open(p))['kind']) for p in glob.glob('spec/systems/s*')]"
    )


def _shown_values(machine: Machine) -> None:
    """In values of a declaration that is right, so that the plan shows them."""
    machine.clone.edit(
        DEV, ("contact: support-team@example.com", f"contact: {json.dumps('owned ' + ' '.join(ESCAPES))}")
    )
    machine.clone.edit(DEV, ("runbook: docs/operate.md", f"runbook: {json.dumps('owned ' + ' '.join(ESCAPES))}"))
    commit(machine)


def _prints_shown(machine: Machine) -> str:
    return _printed(machine, f"import yaml; print(yaml.safe_load(open({DEV!r}))['spec']['onCall']['contact'])")


def _printed(machine: Machine, code: str) -> str:
    said = python(machine, code)
    if injected({"out": said}):
        machine.canary.touch()
    return said


_RAW = [
    *map(chr, (*range(9), *range(11, 32), *range(127, 160))),
    *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
]


def injected(texts: dict[str, str]) -> list[str]:
    """Return what a terminal, a runner or a page would obey in what was written, by the name of the text."""
    found = []
    for name, text in texts.items():
        found += [f"{name} has {c!a}" for c in _RAW if c in text]
        lines = text.splitlines()
        commands = [line for line in lines if line.lstrip().startswith("::")]
        if name.endswith(".github"):
            ours = ("::error ", "::warning ", "::notice ")
            commands = [c for c in commands if not c.startswith(ours) or "::owned" in c.partition(" ")[0]]
        found += [f"{name} has the command {c[:80]!r}" for c in commands]
        found += [f"{name} has the command {line[:80]!r}" for line in lines if "##[" in line]
        if name.endswith(".md"):
            page = re.sub(r"<code.*?</code>", "", MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
            found += [f"{name} has {part!r}" for part in ("<img", "@everyone", "<owned/>", "onerror=") if part in page]
        if name.endswith(".xml") and "<owned/>" in text.replace("]]&gt;", "]]>"):
            found.append(f"{name} has an element of the pull request")
    return found


FILE_TRAPS = (
    Trap("link-to-a-file", _link_to_a_file, _reads("spec/prompts/leak.txt"), (8, 8), "SPEC302"),
    Trap("link-to-variables", _link_to_variables, _reads("spec/prompts/leak.txt"), (8, 8), "SPEC302"),
    Trap("link-to-a-folder", _link_to_a_folder, _reads("spec/ssh/id_ed25519"), (8, 8), "SPEC302"),
    Trap("links-in-a-row", _links_in_a_row, _reads("spec/prompts/one"), (8, 8), "SPEC302"),
    Trap("link-for-a-policy", _link_for_a_policy, _reads("policies/few/outside.rego")),
    Trap("paths-out-of-the-repository", _paths_out, _reads("../outside/secret.txt"), (8, 8), "SPEC301"),
    Trap("specs-out-of-the-repository", _specs_out, _reads("../outside/a.yaml"), (8, 8)),
    Trap("state-folder-as-a-link", _state_link, _writes(".trueup/.gitignore"), (8, 8), "WRK007"),
    Trap("state-folder-with-a-link", _state_folder, _writes(".trueup/store/x"), (8, 8), "WRK007"),
    Trap("store-elsewhere", _store_elsewhere, _makes_the_store),
    Trap("modules-that-shadow", _modules, lambda m: python(m, "import yaml"), module=True),
    Trap("package-of-our-name", _package_of_our_name, lambda m: m.careless("python3", "-m", "trueup")),
    Trap("adapters-on-offer", _offered_adapters, lambda m: python(m, LOADS), module=True),
    Trap("huge-files", _huge, _reads_it_whole, (8, 8), "SPEC"),
    Trap("names-that-are-obeyed", _names, _prints_them, (8, 8)),
    Trap("values-that-are-obeyed", _values, _prints_values, (8, 8)),
    Trap("values-that-are-shown", _shown_values, _prints_shown),
)
