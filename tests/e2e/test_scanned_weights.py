"""`trueup scan` in a real repository: pickles are seen for what they are, and stay outside the store."""

import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from repositories import git
from trueup.cli.views.schemas import OUTPUTS


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("it ran",)


MODEL = """apiVersion: trueup/v1alpha1
kind: Model
metadata: {{name: legacy, version: "1", owner: ml-platform}}
spec:
  source: {{uri: file:models/legacy.bin, digest: "sha256:{digest}"}}
  format: pytorch
  licenses: [Apache-2.0]
"""


def trueup(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trueup", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (pickle.dumps({"weight": [1.0]}), 0, "nothing that runs when it is loaded"),
        (pickle.dumps(Evil()), 3, "print` (suspicious)"),
        (b"no pickle", 3, "cannot be read"),
    ],
    ids=["data", "code", "noise"],
)
def test_weights_are_looked_into_recorded_and_not_admitted(
    tmp_path: Path, content: bytes, code: int, says: str
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    trueup(tmp_path, "init", str(folder))
    (folder / "models").mkdir()
    (folder / "models" / "legacy.bin").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (folder / "spec" / "models" / "legacy.yaml").write_text(MODEL.format(digest=digest))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Declare a model")
    done = trueup(folder, "scan", "Model/legacy@1")
    assert (done.returncode, says in done.stdout) == (code, True), done
    printed = json.loads(trueup(folder, "scan", "Model/legacy@1", "-o", "json").stdout)
    Draft202012Validator(OUTPUTS["scan"].schema()).validate(printed)
    assert printed["artifact"] == f"sha256:{digest}"
    assert not list((folder / ".trueup" / "store" / "objects").glob("*/*"))
    (left,) = json.loads(trueup(folder, "gc", "--dry-run", "-o", "json").stdout)["artifacts"]
    assert (left["key"], left["kept_because"]) == (f"sha256:{digest}", "")
    trueup(folder, "gc", "--auto-approve")
    assert json.loads(trueup(folder, "gc", "--dry-run", "-o", "json").stdout)["artifacts"] == []
    records = json.loads(trueup(folder, "audit", "log", "-o", "json").stdout)["records"]
    assert [r["kind"] for r in records] == ["evidence", "evidence"]
    assert "2 records" in trueup(folder, "audit", "verify").stdout
