"""What a rollout takes at its peak."""

from dataclasses import replace
from pathlib import Path

import pytest

from trueup.diff.changes import Room, Update
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace


def room_of(tmp_path: Path, before: Declared, after: Declared, *others: Declared) -> Room | None:
    shop = FakeWorkspace(tmp_path, [before, *others])
    shop.apply()
    shop.declare(after, *others)
    planned = make_plan(shop, "dev")
    assert isinstance(planned, Planned)
    (update,) = (c for c in planned.plan.changes if isinstance(c, Update))
    return update.room


def declared(model: str, memory: str = "", strategy: str = "blueGreen", **more: object) -> Declared:
    made = Declared(model=model, rollout=f"{{strategy: {strategy}}}", memory=memory)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("strategy", "servers", "memory"), [("blueGreen", 2, 3072), ("inPlace", 1, 2048), ("recreate", 1, 2048)]
)
def test_both_releases_are_there_at_once_unless_the_old_one_ends_first(
    tmp_path: Path, strategy: str, servers: int, memory: int
) -> None:
    before, after = declared("smol@1", "1Gi", strategy), declared("smol@2", "2Gi", strategy)
    assert room_of(tmp_path, before, after) == Room(strategy, servers, memory, memory)


def test_the_old_release_may_be_the_larger_one(tmp_path: Path) -> None:
    room = room_of(tmp_path, declared("smol@1", "4Gi", "inPlace"), declared("smol@2", "2Gi", "inPlace"))
    assert room == Room("inPlace", 1, 4096, 4096)


def test_replicas_count_and_so_do_all_other_deployments(tmp_path: Path) -> None:
    other = declared("tiny@1", "512Mi", name="other", model_name="other")
    before, after = declared("smol@1", "1Gi", replicas=2), declared("smol@2", "1Gi", replicas=3)
    assert room_of(tmp_path, before, after, other) == Room("blueGreen", 5, 5120, 5632)


@pytest.mark.parametrize(("before", "after", "other"), [("", "1Gi", "1Gi"), ("1Gi", "", "1Gi"), ("1Gi", "1Gi", "")])
def test_memory_that_nobody_declares_is_not_known(tmp_path: Path, before: str, after: str, other: str) -> None:
    beside = declared("tiny@1", other, name="other", model_name="other")
    room = room_of(tmp_path, declared("smol@1", before), declared("smol@2", after), beside)
    assert room is not None
    assert room.total_mib is None
    assert (room.memory_mib is None) == (not before or not after)


def test_a_change_of_the_prompt_replaces_no_server(tmp_path: Path) -> None:
    before = declared("smol@1", "1Gi")
    assert room_of(tmp_path, before, replace(before, prompt="support@2")) is None
