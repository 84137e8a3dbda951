"""Rotary positions as two configurations state them: what the source says must be what the result says."""

from collections.abc import Iterator, Mapping

from trueup.builds.network import rotary_settings
from trueup.core.json import Json

_BASE, _KIND, _DEFAULT = "rope_theta", "rope_type", "default"
_PLAIN_BASE = 10000.0
_SPELLINGS = {"type": _KIND, "rope_local_base_freq": _BASE, "rotary_emb_base": _BASE}
"""Older names of the same settings."""

_PLACES = ("rope_parameters", "rope_scaling")


def lost_settings(source: Mapping[str, Json], result: Mapping[str, Json]) -> tuple[str, ...]:
    """Return what *source* says of rotary positions and *result* does not, in words.

    A base that the result has besides is told as well, and a result that says two things: then one part of it says
    this and another that.
    """
    both = rotary_settings(result)
    if isinstance(both, str):
        return (both,)
    before, after = _settings(source), _settings(result)
    bases = {v for k, v in before if k == _BASE} or {_PLAIN_BASE}
    others = {v for k, v in after if k == _BASE} - bases
    lost = {(k, v) for k, v in before - after if (k, v) not in {(_KIND, _DEFAULT), (_BASE, _PLAIN_BASE)}}
    return tuple(sorted([f"{k} {v} is lost" for k, v in lost] + [f"{_BASE} {v} is new" for v in others]))


def is_read_by(config: Mapping[str, Json], transformers: str) -> bool:
    """Tell whether that version of transformers sees the settings: `rope_parameters` is of version 5."""
    if not isinstance(config.get("rope_parameters"), Mapping) or not transformers.startswith(("3.", "4.")):
        return True
    older = {k: v for k, v in config.items() if k != "rope_parameters"}
    return not lost_settings({"rope_parameters": config["rope_parameters"]}, older)


def _settings(config: Mapping[str, Json]) -> set[tuple[str, Json]]:
    named: dict[str, Json] = {k: v for k, v in config.items() if _SPELLINGS.get(k, k) == _BASE and k != "type"}
    found = set(_leaves(named))
    for place in _PLACES:
        value = config.get(place)
        if isinstance(value, Mapping):
            found |= set(_leaves(value))
    return found


def _leaves(settings: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield name and value of each setting, those by kind of layer, too."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif value is not None:
            spelled = tuple(value) if isinstance(value, list) else value
            number = isinstance(spelled, int | float) and not isinstance(spelled, bool)
            yield _SPELLINGS.get(name, name), float(spelled) if number else spelled  # type: ignore[arg-type]  # a number
