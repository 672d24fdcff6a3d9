"""HTML and SVG from values: every text is made harmless and escaped on its way in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import lru_cache

from asr_netmap.report.inert import clean


class Markup(str):
    """Finished markup. Only this module makes it from texts; whatever else is a text is escaped."""

    __slots__ = ()


Child = str | None | Iterable["Child"]
"""A text, markup, nothing, or several of them."""

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
# Where a link may lead: into the page itself, or to the vendor's documentation.
_LINK = re.compile(r"#[\w-]+|https://learn\.microsoft\.com/[\w/.-]*(?:#[\w-]+)?")
# What `clean` and escaping would leave as it is: most texts, and thousands of them.
_HARMLESS = re.compile(r"(?! )[A-Za-z0-9 ,.;/()_'-]*(?<! )")
_VOID = frozenset({"br", "hr", "input", "link", "meta"})
# What would run, load or send; no piece of a report needs one.
_REFUSED_ELEMENTS = frozenset(
    {"base", "embed", "form", "iframe", "image", "img", "link", "object", "script", "style", "use"}
)
_REFUSED_ATTRIBUTES = re.compile(r"on.*|style|src|srcset|srcdoc|action|formaction|ping|xlink.*")


def element(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """``<name attributes>children</name>``.

    attributes -- a trailing underscore is dropped (``class_``), other underscores are hyphens.
        True: without a value; None and False: left out.
    Raises ValueError for what could run, load or send something.
    """
    if not _NAME.fullmatch(name) or name.lower() in _REFUSED_ELEMENTS:
        raise ValueError(f"no report has an element {name!r}")
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{head}>")
    return Markup(f"<{name}{head}>{_inside(children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Several pieces, one after the other."""
    return Markup(_inside(children))


def text(plain: str) -> Markup:
    """A text of any origin; a blank at its start or end stays, since pieces stand side by side."""
    if _HARMLESS.fullmatch(plain):
        return Markup(plain)
    before = " " if plain[:1] == " " else ""
    after = " " if plain[-1:] == " " and plain.strip() else ""
    return Markup(f"{before}{html.escape(clean(plain), quote=False)}{after}")


def fixed(name: str, content: str) -> Markup:
    """A ``style`` or ``script`` element with a text of ours in it, as it stands.

    Raises ValueError for a text that would end the element.
    """
    if name not in {"style", "script"} or "</" in content or "<!--" in content:
        raise ValueError(f"this can't stand in a {name} element")
    return Markup(f"<{name}>{content}</{name}>")


def _inside(children: Iterable[Child]) -> str:
    return "".join(_child(each) for each in children)


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return text(child)
    return _inside(child)


@lru_cache(maxsize=4096, typed=True)
def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if not _NAME.fullmatch(name) or _REFUSED_ATTRIBUTES.fullmatch(name.lower()):
        raise ValueError(f"no element of a report has an attribute {name!r}")
    if value is True:
        return f" {name}"
    shown = html.escape(clean(value)) if isinstance(value, str) else f"{value:g}"
    if name == "href" and not _LINK.fullmatch(shown):
        raise ValueError(f"no link of a report leads to {shown!r}")
    return f' {name}="{shown}"'
