"""Options and environment over the file, and without a file."""

from __future__ import annotations

from dataclasses import fields

import pytest

from asr_netmap.errors import SettingsError, UsageError
from asr_netmap.settings import (
    ORIGINS,
    AddressMode,
    NetworkSettings,
    NicException,
    NicRules,
    Overrides,
    parse_settings,
    settings_from_options,
)

BASE = """\
version: 1
vault: {subscription: s, resource_group: g, name: v}
source_region: eastasia
target_region: southeastasia
nics: {address: same, existing: enforce}
"""
ALL = Overrides(
    subscription="s2",
    resource_group="g2",
    vault_name="v2",
    source_region="West Europe",
    target_region="northeurope",
)


def test_what_is_given_outside_wins_over_the_file_and_the_rest_stays() -> None:
    given = Overrides(vault_name="other", address=AddressMode.DYNAMIC, max_changed_percent=5)
    (settings,) = parse_settings(BASE, "x", given)
    assert (settings.vault.name, settings.vault.resource_group) == ("other", "g")
    assert (settings.nics.address, settings.nics.existing) == (AddressMode.DYNAMIC, "enforce")
    assert settings.safety.max_changed_percent == 5


@pytest.mark.parametrize("text", ["version: 1", "version: 1\nvault:\nsource_region:\n"])
def test_what_is_given_outside_may_be_missing_or_blank_in_the_file(text: str) -> None:
    (settings,) = parse_settings(text, "x", ALL)
    assert (settings.vault.name, settings.source_region) == ("v2", "westeurope")


def test_what_is_given_outside_hides_a_mistake_in_the_file() -> None:
    text = BASE.replace("address: same", "address: smae")
    (settings,) = parse_settings(text, "x", Overrides(address="next-free"))
    assert settings.nics.address is AddressMode.NEXT_FREE


def test_a_bad_value_from_outside_is_blamed_on_its_option_not_on_the_file() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(BASE, "x", Overrides(target_region="?", max_changed_percent=500))
    assert caught.value.problems == (
        "--target-region or ASR_NETMAP_TARGET_REGION: '?' is no Azure region, such as eastasia "
        'or "East Asia"',
        "--max-changed-percent: must be 100 or less",
    )


def test_an_override_reaches_every_vault_of_a_file() -> None:
    text = (
        "version: 1\ndefaults: {vault: {subscription: s, resource_group: g}, source_region: a1}\n"
        "vaults: [{vault: {name: one}}, {vault: {name: two}}]\n"
    )
    both = parse_settings(text, "x", Overrides(target_region="b1", freeze=True))
    assert [(one.target_region, one.freeze) for one in both] == [("b1", True), ("b1", True)]


def test_every_override_has_an_origin_and_arrives_there() -> None:
    assert set(ORIGINS) == {one.name for one in fields(Overrides)}
    given = Overrides(
        *("s", "g", "v", "a1", "b1", "tg", "ts"),
        address="dynamic",
        existing="enforce",
        subnet_fallback="refuse",
        create_networks=False,
        max_changed_percent=1,
        allow_retarget=True,
        allow_shared_target=True,
        max_changes=2,
        max_failures=3,
        freeze=True,
    )
    settings = settings_from_options(given)
    for name, value in given.given():
        found: object = settings
        for key in ORIGINS[name].path:
            found = getattr(found, key)
        assert found == value, name


def test_consent_and_limits_have_no_environment_variable() -> None:
    """A stray variable must not loosen what a person set."""
    loosening = [name for name, origin in ORIGINS.items() if origin.path[0] == "safety"]
    assert loosening
    assert not [name for name in [*loosening, "existing"] if ORIGINS[name].variable]


def test_options_alone_are_enough() -> None:
    networks = (NetworkSettings(source="vnet-app", target="vnet-dr"),)
    rules = NicRules(settings=(NicException(vm="a", subnet="web"),))
    settings = settings_from_options(ALL, networks, rules)
    assert (settings.source_region, settings.networks) == ("westeurope", networks)
    assert settings.nics == rules
    assert settings.nics.settings[0].model_fields_set == {"vm", "subnet"}


def test_an_option_wins_over_the_rules_that_a_program_gives() -> None:
    override = Overrides(*("s", "g", "v", "a1", "b1"), address="unmanaged")
    settings = settings_from_options(override, nics=NicRules(existing="enforce"))
    assert (settings.nics.address, settings.nics.existing) == (AddressMode.UNMANAGED, "enforce")


def test_networks_from_options_are_checked_like_the_files() -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from_options(ALL, [{"source": "a/b/c"}])
    assert caught.value.problems[0].startswith("networks[0].source: 'a/b/c' is none of name")


def test_every_missing_option_is_named_with_its_variable_and_its_key() -> None:
    with pytest.raises(UsageError) as caught:
        settings_from_options(Overrides(resource_group="g", source_region="a1"))
    assert caught.value.message.splitlines()[1:] == [
        "  --subscription, ASR_NETMAP_SUBSCRIPTION, or vault.subscription in netmap.yaml",
        "  --vault-name, ASR_NETMAP_VAULT_NAME, or vault.name in netmap.yaml",
        "  --target-region, ASR_NETMAP_TARGET_REGION, or target_region in netmap.yaml",
    ]
