"""The report as a file: what it says, and that nothing in it acts but our one script."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from asr_netmap.models import NotLookedAt, ReplicatedItem
from asr_netmap.planning.finding_codes import FINDING_KINDS
from asr_netmap.planning.picture.picture import Picture, picture_of
from asr_netmap.planning.verification import verify
from asr_netmap.report.html.findings import AT_ONCE, MOST_OF_ONE_CODE
from asr_netmap.report.html.page import MOST_PAIRS_AT_ONCE, Telling, report_html
from asr_netmap.report.html.reasons import Reasons
from asr_netmap.report.markdown import markdown
from asr_netmap.report.page import SANDBOX_BANNER
from asr_netmap.report.picture_pages import picture_page
from tests.browser.pages import SEEN, TELLING, demo_picture, large_picture
from tests.builders import (
    TARGET,
    inventory,
    ip_config,
    item,
    mapping,
    network,
    plan_of,
    reverse_mapping,
)
from tests.report.html_page import read, what_could_act

PLAIN = Telling("0.1.0")


@pytest.fixture(scope="module")
def demo() -> Picture:
    return demo_picture()


@pytest.fixture(scope="module")
def page(demo: Picture) -> str:
    return report_html([demo], TELLING)


def picture(*vms: ReplicatedItem, **more: Any) -> Picture:
    what = inventory(*vms, **more)
    return picture_of(what, verify(plan_of(what)), SEEN)


def test_nothing_in_it_acts_but_our_one_style_and_script(page: str) -> None:
    assert what_could_act(page) == []


@pytest.mark.parametrize(
    "planted",
    [
        "<script>alert(1)</script>",
        "<p onclick=x>",
        "<a href='https://evil.invalid/'>x</a>",
        "<img src=x>",
        "<style>p{}</style>",
        "<!-- x -->",
    ],
)
def test_what_acts_is_found(page: str, planted: str) -> None:
    assert what_could_act(page.replace("</main>", f"{planted}</main>")) != []


def test_ids_are_unique_and_every_link_into_the_page_leads_somewhere(page: str) -> None:
    seen = read(page)
    ids = Counter(seen.attribute("id"))
    assert [each for each, count in ids.items() if count > 1] == []
    assert {h[1:] for h in seen.attribute("href") if h.startswith("#")} <= set(ids)
    assert set(" ".join(seen.attribute("aria-labelledby")).split()) <= set(ids)


def test_a_sandbox_is_named_in_title_banner_picture_and_foot(page: str) -> None:
    assert re.search(r"<title>SANDBOX: ", page)
    assert page.count(f">{SANDBOX_BANNER}<") == 2
    assert '<body class="sandbox">' in page  # whose foot on paper says so on every sheet
    assert re.search(r'<text [^>]*class="sandbox">SANDBOX</text>', page)


def test_azure_s_own_data_has_no_banner(demo: Picture) -> None:
    told = report_html([demo], PLAIN)
    assert "<body>" in told
    assert "SANDBOX" not in "".join(read(told).text)


def test_a_recording_is_named_in_place_of_the_sandbox(demo: Picture) -> None:
    told = report_html([demo], replace(TELLING, cassette="CASSETTE: recorded in 2026"))
    assert "CASSETTE: recorded in 2026" in told
    assert SANDBOX_BANNER not in "".join(read(told).text)


def test_every_ip_config_has_its_row_with_today_failover_and_test(page: str) -> None:
    body = page[page.index('id="v1rows"') :]
    rows = re.findall(r"<tr.*?</tr>", body[: body.index("</table>")])[1:]
    assert len(rows) == 10
    (sql1,) = [row for row in rows if ">sql1<" in row]
    assert "10.2.1.10" in sql1
    assert "after the plan:" in sql1
    assert "10.20.1.10" in sql1
    assert sql1.count('class="why"') == 3
    (new1,) = [row for row in rows if ">new1<" in row]
    assert "not ready" in new1
    assert "InitialReplicationInProgress" in new1


@pytest.mark.parametrize(("one_way", "drawings"), [(2, 2), (0, 1), (MOST_PAIRS_AT_ONCE + 2, 1)])
def test_on_a_large_map_sound_pairs_fold_away_below_the_troubled_ones(
    one_way: int, drawings: int
) -> None:
    names = [f"vnet-{number:02}" for number in range(MOST_PAIRS_AT_ONCE + 2)]
    there = [mapping(name, f"{name}-asr") for name in names]
    back = [reverse_mapping(f"{name}-asr", name) for name in names[one_way:]]
    networks = [network(name) for name in names]
    networks += [network(f"{name}-asr", TARGET) for name in names]
    told = report_html([picture(networks=tuple(networks), mappings=(*there, *back))], PLAIN)
    assert told.count("<svg") == drawings
    assert (f"<summary>{len(back)} pairs mapped both ways</summary>" in told) == (drawings == 2)
    head = f"✕ {one_way} of {len(names)} pairs not mapped both ways"
    assert (head in told) == (one_way > 0)
    assert ("<b>vnet-01 ⇄ vnet-01-asr</b>: forward Paired, reverse missing" in told) == (
        one_way > 0
    )
    assert "vnet-01" in told[told.index("<svg") :]


def test_a_row_says_whether_its_vm_can_fail_over_now(page: str) -> None:
    rows = page[page.index('id="v1rows"') : page.index('class="reasons"')].split("<tr")
    (sql2,) = [row for row in rows if ">sql2<" in row]
    assert '<span class="chip good">ready</span>' in sql2
    (sql1,) = [row for row in rows if ">sql1<" in row]
    assert '<span class="chip bad">not ready</span>' in sql1
    tiles = page[page.index('class="tiles"') : page.index("<nav")]
    assert re.search(r"can fail over to the right place now</dt><dd[^>]*>1<small> of 8<", tiles)


def test_findings_stand_by_severity_with_their_fix(page: str) -> None:
    said = page[page.index('id="v1findings"') : page.index('id="v1addresses"')]
    assert (
        said.index("Errors (6)") < said.index("Warnings (12)") < said.index("For information (1)")
    )
    assert said.count("asr-netmap apply --config netmap.yaml") == 4
    assert "mapping-one-way" in said
    kind = FINDING_KINDS["mapping-one-way"]
    assert kind.meaning in said
    assert f'<a href="{kind.basis.url}" rel="noreferrer">{kind.basis}</a>' in said
    assert '<b>Run: </b><code class="copy">az network vnet subnet' not in said, (
        "first what it needs"
    )
    assert '<b>Run: </b><code class="copy">az network public-ip create ' in said


def test_what_the_plan_changes_is_told_before_and_after(page: str) -> None:
    said = page[page.index('id="v1plan"') : page.index('id="v1pending"')]
    assert "13 changes" in said
    assert "<ins>10.20.1.10</ins>" in said
    assert "<del>(not set)</del>" in said


def test_it_is_not_green_when_something_could_not_be_looked_at() -> None:
    gap = NotLookedAt("load balancers", "no permission", hint="Ask for it.")
    told = report_html([picture(not_looked_at=(gap,))], PLAIN)
    assert "No errors were found. Not everything could be looked at." in told
    assert "Ask for it." in told
    assert 'class="verdict good"' not in told


def test_a_vault_that_could_not_be_read_keeps_the_others_from_being_green() -> None:
    gap = NotLookedAt("vault two", "HTTP 503")
    told = report_html([picture()], replace(PLAIN, not_looked_at=(gap,)))
    assert "Not everything could be looked at" in told
    assert "vault two" in told


def test_all_is_well_only_where_it_is() -> None:
    assert 'class="verdict good"' in report_html([picture()], PLAIN)


def test_several_vaults_have_a_part_each_and_no_id_twice(demo: Picture) -> None:
    told = report_html([demo, picture(item("app1", ip_config()))], TELLING)
    seen = read(told)
    assert max(Counter(seen.attribute("id")).values()) == 1
    assert "2 vaults or pairs of regions" in told
    assert seen.count("svg") == 2
    assert what_could_act(told) == []


def test_without_items_it_says_so() -> None:
    assert "No replicated item goes between these regions." in report_html([picture()], PLAIN)


def test_many_findings_of_one_code_are_folded_and_the_rest_is_counted() -> None:
    found = large_picture(MOST_OF_ONE_CODE + 7)
    told = report_html([found], TELLING)
    said = told[told.index('id="v1findings"') : told.index('id="v1addresses"')]
    assert "7 more are not on this page" in said
    assert f"<summary>{MOST_OF_ONE_CODE - AT_ONCE} more</summary>" in said
    rows = told[told.index('id="v1rows"') : told.index('class="reasons"')]
    assert rows.count("nic-settings-missing") == 2 * (MOST_OF_ONE_CODE + 7)


def test_a_reason_is_told_once_whatever_the_addresses() -> None:
    reasons = Reasons("k")
    first, second = ip_config("10.1.1.1"), ip_config("10.1.1.10")
    for config in (first, second):
        today = config.source_address
        reasons.reference(f"{today} is free", "azure-to-azure-network-mapping", today, today)
    reasons.reference("10.1.1.10 has it, and 10.1.1.1 not", "", first.source_address, None)
    told = str(reasons.listing())
    assert told.count("<li") == 2
    assert "The address it has today is free." in told
    assert "10.1.1.10 has it, and the address it has today not." in told


def test_markdown_says_the_same_in_tables(demo: Picture) -> None:
    told = markdown(picture_page(demo, sandbox=True))
    assert "| vnet-data | vnet-data-dr | Paired | MISSING; the plan creates it |" in told
    assert re.search(
        r"\| sql1 \| sql1-nic \| ipconfig1 \| sql 10.2.1.10 static \|.*10.20.1.10", told
    )
    assert "web 10.1.1.0/24 (3/251)" in told
    assert "mapping-one-way" in told
