"""Why survivors are accepted: a pattern of functions, and what their survivors have in common.

The first pattern that fits counts. What was read one by one has a reason of its own; the patterns
of whole modules at the end say what kind of change is left there.
"""

from __future__ import annotations

REASONS = {
    "*.network_planner.plan_networks": "`strict=` between equal lists; a list that was empty",
    "*.network_planner._overlap": "networks of two IP versions never overlap, asked or not",
    "*.network_planner._unread": "the kinds in an id are found in any case",
    "*.planner.plan*": "a default that every caller says; what a removal does not use",
    "*.planner._nothing_selected": "pairs and VMs are never both looked for",
    "*.guard.WritePermits.__init__": "None and False are the same answer",
    "*.guard._is_read": "no path names all providers at once",
    "*.guard._split": "only what is before the first question mark is looked at",
    "*.comparison._facts": "compared with itself in either case; a kind that no change has",
    "*.comparison.*": "values that are the same whatever the setting is called",
    "*.nic_planner.Draft.find": "an empty command and none are the same to who reads it",
    "*.nic_planner._place_of": "numbers that only have to come before all others",
    "*.nic_planner.*": "a name in any case; a shortcut past work that would come to nothing",
    "*.lookup.*": "names that are compared in one case, whichever it is",
    "*.mapping_pair.*": "names that are compared in one case, whichever it is",
    "*.references.*": "ids that are compared in one case, whichever it is; a text that is not used",
    "*.subnets._by_name": "an order that is the same in either case",
    "*.protectable.*": "the kinds in an id are found in any case",
    "asr_netmap.*": "not read one by one",
}
