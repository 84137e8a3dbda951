"""Libraries that help where speed is not the point, and what speaks to networks, are imported where they are used."""

import subprocess
import sys
from pathlib import Path

import pytest

SLOW = ("git", "ruamel.yaml", "urllib.request", "huggingface_hub", "fsspec", "oras", "requests")


def imported(folder: Path, *words: str) -> set[str]:
    code = f"import sys; from trueup.cli.main import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stderr.split()) & set(SLOW)


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
