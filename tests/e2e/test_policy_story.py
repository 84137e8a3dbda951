"""The story of `docs/policy/README.md`, typed as it stands there by somebody new."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "policy" / "README.md"


@pytest.mark.slow
def test_the_story_goes_as_it_is_told(tmp_path: Path) -> None:
    (script,) = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    folders = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"HOME": str(tmp_path), "PATH": folders, "NO_COLOR": "1", "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
    for name, value in (("name", "Ada"), ("email", "ada@example.com")):
        subprocess.run(["git", "config", "--global", f"user.{name}", value], env=environment, check=True)
    told = "git() { command git -c init.defaultBranch=main \"$@\"; }\nset -x\nPS4='$ '\n" + script
    done = subprocess.run(
        ["bash", "-c", told], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    for claim in (
        r"3 passed, 0 failed",
        r"coverage 100\.0 %",
        r"1 blocked that passed\n\nANS-01: blocks 1 decision more\n.*dev: Deployment/dev/assistant",
        r"blocked ANS-01 Answers stay short \(high\)\n +spec/deployments/dev/assistant\.yaml:\d+:\d+",
        r"rules: \d+ passed, 1 denied",
        r"ANS-01 denies: Deployment/dev/assistant in dev",
        r"ANS-01 covers Shop handbook 4",
        r"excepted by PolicyException/ans-01-deployment-dev-assistant: ANS-01",
        r"0 denied, 3 warned, 1 excepted",
        r"approved by Grace Hopper, owner ml-platform,",
    ):
        assert re.search(claim, said), f"{claim}\n{said}"
