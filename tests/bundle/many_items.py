"""The demo estate with many more replicated VMs, each with two NICs, in a network of their own.

That network has its copy in the target region, and no mapping.
"""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Address
from typing import Any

from asr_netmap.sandbox import Estate, demo_estate

_MODEL, _NETWORK, _MANY = "app3", "vnet-app", "vnet-many"
_ADDRESS = re.compile(r'"10\.1\.([12])\.20"')
_FIRST = {"1": IPv4Address("10.96.0.10"), "2": IPv4Address("10.97.0.10")}
_PREFIXES = {
    "10.1.0.0/16": "10.96.0.0/12",
    "10.1.1.0/24": "10.96.0.0/16",
    "10.1.2.0/24": "10.97.0.0/16",
}


def many_items(number: int) -> Estate:
    """The demo estate and so many items more."""
    document = demo_estate().to_document()
    resources: list[dict[str, Any]] = document["resources"]
    network = next(json.dumps(each) for each in resources if each["name"] == _NETWORK)
    for old, new in _PREFIXES.items():
        network = network.replace(f'"{old}"', f'"{new}"')
    model = [
        json.dumps(each) for each in resources if re.fullmatch(rf"{_MODEL}(-nic2?)?", each["name"])
    ]
    target = network.replace(_NETWORK, f"{_MANY}-asr").replace('"eastasia"', '"southeastasia"')
    texts = [network, target, *(_copy(text, place) for place in range(number) for text in model)]
    copies = [json.loads(text.replace(_NETWORK, _MANY)) for text in texts]
    return Estate.from_document({**document, "resources": [*resources, *copies]})


def _copy(text: str, place: int) -> str:
    named = text.replace(_MODEL, f"many{place:04}")
    return _ADDRESS.sub(lambda found: f'"{_FIRST[found[1]] + place}"', named)
