"""Why survivors are accepted: a pattern of functions, and what their survivors have in common.

The first pattern that fits counts. Survivors that nobody has read one by one say so.
"""

from __future__ import annotations

REASONS = {
    "*.network_planner._unread": "the kinds in an id are found in any case",
    "*.planner.plan_in_detail": "beside everything there is nobody, looked for or not",
    "*.guard.WritePermits.__init__": "None and False are the same answer",
    "*.guard._is_read": "no path names all providers at once",
    "*.comparison._facts": "both sides in one case, whichever it is; items are compared elsewhere",
    "*.nic_planner._finish": "an item with no new settings is the same as it was, copied or not",
    "*.lookup.maybe_unseen": "there is a vault wherever it is asked for",
    "*.references.References._absent": "ids that are compared in one case, whichever it is",
    "*.references.References._nic": "a text that is not used",
    "*.subnets._by_name": "an order that is the same in either case",
    "*.protectable._elsewhere": "the kinds in an id are found in any case",
    "*": "not read one by one yet",
}
