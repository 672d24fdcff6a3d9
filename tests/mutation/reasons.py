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
    "*.lookup.maybe_unseen": "there is a vault wherever it is asked for",
    "*.references.References._absent": "ids that are compared in one case, whichever it is",
    "*.references.References._nic": "a text that is not used",
    "*.subnets._by_name": "an order that is the same in either case",
    "*.protectable._elsewhere": "the kinds in an id are found in any case",
    "*": "not read one by one yet",
}
