"""Where models and adapters are in their lives, by their owners' word and by their providers'."""

from collections.abc import Mapping
from datetime import date

from trueup.core.json import Json, mapping_of
from trueup.policy.facts.lineage import spec_of

_KINDS = ("Model", "Adapter")


def lifecycles(documents: Mapping[str, Json], today: date) -> dict[str, Json]:
    """Return phase and days since and until announced ends of each Model and Adapter, by address."""
    return {
        address: _lifecycle(spec_of(document), today)
        for address, document in sorted(documents.items())
        if address.partition("/")[0] in _KINDS
    }


def _lifecycle(spec: Mapping[str, Json], today: date) -> Json:
    own, providers = (mapping_of(spec.get(key)) for key in ("lifecycle", "providerLifecycle"))
    deprecated = _day(providers.get("deprecatedAt"))
    ends = [day for part in (own, providers) if (day := _day(part.get("retiresAt"))) is not None]
    return {
        "phase": own.get("phase", "active"),
        "deprecatedForDays": None if deprecated is None else (today - deprecated).days,
        "retiresInDays": (min(ends) - today).days if ends else None,
        "retiresAt": min(ends).isoformat() if ends else None,
        "replacement": own.get("replacement") or providers.get("replacement"),
    }


def _day(value: Json) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None
