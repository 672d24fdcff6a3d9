"""What scrubbing takes out, and what it must leave."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_netmap.errors import UsageError
from asr_netmap.testing import guids
from asr_netmap.testing.encodings import MOST_UNPACKED, decoded, unpacked
from asr_netmap.testing.scrubbing import Names, Scrubber, real_of, tag_replacement
from tests.testing.canaries import ENCODINGS, GUID, PLANTED

SCRUB = Scrubber()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_gone_whatever_it_is_wrapped_in(name: str, encoding: str) -> None:
    text, secret = PLANTED[name]
    wrapped = ENCODINGS[encoding](text)
    clean = SCRUB.text(wrapped)
    assert clean != wrapped
    assert secret not in clean
    assert ENCODINGS[encoding](secret) not in clean
    assert SCRUB.text(clean) == clean


def test_a_guid_becomes_the_same_everywhere_and_nobody_s() -> None:
    fake = guids.replacement(GUID)
    assert uuid.UUID(fake).version == 5
    assert fake != GUID
    assert guids.replacement(GUID.upper()) == fake.upper()
    assert guids.replacement(GUID.replace("-", "")) == fake.replace("-", "")
    assert SCRUB.url(f"https://management.azure.com/subscriptions/{GUID}") == (
        f"https://management.azure.com/subscriptions/{fake}"
    )
    assert json.loads(SCRUB.body(json.dumps({"id": f"/x/{GUID}"}).encode())) == {"id": f"/x/{fake}"}
    assert real_of([f"a {GUID.upper()} b"]) == {fake: GUID}


@pytest.mark.parametrize(
    "guid",
    [
        "11111111-2222-3333-4444-555555555555",
        "00000000-0000-0000-0000-000000000000",
        "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        guids.replacement(GUID),
    ],
)
def test_a_made_up_guid_and_a_replacement_stay(guid: str) -> None:
    assert guids.replacement(guid) == guid


def test_a_version_5_guid_of_somebody_else_is_replaced() -> None:
    """Site Recovery's own identifiers are of that version, too."""
    foreign = str(uuid.uuid5(uuid.NAMESPACE_DNS, "contoso.com"))
    assert guids.replacement(foreign) != foreign


def test_hosts_of_this_machine_become_the_cloud_s() -> None:
    china = Scrubber("management.chinacloudapi.cn")
    assert china.url("http://127.0.0.1:8480/subscriptions?api-version=1") == (
        "https://management.chinacloudapi.cn/subscriptions?api-version=1"
    )
    assert SCRUB.text('{"nextLink":"https://localhost:1234/x"}') == (
        '{"nextLink":"https://management.azure.com/x"}'
    )
    assert SCRUB.text("https://sandbox.asr-netmap.invalid/x") == "https://management.azure.com/x"
    assert SCRUB.text("resource=http%3A%2F%2F127.0.0.1%3A8480") == (
        "resource=https%3A%2F%2Fmanagement.azure.com"
    )


def test_a_dns_server_on_loopback_is_no_host_that_was_called() -> None:
    assert SCRUB.value({"dnsServers": ["127.0.0.1"]}) == {"dnsServers": ["127.0.0.1"]}


def test_a_polling_url_loses_its_signature_and_nothing_else() -> None:
    url = "https://management.azure.com/s/x?api-version=2022-08-01"
    assert SCRUB.url(f"{url}&t=2023-08-29T01%3a12%3a02&c=MII&s=abc&h=def") == url
    assert SCRUB.text(f"Location: {url}&t=1&c=2&s=3&h=4 and more") == f"Location: {url} and more"
    assert SCRUB.url(f"{url}&$filter=a%20eq%20b") == f"{url}&$filter=a%20eq%20b"


def test_what_a_query_holds_is_scrubbed_decoded() -> None:
    url = f"https://management.azure.com/x?%24filter=id%20eq%20%27{GUID}%27&api-version=1"
    assert GUID not in SCRUB.url(url)
    assert "api-version=1" in SCRUB.url(url)


def test_private_addresses_and_prefixes_stay_and_public_addresses_become_documentation() -> None:
    plan = {"prefix": "20.1.0.0/16", "private": "10.1.2.4", "azure": "168.63.129.16", "v": "1.2.3"}
    assert SCRUB.value(plan) == plan
    assert SCRUB.text("20.1.2.3").startswith("203.0.113.")
    assert SCRUB.text("20.1.2.3") == SCRUB.text("20.1.2.3")
    assert SCRUB.text("from 2603:1030::5 on").startswith("from 2001:db8::")


def test_values_of_tags_are_replaced_and_ours_are_read_so_they_stay() -> None:
    value = {"tags": {"owner": "Jane", "asr-netmap:freeze": "true", "empty": ""}, "name": "Jane"}
    clean = SCRUB.value(value)
    assert clean["tags"] == {
        "owner": tag_replacement("Jane"),
        "asr-netmap:freeze": "true",
        "empty": "",
    }
    assert clean["name"] == "Jane"
    assert SCRUB.value(clean) == clean


def test_keys_that_tell_a_secret_lose_their_value_also_in_json_within_json() -> None:
    inner = json.dumps({"adminUsername": "jane", "size": 3})
    clean = SCRUB.value({"adminPassword": "x", "details": inner, "computerName": ""})
    assert clean["adminPassword"] == "<removed>"
    assert json.loads(clean["details"]) == {"adminUsername": "<removed>", "size": 3}
    assert clean["computerName"] == ""


def test_keys_that_tell_a_secret_lose_their_value_inside_texts_too() -> None:
    assert SCRUB.text('failed: "adminPassword": "a\\"b c", "size": 3') == (
        'failed: "adminPassword": "<removed>", "size": 3'
    )
    assert SCRUB.text("Authorization: Basic eDp5 and more") == (
        "Authorization: Basic <removed> and more"
    )
    assert SCRUB.text('it was {"tags": {"owner": "Jane"}}.') == (
        f'it was {{"tags":{{"owner":"{tag_replacement("Jane")}"}}}}.'
    )


def test_a_secret_that_is_an_object_keeps_its_form() -> None:
    clean = SCRUB.value({"credentials": {"id": "x", "on": True, "of": [None, "", 5]}})
    removed = {"id": "<removed>", "on": True, "of": [None, "", "<removed>"]}
    assert clean == {"credentials": removed}


def test_headers_off_the_list_are_gone() -> None:
    headers = (("Authorization", "Bearer x"), ("Set-Cookie", "a=b"), ("Retry-After", "30"))
    assert SCRUB.headers(headers, {"retry-after"}.__contains__) == (("retry-after", "30"),)


def test_a_body_that_is_no_text_is_not_kept() -> None:
    assert SCRUB.body(b"\xff\xfe\x00secret") == b"<removed>"


class TestNames:
    NAMES = Names({"Contoso-Prod": "estate-a", "vnet-secret": "vnet-b"})

    def test_they_are_found_in_any_case_and_keep_its_style(self) -> None:
        replaced = self.NAMES.replaced("Contoso-Prod CONTOSO-PROD contoso-prod Contoso-prod")
        assert replaced == "estate-a ESTATE-A estate-a estate-a"
        assert self.NAMES.restored("estate-a ESTATE-A") == "Contoso-Prod CONTOSO-PROD"

    def test_they_are_found_inside_other_words(self) -> None:
        scrubber = Scrubber(names=self.NAMES)
        assert scrubber.text("/x/vnet-secret-to-vnet-secret-asr-12345678") == (
            "/x/vnet-b-to-vnet-b-asr-12345678"
        )

    @pytest.mark.parametrize(
        "pairs",
        [
            {"abc": "xyz", "def": "xyz"},
            {"ab": "xyz"},
            {"abc": "xabcx"},
            {"abc": "xyz", "ABC": "uvw"},
        ],
    )
    def test_what_could_not_be_told_apart_again_is_refused(self, pairs: dict[str, str]) -> None:
        with pytest.raises(UsageError):
            Names(pairs)


_PIECES = st.one_of(
    st.sampled_from([text for text, _ in PLANTED.values()]),
    st.sampled_from(
        ["/subscriptions/", "?t=1&", "&", '{"a":"', '"}', " ", "=", ";", "%2F", "tags"]
    ),
    st.sampled_from(['"adminPassword": "', "Basic ", "password=", '{"tags":{"a":"', "\\"]),
    st.uuids(version=4).map(str),
    st.text(max_size=12),
)


@given(st.lists(_PIECES, max_size=8).map("".join))
def test_scrubbing_what_is_scrubbed_changes_nothing(text: str) -> None:
    once = SCRUB.body(text.encode("utf-8", "replace"))
    assert SCRUB.body(once) == once


@given(st.text(alphabet="abcdefghijklmnop /-_.:", max_size=60))
def test_plain_words_stay(text: str) -> None:
    assert SCRUB.text(text) == text


def test_base64_that_holds_nothing_private_stays_as_it_is() -> None:
    text = ENCODINGS["base64"]("nothing to see in here")
    inner = decoded(text)
    assert inner is not None
    assert inner.text == "nothing to see in here"
    assert SCRUB.text(text) == text


def test_a_small_file_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    import gzip

    bomb = gzip.compress(b"\0" * (MOST_UNPACKED + 1))
    assert unpacked(bomb) is None
