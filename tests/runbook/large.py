"""A vault with as many replicated items as wanted."""

from __future__ import annotations

import json
from typing import Any

from asr_netmap.sandbox import Estate
from tests.demo_parts import part


def vault_with(items: int) -> Estate:
    """Copies of one VM of the demo estate, none of which has any settings."""
    text = part("web2", networks=["vnet-web", "vnet-web-asr"]).to_text()
    document = json.loads(text.replace("10.3.1.0/24", "10.3.0.0/20"))  # room for all
    own = [each for each in document["resources"] if "web2" in json.dumps(each)]
    for number in range(items - 1):
        document["resources"] += [_copy(each, f"web{number + 1000}") for each in own]
    return Estate.from_document(document)


def _copy(resource: dict[str, Any], name: str) -> Any:
    return json.loads(json.dumps(resource).replace("web2", name))
