"""Private DNS zones: the links to networks, which only a list for each zone tells."""

from __future__ import annotations

from asr_netmap.sandbox import ids
from asr_netmap.sandbox.call import Answer, Call, paged
from asr_netmap.sandbox.errors import resource_not_found
from asr_netmap.sandbox.estate import Json
from asr_netmap.sandbox.resources import find
from asr_netmap.sandbox.routing import Route

ZONE_TYPE = "Microsoft.Network/privateDnsZones"
LINK_TYPE = f"{ZONE_TYPE}/virtualNetworkLinks"
_ROOT = (
    "/subscriptions/{subscription}/resourcegroups/{group}/providers"
    "/microsoft.network/privatednszones/{name}/virtualnetworklinks"
)


def _list(call: Call) -> Answer:
    # ARM: the list has a nextLink only where there is more (Microsoft Learn, REST, Virtual Network
    # Links - List, 2020-06-01).
    rows = call.estate.under(find(call, ZONE_TYPE)["id"], LINK_TYPE)
    page, link = paged(call, rows, lambda row: ids.key(row["id"]))
    body: Json = {"value": list(page)}
    if link:
        body["nextLink"] = link
    return Answer(body=body)


def _get(call: Call) -> Answer:
    zone = find(call, ZONE_TYPE)
    found = call.estate.get(f"{zone['id']}/virtualNetworkLinks/{call.params['link']}")
    if found is None:
        names = (call.params["name"], call.params["link"])
        raise resource_not_found(LINK_TYPE, names, call.params["group"])
    return Answer(body=found)


ROUTES = (
    Route("GET", _ROOT, _list),
    Route("GET", _ROOT + "/{link}", _get),
)
