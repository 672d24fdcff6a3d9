"""Why survivors are accepted: a pattern of functions, and what their survivors have in common.

The first pattern that fits counts; a survivor that none fits is listed without a reason.
"""

from __future__ import annotations

REASONS = {
    "*.network_planner._unread": "the kinds in an id are found in any case",
    "*.planner.plan_in_detail": "beside everything there is nobody, looked for or not",
    "*.nic_planner._finish": "an item with no new settings is the same as it was, copied or not",
    "*.comparison._facts": "both sides in one case, whichever it is; items are compared elsewhere",
    "*.guard.WritePermits.__init__": "None and False are the same answer",
    "*.guard._is_read": "no path names all providers at once",
    "*.allocation._free_from": "the address that it starts at is never free",
    "*.allocation._grant_any": "a number below all that a NIC can have",
    "*.effective.Outlook.of": "nothing has the id None, asked for or not",
    "*.effective.Outlook.can_have": "nothing has the id None, asked for or not",
    "*.effective.Outlook._home": "nothing has the id None, asked for or not",
    "*.effective._needed": "nothing has the id None, asked for or not",
    "*.protectable._elsewhere": "the kinds in an id are found in any case",
}
