"""Azure's times, which come with seven decimals of a second, or with none."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

_FRACTION = re.compile(r"\.(\d{1,6})\d*")
# ARM: "never" is a moment of the year 1 or 1753 (A2A recordings, 2022 and 2023).
_FIRST_YEAR = 2000


def moment_of(value: Any) -> datetime | None:
    """A time of Azure's, in UTC; None: none, "never", or nothing that can be read as one."""
    if not isinstance(value, str):
        return None
    # ARM: seven decimals; Python 3.10 reads three or six, and no "Z" (A2A recordings, 2022).
    plain = _FRACTION.sub(_six_digits, value.replace("Z", "+00:00"))
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return moment if moment.year >= _FIRST_YEAR else None


def _six_digits(match: re.Match[str]) -> str:
    return "." + match.group(1).ljust(6, "0")
