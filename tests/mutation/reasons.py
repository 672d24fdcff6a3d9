"""Why survivors are accepted: a pattern of functions, and what their survivors have in common.

The first pattern that fits counts. Survivors that nobody has read one by one say so.
"""

from __future__ import annotations

REASONS = {
    "*.network_planner.plan_networks": "`strict=` between equal lists; a list that was empty",
    "*.network_planner._overlap": "networks of two IP versions never overlap, asked or not",
    "*.network_planner._unread": "the kinds in an id are found in any case",
    "*.planner.plan": "a default that every caller says",
    "*.planner.plan_removal": "what a removal does not use",
    "*.guard.WritePermits.__init__": "None and False are the same answer",
    "*.guard._is_read": "no path names all providers at once",
    "*.guard._split": "only what is before the first question mark is looked at",
    "*.comparison._facts": "compared with itself in either case; a kind that no change has",
    "*.comparison._same": "values that are the same whatever the setting is called",
    "*.nic_planner.Draft.find": "an empty command and none are the same to who reads it",
    "*.nic_planner._place_of": "numbers that only have to come before all others",
    "*.nic_planner.frozen_by_tag": "an item without a VM has no tags, looked up or not",
    "*.allocation._free_from": "the address that it starts at is never free",
    "*.allocation._grant_any": "a number below all that a NIC can have",
    "*.effective.Outlook.of": "nothing has the id None, asked for or not",
    "*.effective.Outlook.can_have": "nothing has the id None, asked for or not",
    "*.effective.Outlook._home": "nothing has the id None, asked for or not",
    "*.effective._needed": "nothing has the id None, asked for or not",
    "*.protectable._elsewhere": "the kinds in an id are found in any case",
    "*": "not read one by one yet",
}
