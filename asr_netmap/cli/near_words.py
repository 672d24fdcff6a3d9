"""What somebody may have meant who typed an option or a value that there is not."""

from __future__ import annotations

import re

from asr_netmap.near_names import near_names

_CHOICES = re.compile(r"^(?:Value error, )?(?P<given>'.*?') is not one of (?P<known>'.*')\.?$")


def did_you_mean(error: Exception) -> None:
    """Make an error of the parser say what is near; other errors stay as they are.

    The parser's errors are known by what they hold: their classes are typer's own business.
    """
    options = getattr(error, "possibilities", None)
    message = getattr(error, "message", None)
    if not isinstance(message, str):
        return
    typed = getattr(error, "option_name", "")
    if options:
        # The parser adds them to its message in the order of the alphabet.
        vars(error)["possibilities"] = None
        vars(error)["message"] = f"{message.rstrip('.')}.{_suggestion(typed, list(options))}"
        return
    found = _CHOICES.match(message)
    if found:
        known = re.findall(r"'([^']*)'", found["known"])
        near = _suggestion(found["given"].strip("'"), known)
        vars(error)["message"] = f"{found['given']} is not one of {', '.join(known)}.{near}"


def _suggestion(typed: str, known: list[str]) -> str:
    near = near_names(typed, known)
    return f" Did you mean {near[0]}?" if near else ""
