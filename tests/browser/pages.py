"""The pages that browsers are shown: the demo estate's, and one of thousands of replicated VMs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone

from asr_netmap import api
from asr_netmap.models import Inventory
from asr_netmap.planning.picture.picture import Picture, picture_of
from asr_netmap.planning.planner import plan
from asr_netmap.planning.verification import verify_estate
from asr_netmap.report.html.page import Telling, report_html
from asr_netmap.sandbox.demo_estate import SOURCE, SUBSCRIPTION, TARGET, VAULT_GROUP, VAULT_NAME
from asr_netmap.surroundings import Surroundings
from tests.builders import scope, settings
from tests.planning.bench_planning import lists, models

SEEN = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
TELLING = Telling("0.1.0", "--config netmap.yaml", sandbox=True)


def demo_picture() -> Picture:
    """The demo estate, as `report` sees it."""
    declared = api.settings_for_vault(f"{SUBSCRIPTION}/{VAULT_GROUP}/{VAULT_NAME}", SOURCE, TARGET)
    with api.open_sandbox("demo", workers=2) as azure:
        return replace(api.picture(azure, declared), seen=SEEN)


def large_inventory(count: int) -> Inventory:
    """So many replicated VMs with two NICs each; the mappings of one network go one way only."""
    made = models({name: json.loads(text) for name, text in lists(count).items()})
    return replace(made, mappings=made.mappings[:-1])


def large_picture(count: int) -> Picture:
    """What the report says of `large_inventory`."""
    inventory = large_inventory(count)
    around = Surroundings(subscriptions=(SUBSCRIPTION,))
    found = verify_estate(plan(inventory, settings(), scope()), inventory, around, SEEN)
    return picture_of(inventory, found, SEEN)


def demo_page() -> str:
    """The demo estate's report."""
    return report_html([demo_picture()], TELLING)


def large_page(count: int) -> str:
    """The report of thousands."""
    return report_html([large_picture(count)], TELLING)
