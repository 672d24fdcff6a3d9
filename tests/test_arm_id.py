"""ARM ids: what is one, what is none, and that letter case never matters."""

from __future__ import annotations

import copy
import pickle
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from asr_netmap.arm_id import ArmId, check_name
from asr_netmap.errors import InvalidArmId

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-app"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-app"

# Built from characters, which is several times faster than from a regular expression.
_ENDS = st.sampled_from(string.ascii_letters + string.digits + "_")
_MIDDLE = st.text(string.ascii_letters + string.digits + "_.() -", max_size=20)
NAMES = st.tuples(_ENDS, _MIDDLE, _ENDS).map("".join)
IDS = st.lists(st.tuples(NAMES, NAMES), max_size=5).map(
    lambda pairs: "/subscriptions/s" + "".join(f"/{kind}/{name}" for kind, name in pairs)
)


@given(IDS)
def test_an_id_prints_as_it_came_and_reads_back_equal(text: str) -> None:
    assert str(ArmId(text)) == text
    assert ArmId(str(ArmId(text))) == ArmId(text)
    assert "/" + "/".join(ArmId(text)) == text


@given(IDS)
def test_letter_case_changes_neither_equality_nor_hash_nor_order(text: str) -> None:
    upper, lower = ArmId(text.upper()), ArmId(text.lower())
    assert upper == lower
    assert hash(upper) == hash(lower)
    assert len({upper, lower}) == 1
    assert not upper < lower
    assert not lower < upper
    assert upper.key == lower.key


@given(st.lists(IDS, max_size=6))
def test_ids_sort_alike_in_any_spelling(texts: list[str]) -> None:
    assert sorted(map(ArmId, texts)) == sorted(ArmId(t.upper()) for t in texts)


@given(st.text(max_size=60).filter(lambda text: not text.lower().startswith("/subscriptions/")))
def test_a_text_that_is_no_id_is_refused_as_one(text: str) -> None:
    with pytest.raises(InvalidArmId) as caught:
        ArmId(text)
    assert caught.value.hint


@given(IDS, st.integers(min_value=0), st.sampled_from(["..", ".", "", " ", "a b ", "x" * 261]))
def test_a_segment_that_is_no_name_spoils_the_id(text: str, place: int, bad: str) -> None:
    segments = text.split("/")
    segments[2 + place % (len(segments) - 2)] = bad
    with pytest.raises(InvalidArmId):
        ArmId("/".join(segments))


@given(IDS, st.integers(min_value=0), st.sampled_from(list('\\?#%<>&:*"|\x00\n\r\t\x1f\x7f\x85')))
def test_a_character_that_would_change_the_url_spoils_the_id(
    text: str, place: int, bad: str
) -> None:
    at = len("/subscriptions/") + place % (len(text) - len("/subscriptions/") + 1)
    with pytest.raises(InvalidArmId):
        ArmId(text[:at] + bad + text[at:])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "vnet-app",
        "/subscriptions/",
        "/subscriptions",
        "subscriptions/s",
        "//subscriptions/s",
        " /subscriptions/s",
        "/subscriptions/s\n",
        "/subscriptions/s/",
        "/subscriptions/s/resourceGroups",
        "/subscriptions/s/resourceGroups/..",
        "/subscriptions/s/resourceGroups/%2e%2e",
        "/subscriptions/s/resourceGroups/g?api-version=1",
        "https://management.azure.com/subscriptions/s",
        "/subscriptions/s" + "/a/b" * 2000,
    ],
)
def test_what_people_paste_by_mistake_is_no_id(text: str) -> None:
    with pytest.raises(InvalidArmId):
        ArmId(text)


_ODD = st.text(st.sampled_from("aZ0-_.() é:%/"), max_size=8) | st.sampled_from(
    ["x" * 260, "x" * 261]
)


@given(st.lists(_ODD, max_size=6))
def test_one_look_at_a_plain_id_lets_nothing_through_that_its_parts_would_not(
    parts: list[str],
) -> None:
    """Most ids are taken as a whole; that is right only if each of their parts is a name."""
    text = "/".join(["/Subscriptions", *parts])
    try:
        segments = list(ArmId(text))
    except InvalidArmId:
        return
    assert "/" + "/".join(segments) == text
    assert len(segments) % 2 == 0
    assert [check_name(segment) for segment in segments] == segments


@given(IDS.filter(lambda text: text.count("/") > 2))
def test_what_is_above_an_id_is_as_if_it_had_been_read(text: str) -> None:
    above = ArmId(text).parent
    read = ArmId(text.rsplit("/", 2)[0])
    assert (above.text, above.key, hash(above)) == (read.text, read.key, hash(read))


@pytest.mark.parametrize("text", ["/subscriptions/s", "/subscriptions/s/providers/ns"])
def test_what_is_in_no_resource_group_has_no_id_of_one(text: str) -> None:
    with pytest.raises(InvalidArmId):
        _ = ArmId(text).group_id


def test_the_parts_of_an_id_are_found_in_any_case() -> None:
    network = ArmId(NETWORK)
    assert network.name == "vnet-app"
    assert network.group == "rg-app"
    assert network.subscription == SUBSCRIPTION
    assert network.kind == "microsoft.network/virtualnetworks"
    assert network.named("VIRTUALNETWORKS") == "vnet-app"
    assert network.named("subnets") is None
    assert network.group_id == ArmId(GROUP)
    assert ArmId(GROUP).kind == "resourcegroups"


def test_a_child_has_its_parent_and_a_kind_of_both() -> None:
    network = ArmId(NETWORK)
    subnet = network.child("subnets", "web")
    assert str(subnet) == f"{NETWORK}/subnets/web"
    assert subnet.parent == network
    assert subnet.kind == "microsoft.network/virtualnetworks/subnets"
    assert subnet.is_under(network)
    assert subnet.is_under(ArmId(GROUP.upper().replace("/SUBSCRIPTIONS", "/Subscriptions")))
    assert network.is_under(network)
    assert not network.is_under(subnet)


def test_a_longer_name_does_not_lie_under_a_shorter_one() -> None:
    assert not ArmId(NETWORK + "-asr").is_under(ArmId(NETWORK))


def test_the_kind_of_an_extension_resource_is_its_own() -> None:
    lock = ArmId(f"{NETWORK}/providers/Microsoft.Authorization/locks/keep")
    assert lock.kind == "microsoft.authorization/locks"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/providers", "resourcegroups"),
        (
            f"{GROUP}/providers/Microsoft.Network/virtualNetworks/providers",
            "microsoft.network/virtualnetworks",
        ),
    ],
)
def test_a_resource_may_be_named_providers(text: str, kind: str) -> None:
    assert ArmId(text).kind == kind


def test_a_resource_that_is_named_like_a_keyword_is_no_keyword() -> None:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/subnets"
    assert ArmId(f"{group}/providers/Microsoft.Network/virtualNetworks/v").named("subnets") is None


@pytest.mark.parametrize("character", ["\ud800", "\u2028", "\u2029"])
def test_a_character_that_no_file_can_hold_or_that_breaks_lines_is_refused(character: str) -> None:
    with pytest.raises(InvalidArmId):
        check_name(f"vnet{character}app")


def test_the_builders_give_the_ids_of_azure() -> None:
    assert str(ArmId.of_group(SUBSCRIPTION, "rg-app")) == GROUP
    assert str(ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app")) == NETWORK
    vault = ArmId.of_vault(SUBSCRIPTION, "rg-app", "v")
    assert str(vault) == f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/v"


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", " a", "a ", "a?b", "a\nb", "a%2fb"])
def test_the_builders_take_plain_names_only(name: str) -> None:
    """The SDKs let some of these through, and they climb to another resource's URL."""
    builds: list[Callable[[], ArmId]] = [
        lambda: ArmId.of_group(SUBSCRIPTION, name),
        lambda: ArmId.of_group(name, "rg-app"),
        lambda: ArmId.of_network(SUBSCRIPTION, "rg-app", name),
        lambda: ArmId(NETWORK).child("subnets", name),
    ]
    for build in builds:
        with pytest.raises(InvalidArmId):
            build()


def test_the_message_names_the_role_and_the_bad_character() -> None:
    with pytest.raises(InvalidArmId, match=r"vault name 'a/b' holds '/'"):
        check_name("a/b", "vault name")


def test_an_id_survives_copying_and_pickling_in_its_spelling() -> None:
    one = ArmId(NETWORK.replace("vnet-app", "VNet-App"))
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert other == one
        assert str(other) == str(one)


def test_an_id_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ArmId(NETWORK).text = "other"


def test_an_id_is_no_text() -> None:
    other: object = NETWORK
    assert ArmId(NETWORK) != other


def test_in_json_an_id_is_its_text_and_is_checked_when_it_is_read() -> None:
    adapter = TypeAdapter(ArmId)
    assert adapter.dump_json(ArmId(NETWORK)) == f'"{NETWORK}"'.encode()
    assert str(adapter.validate_json(f'"{NETWORK}"')) == NETWORK
    assert adapter.validate_python(ArmId(NETWORK)) == ArmId(NETWORK)
    for bad in ("5", '"vnet-app"', "null", '"/subscriptions/s/resourceGroups/.."'):
        with pytest.raises(ValidationError):
            adapter.validate_json(bad)
