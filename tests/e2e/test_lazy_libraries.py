"""Libraries that help where speed is not the point, and what speaks to networks, are imported where they are used."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

SLOW = ("git", "ruamel.yaml", "urllib.request", "huggingface_hub", "fsspec", "oras", "requests")

NOT_FOR_PLANS = (
    "trueup.adapters.builders",
    "trueup.adapters.gateways",
    "trueup.adapters.policy.cache",
    "trueup.adapters.policy.embedded",
    "trueup.adapters.scanners",
    "trueup.adapters.sources.reading",
    "trueup.adapters.sources.source",
    "trueup.adapters.stores.formats",
    "trueup.adapters.stores.statements",
    "trueup.adapters.stores.transfer",
    "trueup.adapters.targets.process.admin",
    "trueup.adapters.targets.process.control",
    "trueup.adapters.targets.process.observation",
    "trueup.adapters.targets.process.supervision",
    "trueup.adapters.targets.process.target",
    "trueup.builds",
    "trueup.diff.behaviour",
    "trueup.evidence.comparison",
    "trueup.evidence.gates",
    "trueup.evidence.statement",
    "trueup.evidence.statistics",
    "trueup.policy.document",
    "trueup.policy.facts",
    "trueup.policy.judge",
    "trueup.policy.recorded",
    "trueup.policy.results",
    "trueup.ports.datasets",
    "trueup.ports.forges",
    "trueup.ports.pipelines",
    "trueup.ports.targets",
    "trueup.workflows.circumstances",
    "trueup.workflows.networks",
    "asyncio",
    "concurrent.futures",
    "http.client",
    "multiprocessing",
    "psutil",
    "statistics",
)
"""What a plan needs none of where no policy is asked and nothing is there yet. Every plan would pay for each."""

LIGHT = ("trueup.adapters.builders.builtin", "trueup.builds.estimates")
"""Named by every plan, and needed to say what a build may take."""


def modules(folder: Path, *words: str) -> set[str]:
    code = f"import sys; from trueup.cli.main import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def imported(folder: Path, *words: str) -> set[str]:
    return modules(folder, *words) & set(SLOW)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lazy")
    assert imported(folder, "init") == {"git"}
    return folder


@pytest.mark.parametrize(
    "words", [("validate",), ("plan", "-e", "dev"), ("status", "-e", "dev"), ("audit", "log"), ("audit", "export")]
)
def test_what_only_reads_imports_neither(project: Path, words: tuple[str, ...]) -> None:
    assert imported(project, *words) == set()


@pytest.fixture(scope="module")
def unasked(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without policies, committed."""
    folder = tmp_path_factory.mktemp("unasked") / "project"
    shutil.copytree(project, folder)
    file = folder / "trueup.yaml"
    declared = yaml.safe_load(file.read_text())
    declared["spec"]["policies"] = {"library": False}
    file.write_text(yaml.safe_dump(declared))
    name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    subprocess.run(["git", *name, "commit", "-qm", "Declare"], cwd=folder, check=True)
    return folder


def test_a_plan_imports_nothing_that_it_has_no_use_for(unasked: Path) -> None:
    found = modules(unasked, "plan", "-e", "dev", "--revision", "HEAD", "--cache", "off")
    heavy = {
        module
        for module in found
        for name in NOT_FOR_PLANS
        if (module == name or module.startswith(f"{name}.")) and module not in LIGHT
    }
    assert "trueup.workflows.planning" in found, "no plan was made"
    # A package is there when a light module below it is.
    assert heavy - {"trueup.adapters.builders", "trueup.builds"} == set()


@pytest.mark.parametrize("name", NOT_FOR_PLANS)
def test_what_plans_do_not_import_can_be_imported(name: str) -> None:
    assert importlib.util.find_spec(name) is not None, "a name that was moved keeps nothing out"
