"""What is rendered of an environment."""

import json
from pathlib import Path

from fakes import FakeTree
from trueup.core.digests import Revision
from trueup.core.ids import ResourceId
from trueup.desired.rendered import ENVIRONMENT_FILE, document_path, rendered_files
from trueup.desired.resolve import resolve
from trueup.workflows.loading import load_tree
from workspaces import Declared, Stage, repository_files

GOLDEN = Path(__file__).parents[2] / "golden" / "rendered"
DECLARED = (Declared(prompt="support@1"), Declared("search", "prod", model="smol@1", prompt="", build="q8@1"))
STAGES = {"dev": Stage(), "prod": Stage("production", "dev", ("facts@1",), port=8181)}


def rendered(environment: str, revision: str = "1" * 40) -> dict[str, bytes]:
    loaded = load_tree(FakeTree(repository_files(DECLARED, STAGES), Revision(revision)))
    assert loaded.diagnostics == ()
    desired, problems = resolve(loaded.resources, environment, Revision(revision))
    assert desired is not None, problems
    return rendered_files(desired)


def test_rendered_files_are_the_golden_ones(update_golden: bool) -> None:
    files = {f"{name}/{path}": content for name in STAGES for path, content in rendered(name).items()}
    if update_golden:
        for path, content in files.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_bytes(content)
    assert files == {str(p.relative_to(GOLDEN)): p.read_bytes() for p in GOLDEN.rglob("*") if p.is_file()}


def test_equal_declarations_give_equal_bytes_whatever_the_commit() -> None:
    assert rendered("dev", "1" * 40) == rendered("dev", "2" * 40)


def test_an_environment_has_its_own_deployments_and_what_they_reach() -> None:
    files = rendered("prod")
    named = json.loads(files[ENVIRONMENT_FILE])["deployments"]
    assert [d["file"] for d in named] == ["deployments/search.json"]
    assert set(files) >= {"documents/Build/q8@1.json", "documents/Evaluation/facts@1.json"}
    assert "documents/Prompt/support@1.json" not in files


def test_no_address_leaves_the_folder_or_hides_in_it() -> None:
    assert document_path(ResourceId("Model", "..", "1")) == "documents/Model/%2E.@1.json"
    assert document_path(ResourceId("Deployment", "a b", "", "dev")) == "documents/Deployment/dev/a%20b.json"
