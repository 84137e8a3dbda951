"""Accelerator products: the names people give them, compute capability, memory, and what is known of their support.

Sources: `nvidia.com/gpu.product` as GPU Feature Discovery writes it (the product name with dashes for spaces);
NVIDIA's table of compute capabilities; TensorRT-LLM's list of supported hardware (November 2026). Memory is what
`nvidia-smi` shows, from public output and not from nodes of ours: on a node, the label `nvidia.com/gpu.memory` decides.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from trueup.core.frozen import dataclass


class Generation(StrEnum):
    """Products that share what their arithmetic can do."""

    AMPERE = "Ampere"
    ADA = "Ada"
    HOPPER = "Hopper"
    BLACKWELL = "Blackwell"
    BLACKWELL_RTX = "Blackwell RTX"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Product:
    """One product.

    Attributes:
        label: Label of its nodes.
        capability: Compute capability, `9.0`; empty when it is not in the table.
        name: What people call it: `H100 SXM`.
        memory_mib: Memory that programs see, in MiB; 0 when it is not in the table.
        is_listed: TensorRT-LLM names it among supported hardware.
        is_confirmed: Label and memory are known from public output; the others are guesses after their kin.
        note: What else has to be known.
    """

    label: str
    capability: str
    name: str = ""
    memory_mib: int = 0
    is_listed: bool = False
    is_confirmed: bool = False
    note: str = ""

    @property
    def sm(self) -> int:
        """The capability as builders spell it: 90 of `9.0`; 0 when it is not known."""
        return int(self.capability.replace(".", "")) if self.capability else 0

    @property
    def generation(self) -> Generation:
        """Whose arithmetic it has."""
        return _GENERATIONS.get(self.sm, Generation.UNKNOWN)


_GENERATIONS = {
    80: Generation.AMPERE,
    86: Generation.AMPERE,
    89: Generation.ADA,
    90: Generation.HOPPER,
    100: Generation.BLACKWELL,
    103: Generation.BLACKWELL,
    120: Generation.BLACKWELL_RTX,
    121: Generation.BLACKWELL_RTX,
}

_AARCH64 = "aarch64 host: engines of x86 do not load there"
_GUESSED = "label and memory are not confirmed"

# Label, capability, name, MiB, whether listed, other names in the form of `_plain`, note.
_TABLE: tuple[tuple[str, str, str, int, bool, str, str], ...] = (
    ("NVIDIA-A10", "8.6", "A10", 23028, False, "a10", ""),
    ("NVIDIA-A10G", "8.6", "A10G", 23028, False, "a10g aws-g5", ""),
    ("NVIDIA-A30", "8.0", "A30", 24576, False, "a30", ""),
    ("NVIDIA-A40", "8.6", "A40", 46068, False, "a40", ""),
    ("NVIDIA-A100-SXM4-40GB", "8.0", "A100 SXM 40GB", 40960, True, "a100-40gb-sxm a100-40gb", ""),
    ("NVIDIA-A100-PCIE-40GB", "8.0", "A100 PCIe 40GB", 40960, True, "a100-40gb-pcie", ""),
    (
        "NVIDIA-A100-SXM4-80GB",
        "8.0",
        "A100 SXM 80GB",
        81920,
        True,
        "a100-80gb-sxm a100-80gb a100-sxm",
        "",
    ),
    ("NVIDIA-A100-80GB-PCIe", "8.0", "A100 PCIe 80GB", 81920, True, "a100-pcie", ""),
    ("NVIDIA-L4", "8.9", "L4", 23034, False, "l4", ""),
    ("NVIDIA-L20", "8.9", "L20", 46068, True, "l20", ""),
    ("NVIDIA-L40", "8.9", "L40", 46068, True, "l40", ""),
    ("NVIDIA-L40S", "8.9", "L40S", 46068, True, "l40s", ""),
    ("NVIDIA-RTX-6000-Ada-Generation", "8.9", "RTX 6000 Ada", 49140, False, "rtx-6000-ada", "46068 MiB with ECC on"),
    ("NVIDIA-GeForce-RTX-4090", "8.9", "RTX 4090", 24564, False, "rtx-4090", ""),
    ("NVIDIA-H100-80GB-HBM3", "9.0", "H100 SXM", 81559, True, "h100-sxm h100", ""),
    ("NVIDIA-H100-PCIe", "9.0", "H100 PCIe", 81559, True, "h100-pcie", ""),
    ("NVIDIA-H100-NVL", "9.0", "H100 NVL", 95830, True, "h100-nvl", ""),
    ("NVIDIA-H20", "9.0", "H20", 97871, False, "h20", ""),
    ("NVIDIA-H200", "9.0", "H200 SXM", 143771, True, "h200-sxm h200", ""),
    ("NVIDIA-H200-NVL", "9.0", "H200 NVL", 143771, True, "h200-nvl", ""),
    ("NVIDIA-GH200-480GB", "9.0", "GH200 96GB", 97871, True, "gh200-96gb", _AARCH64),
    ("NVIDIA-GH200-144G-HBM3e", "9.0", "GH200 144GB", 147456, True, "gh200-144gb", _AARCH64),
    ("NVIDIA-B200", "10.0", "B200", 183359, True, "b200 b200-sxm", "sold as 180 or 192 GB"),
    ("NVIDIA-GB200", "10.0", "GB200", 189471, True, "gb200", _AARCH64),
    ("NVIDIA-B300-SXM6-AC", "10.3", "B300", 275040, True, "b300 b300-sxm", _GUESSED),
    ("NVIDIA-GB300", "10.3", "GB300", 284208, True, "gb300", f"{_GUESSED}; {_AARCH64}"),
    (
        "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
        "12.0",
        "RTX PRO 6000 Server",
        97887,
        False,
        "rtx-pro-6000-blackwell-server rtx-pro-6000-server",
        "",
    ),
    (
        "NVIDIA-RTX-PRO-6000-Blackwell-Workstation-Edition",
        "12.0",
        "RTX PRO 6000 Workstation",
        97887,
        False,
        "rtx-pro-6000-blackwell-workstation rtx-pro-6000-blackwell-max-q-workstation-edition",
        "",
    ),
    ("NVIDIA-GeForce-RTX-5090", "12.0", "RTX 5090", 32607, False, "rtx-5090", ""),
    ("NVIDIA-GB10", "12.1", "GB10", 122880, True, "gb10 dgx-spark", f"memory is shared with the host; {_AARCH64}"),
)

_SEPARATORS = re.compile(r"[\s_/-]+")


def _plain(name: str) -> str:
    return _SEPARATORS.sub("-", name.strip().lower()).removeprefix("nvidia-")


def _products() -> Iterator[tuple[Product, str]]:
    for label, capability, name, memory_mib, is_listed, others, note in _TABLE:
        is_confirmed = _GUESSED not in note
        yield Product(label, capability, name, memory_mib, is_listed, is_confirmed, note), others


_BY_NAME: dict[str, Product] = {
    name: product
    for product, others in _products()
    for name in (_plain(product.label), _plain(product.label).removeprefix("geforce-"), *others.split())
}

PRODUCTS: tuple[Product, ...] = tuple(dict.fromkeys(_BY_NAME.values()))
"""Every product of the table, older generations first."""


@lru_cache(maxsize=512)
def product_of(name: str) -> Product:
    """Return the product that *name* means; one that is not in the table is itself, of unknown (empty) capability."""
    plain = _plain(name)
    return _BY_NAME.get(plain) or Product(plain, "")


def products_like(name: str) -> tuple[Product, ...]:
    """Return the products that *name* may mean: the one of that name, else every one whose name begins with it."""
    plain = _plain(name)
    if plain in _BY_NAME:
        return (_BY_NAME[plain],)
    return tuple(dict.fromkeys(p for known, p in _BY_NAME.items() if known.startswith(f"{plain}-")))


def names_of_products() -> tuple[str, ...]:
    """Return every spelling that is known, for spelling help."""
    return tuple(_BY_NAME)
