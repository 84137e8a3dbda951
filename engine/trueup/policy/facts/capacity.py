"""What all deployments of an environment may take at their most servers, and what it has and allows."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.core.quantities import mebibytes, millis
from trueup.desired.state import DesiredDeployment
from trueup.diff.masks import masked_text
from trueup.policy.facts.lineage import spec_of

HOURS_A_MONTH = 730
"""365 days by 24 hours by a twelfth of a year."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one deployment may take.

    Attributes:
        replicas: Most servers.
        accelerators: Accelerators of all of them.
        sku: Their product as declared; empty when none is named.
        cpu_millis: Thousandths of cores of all of them.
        memory_mib: Main memory of all of them.
        storage_mib: Scratch disk of all of them.
        is_bounded: The number of servers has an upper end that trueup knows.
    """

    replicas: int = 0
    accelerators: int = 0
    sku: str = ""
    cpu_millis: int = 0
    memory_mib: int = 0
    storage_mib: int = 0
    is_bounded: bool = True

    def plus(self, other: "Demand") -> "Demand":
        """Return both together; the product stays this one's."""
        return replace(
            self,
            replicas=self.replicas + other.replicas,
            accelerators=self.accelerators + other.accelerators,
            cpu_millis=self.cpu_millis + other.cpu_millis,
            memory_mib=self.memory_mib + other.memory_mib,
            storage_mib=self.storage_mib + other.storage_mib,
        )


def demand_of(document: Json) -> Demand:
    """Return what the deployment that *document* declares may take."""
    spec = spec_of(document)
    resources, scaling = mapping_of(spec.get("resources")), mapping_of(spec.get("scaling"))
    most = _whole(scaling.get("maxReplicas") if scaling else spec.get("replicas", 1))
    elsewhere = spec.get("fieldsManagedElsewhere")
    return Demand(
        replicas=most,
        accelerators=_whole(resources.get("count")) * most,
        sku=masked_text(str(resources.get("accelerator") or "")),
        cpu_millis=(millis(resources.get("cpu")) or 0) * most,
        memory_mib=(mebibytes(resources.get("memory")) or 0) * most,
        storage_mib=(mebibytes(resources.get("storage")) or 0) * most,
        is_bounded=not any(_means_replicas(field) for field in (elsewhere if isinstance(elsewhere, list) else ())),
    )


def demands(deployments: Iterable[DesiredDeployment], documents: Mapping[str, Json]) -> dict[str, Demand]:
    """Return what each of *deployments* may take, by address; *documents* are those that were read already."""
    found: dict[str, Demand] = {}
    for deployment in deployments:
        address = str(deployment.id)
        if address in documents:
            found[address] = demand_of(documents[address])
            continue
        for resource in deployment.resources:
            if resource.id == deployment.id:
                found[address] = _demand(resource.canonical)
    return found


# The gate of an apply asks for the whole environment once for each deployment.
@lru_cache(maxsize=16384)
def _demand(canonical: bytes) -> Demand:
    return demand_of(json.loads(canonical))


def capacity_facts(demanded: Mapping[str, Demand], settings: Json) -> Json:
    """Return demand, quota and accelerators of the environment with *settings*."""
    total = Demand()
    by_sku: dict[str, int] = {}
    for demand in demanded.values():
        total = total.plus(demand)
        if demand.accelerators:
            by_sku[demand.sku] = by_sku.get(demand.sku, 0) + demand.accelerators
    declared = mapping_of(settings)
    quota = mapping_of(declared.get("quota"))
    available: dict[str, int] = {}
    for pool in pools(settings):
        available[str(pool.get("sku"))] = available.get(str(pool.get("sku")), 0) + _whole(pool.get("count"))
    return {
        "demand": {
            "accelerators": total.accelerators,
            "replicas": total.replicas,
            "cpuMillis": total.cpu_millis,
            "memoryMiB": total.memory_mib,
            "storageMiB": total.storage_mib,
        },
        "quota": {
            "accelerators": quota.get("accelerators"),
            "replicas": quota.get("replicas"),
            "cpuMillis": millis(quota.get("cpu")),
            "memoryMiB": mebibytes(quota.get("memory")),
            "storageMiB": mebibytes(quota.get("storage")),
        },
        "unbounded": [address for address, demand in demanded.items() if not demand.is_bounded],
        "bySku": {
            sku: {"demand": by_sku.get(sku, 0), "available": available.get(sku, 0)}
            for sku in sorted(by_sku.keys() | available.keys())
        },
    }


def pools(settings: Json) -> list[Mapping[str, Json]]:
    """Return the accelerators of an environment with *settings*."""
    declared = mapping_of(settings).get("accelerators")
    return [p for p in declared if isinstance(p, Mapping)] if isinstance(declared, list | tuple) else []


def _means_replicas(field: Json) -> bool:
    return str(field).removeprefix("spec.").split(".")[0] in ("replicas", "scaling")


def _whole(value: Json) -> int:
    return value if isinstance(value, int) else 0
