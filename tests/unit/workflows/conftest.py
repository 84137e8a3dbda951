"""What tests of workflows share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workspaces import Declared, FakeWorkspace, Stage

Make = Callable[..., FakeWorkspace]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return what makes a workspace that declares what it is given."""

    def made(*declared: Declared, **stages: Stage) -> FakeWorkspace:
        return FakeWorkspace(tmp_path, declared, stages or None)

    return made
