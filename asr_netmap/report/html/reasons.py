"""Why addresses are what they are: each reason once, with a number that rows refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from asr_netmap.models import IpAddress
from asr_netmap.report.html.markup import Child, Markup, element
from asr_netmap.report.html.wording import marked

MOST_AT_ONCE = 40
"""More reasons than that are folded away, below the rows that refer to them."""
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")


class Reasons:
    """The reasons of one table, numbered in the order in which rows gave them.

    key -- makes their ids unique in the page.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._numbers: dict[tuple[str, str], int] = {}

    def reference(
        self,
        reason: str,
        rule: str,
        today: IpAddress | None,
        then: IpAddress | None,
    ) -> Markup:
        """A link to a reason.

        rule -- the document that says so; empty: it follows from what was read.
        today, then -- the IP config's addresses: the reason speaks of them without naming them,
            so that many rows share it.
        """
        told = _without(reason, today, "the address it has today")
        told = _without(told, then, "this address")
        number = self._numbers.setdefault((told, rule), len(self._numbers) + 1)
        return element("a", f"why {number}", class_="why", href=f"#{self._id(number)}")

    def listing(self) -> Markup | None:
        """All that were referred to."""
        if not self._numbers:
            return None
        listed = element("ol", self._items(), class_="reasons")
        heading = "Why: the reasons by their numbers"
        folded = len(self._numbers) > MOST_AT_ONCE
        return element("details", element("summary", heading), listed, open=not folded)

    def _items(self) -> Iterator[Child]:
        for (reason, rule), number in self._numbers.items():
            rests_on = (" Rests on: ", marked(rule), ".") if rule else ()
            yield element("li", marked(_sentence(reason)), rests_on, id=self._id(number))

    def _id(self, number: int) -> str:
        return f"{self._key}why{number}"


def _without(reason: str, address: IpAddress | None, words: str) -> str:
    own = str(address)
    if address is None or own not in reason:
        return reason
    return _ADDRESS.sub(lambda found: words if found.group() == own else found.group(), reason)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
