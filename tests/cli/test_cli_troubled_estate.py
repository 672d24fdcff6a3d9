"""Every family of findings fires on a sandbox estate, read through the SDKs as Azure is."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, change_estate
from tests.cli.troubled_estate import trouble

# What is found, and whether a command puts it right.
FAMILIES = {
    "egress": {"no-egress": True, "egress-dropped": True},
    "security groups": {"nsg-wrong-region": True, "nic-nsg-lost": False, "subnet-lacks": False},
    "drift": {"copy-lacks-subnet": True, "copy-prefix-differs": True, "copy-space-differs": True},
    "names": {
        "dns-servers-missing": True,
        "dns-server-unreachable": False,
        "dns-zone-not-linked": True,
        "dns-zones-unseen": False,
    },
    "peers": {"target-overlaps-source-peer": False},
    "lost settings": {"ip-forwarding-lost": True, "nic-dns-lost": True, "asg-lost": True},
    "stages": {
        "failover-not-committed": True,
        "not-reprotected": False,
        "drill-not-cleaned-up": True,
    },
    "locks": {
        "vault-locked": True,
        "target-locked": True,
        "cleanup-locked": True,
        "reprotect-locked": True,
    },
    "room": {"no-room-for-both": False},
}


@pytest.fixture
def findings(here: Run, folder: Path) -> list[dict[str, Any]]:
    change_estate(folder, trouble)
    done = here("verify", "--format", "json", "--fail-on", "never")
    assert done.code in (0, 5), done.err
    found: list[dict[str, Any]] = done.json["findings"]
    return found


def test_every_family_of_findings_fires(findings: list[dict[str, Any]]) -> None:
    by_code = {each["code"]: each for each in findings}
    wanted = {code: command for codes in FAMILIES.values() for code, command in codes.items()}
    assert set(wanted) - set(by_code) == set()
    assert [code for code in wanted if not by_code[code]["fix"]] == []
    assert {code: bool(by_code[code]["command"]) for code in wanted} == wanted
    ages = [by_code[code]["message"] for code in FAMILIES["stages"]]
    assert all(" days ago" in message for message in ages), ages


def test_every_command_stands_for_itself(findings: list[dict[str, Any]]) -> None:
    """No gap is left for people to fill, and a shell takes it apart as it was put together."""
    commands = [each["command"] for each in findings if each["command"]]
    for command in commands:
        assert "…" not in command
        for single in command.split(" && "):
            words = shlex.split(single)
            assert words[0] in {"az", "asr-netmap"}
            assert words[0] == "az" or "--sandbox" in words, single
