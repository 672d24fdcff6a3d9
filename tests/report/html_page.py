"""Reads a report as a browser would, and says what in it could act."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

POLICY = "Content-Security-Policy"
VOID = {"meta", "input", "br", "hr", "link"}


@dataclass
class Seen(HTMLParser):
    """What a page holds.

    open -- elements that were not closed; faults -- those closed out of turn.
    """

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    inside: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        where = self.open[-1] if self.open else ""
        if where in {"style", "script"}:
            self.inside[where] = self.inside.get(where, "") + data
        else:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"comment {data}")

    def attribute(self, name: str) -> list[str]:
        """Every value of an attribute."""
        return [values[name] for _, values in self.elements if name in values]

    def count(self, tag: str) -> int:
        """How many elements there are of that name."""
        return sum(1 for name, _ in self.elements if name == tag)


def read(page: str) -> Seen:
    """The page, parsed."""
    seen = Seen()
    seen.feed(page)
    seen.close()
    return seen


def what_could_act(page: str) -> list[str]:
    """Everything of a page that could run, load or send and is not our one style and script."""
    seen = read(page)
    faults = [f"out of turn: {each}" for each in seen.faults]
    faults += [f"not closed: {each}" for each in seen.open]
    policy = next(
        (
            v["content"]
            for t, v in seen.elements
            if v.get("http-equiv") == "Content-Security-Policy"
        ),
        "",
    )
    if not policy.startswith("default-src 'none'; ") or "unsafe" in policy:
        faults.append(f"the policy is {policy!r}")
    for name in ("style", "script"):
        if seen.count(name) != 1:
            faults.append(f"{seen.count(name)} {name} elements")
        digest = hashlib.sha256(seen.inside.get(name, "").encode()).digest()
        if f"'sha256-{base64.b64encode(digest).decode()}'" not in policy:
            faults.append(f"the policy does not name the {name}")
    for tag, values in seen.elements:
        faults += [f"{tag} {name}" for name in values if re.match("on|style$|src|action", name)]
        if tag in {"iframe", "object", "embed", "img", "image", "form", "base", "link", "use"}:
            faults.append(tag)
    return faults + [
        f"a link to {each}"
        for each in seen.attribute("href")
        if not re.fullmatch(r"#[\w-]+|https://learn\.microsoft\.com/[\w/.-]+", each)
    ]
