"""Room for a rollout within the environment's quota of memory."""

import pytest

from trueup.core.json import Json
from trueup.policy.room import RULE, without_room


def document(quota: Json, total: Json) -> dict[str, Json]:
    room: Json = {"strategy": "canary", "servers": 2, "memoryMiB": total, "totalMiB": total}
    operations: list[Json] = [
        {"kind": "update", "address": "Deployment/prod/a", "room": room},
        {"kind": "update", "address": "Deployment/prod/b"},
    ]
    settings: Json = {"quota": quota}
    return {"environment": {"name": "prod", "settings": settings}, "change": {"operations": operations}}


def test_a_rollout_that_does_not_fit_is_denied_with_both_numbers() -> None:
    (violation,) = without_room(document({"memory": "2Gi"}, 3072))
    assert (violation.rule, violation.address) == (RULE, "Deployment/prod/a")
    assert "3,072 MiB of memory at the peak; the quota is 2,048" in violation.message
    assert violation.denies


@pytest.mark.parametrize(
    ("quota", "total"), [({"memory": "2Gi"}, 2048), ({"memory": "2Gi"}, None), ({"replicas": 4}, 9999), (None, 9999)]
)
def test_what_fits_or_is_not_known_is_not_denied_for_it(quota: Json, total: Json) -> None:
    assert not [*without_room(document(quota, total))]


def test_a_plan_without_operations_needs_no_room() -> None:
    assert not [*without_room({})]
