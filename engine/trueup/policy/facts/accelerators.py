"""Accelerator products under the names people give them: node labels, Dynamo's, marketing's.

Source: `nvidia.com/gpu.product` as GPU Feature Discovery writes it (the product name with dashes for spaces), and
NVIDIA's table of compute capabilities.
"""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Product:
    """One product: the label of its nodes, and its compute capability."""

    label: str
    capability: str


_TABLE: dict[str, str] = {
    "NVIDIA-A10": "8.6 a10",
    "NVIDIA-A10G": "8.6 a10g",
    "NVIDIA-A30": "8.0 a30",
    "NVIDIA-A40": "8.6 a40",
    "NVIDIA-A100-SXM4-40GB": "8.0 a100-sxm4-40gb a100-40gb-sxm a100-40gb",
    "NVIDIA-A100-PCIE-40GB": "8.0 a100-pcie-40gb a100-40gb-pcie",
    "NVIDIA-A100-SXM4-80GB": "8.0 a100-sxm4-80gb a100-80gb-sxm a100-80gb a100-sxm",
    "NVIDIA-A100-80GB-PCIe": "8.0 a100-80gb-pcie a100-pcie",
    "NVIDIA-L4": "8.9 l4",
    "NVIDIA-L20": "8.9 l20",
    "NVIDIA-L40": "8.9 l40",
    "NVIDIA-L40S": "8.9 l40s",
    "NVIDIA-RTX-6000-Ada-Generation": "8.9 rtx-6000-ada rtx-6000-ada-generation",
    "NVIDIA-GeForce-RTX-4090": "8.9 rtx-4090 geforce-rtx-4090",
    "NVIDIA-H100-80GB-HBM3": "9.0 h100-sxm h100 h100-80gb-hbm3",
    "NVIDIA-H100-PCIe": "9.0 h100-pcie",
    "NVIDIA-H100-NVL": "9.0 h100-nvl",
    "NVIDIA-H20": "9.0 h20",
    "NVIDIA-H200": "9.0 h200-sxm h200",
    "NVIDIA-H200-NVL": "9.0 h200-nvl",
    "NVIDIA-GH200-480GB": "9.0 gh200-96gb gh200-480gb",
    "NVIDIA-GH200-144G-HBM3e": "9.0 gh200-144gb",
    "NVIDIA-B200": "10.0 b200 b200-sxm",
    "NVIDIA-GB200": "10.0 gb200",
    "NVIDIA-B300-SXM6-AC": "10.3 b300 b300-sxm",
    "NVIDIA-GB300": "10.3 gb300",
    "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition": "12.0 rtx-pro-6000-blackwell-server rtx-pro-6000-server",
    "NVIDIA-RTX-PRO-6000-Blackwell-Workstation-Edition": "12.0 rtx-pro-6000-blackwell-workstation",
    "NVIDIA-GeForce-RTX-5090": "12.0 rtx-5090 geforce-rtx-5090",
    "NVIDIA-GB10": "12.1 gb10 dgx-spark",
}
"""Label of the nodes, then compute capability and other names, in the form of `_plain`."""

_SEPARATORS = re.compile(r"[\s_/-]+")


def _plain(name: str) -> str:
    return _SEPARATORS.sub("-", name.strip().lower()).removeprefix("nvidia-")


_PRODUCTS: dict[str, Product] = {
    name: Product(label, words.split()[0])
    for label, words in _TABLE.items()
    for name in (_plain(label), *words.split()[1:])
}


@lru_cache(maxsize=512)
def product_of(name: str) -> Product:
    """Return the product that *name* means; one that is not in the table is itself, of unknown (empty) capability."""
    plain = _plain(name)
    return _PRODUCTS.get(plain) or Product(plain, "")
