"""Rotary positions: their base and how they are stretched for longer contexts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from trueup.adapters.builders import codes
from trueup.adapters.builders.gguf.documents import positive_number
from trueup.builds.network import rotary_settings
from trueup.core.errors import PermanentError
from trueup.core.json import Json


@dataclass(frozen=True, slots=True)
class Rotary:
    """Settings of rotary positions, under their names in `config.json`.

    Attributes:
        kind: `default`, `linear` or `llama3`.
        base: `rope_theta`.
        factor: By how much positions are stretched; 1 for not at all.
        low: `low_freq_factor` of `llama3`.
        high: `high_freq_factor` of `llama3`.
        original: Context before stretching, in tokens, of `llama3`.
    """

    kind: str = "default"
    base: float = 10000.0
    factor: float = 1.0
    low: float = 1.0
    high: float = 4.0
    original: float = 8192.0

    def slowing(self, head_size: int) -> tuple[float, ...]:
        """Return by how much each pair of a head turns slower than without scaling.

        `llama3` leaves fast pairs alone, slows the slow ones by the whole factor, and blends between.
        """
        if self.kind != "llama3":
            return (self.factor,) * (head_size // 2)
        return tuple(self._slowed(self.base ** (-2 * i / head_size)) for i in range(head_size // 2))

    def _slowed(self, frequency: float) -> float:
        turns = self.original * frequency / (2 * math.pi)
        if turns > self.high:
            return 1.0
        if turns < self.low:
            return self.factor
        blend = (turns - self.low) / (self.high - self.low)
        return 1 / ((1 - blend) / self.factor + blend)


def read_rotary(config: Mapping[str, Json]) -> Rotary:
    """Read the rotary settings of a config.json.

    Raises:
        PermanentError: One is no positive number, or two places say different things (ART203).
    """
    rope, plain = rope_of(config), Rotary()
    base = positive_number(config, "rope_theta", plain.base)
    return Rotary(
        kind=str(rope.get("rope_type", rope.get("type", "default"))),
        base=positive_number(rope, "rope_theta", base),
        factor=positive_number(rope, "factor", plain.factor),
        low=positive_number(rope, "low_freq_factor", plain.low),
        high=positive_number(rope, "high_freq_factor", plain.high),
        original=positive_number(rope, "original_max_position_embeddings", plain.original),
    )


def rope_of(config: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the rotary settings, under the new name or the old one.

    Raises:
        PermanentError: They stand under both and are not the same (ART203).
    """
    found = rotary_settings(config)
    if isinstance(found, str):
        raise PermanentError(codes.BAD_FILE, f"config.json: {found}.")
    return found
