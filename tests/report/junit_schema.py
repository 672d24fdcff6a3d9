"""The grammar of JUnit XML that CI systems agree on, as a check without a library.

Elements, order, attributes and their types are those of the schemas that are in use: the Ant
task's (Ant manual, JUnitReport), and the Jenkins xUnit plugin's junit-10. A document that fits here
fits both but for what only one of them allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, fromstring

_COUNT = re.compile(r"\d+\Z")
_SECONDS = re.compile(r"\d+(\.\d+)?\Z")
_TEXT = re.compile(r"[^\n\r\t]*\Z")


@dataclass(frozen=True)
class Rule:
    """One element: its attributes (required ones first), and its children in their order.

    once -- of these children at most one comes.
    """

    required: Mapping[str, re.Pattern[str]]
    optional: Mapping[str, re.Pattern[str]]
    children: tuple[str, ...] = ()
    once: frozenset[str] = frozenset()
    text: bool = False


_PROBLEM = Rule({}, {"type": _TEXT, "message": _TEXT}, text=True)
RULES: Mapping[str, Rule] = {
    "testsuites": Rule(
        {},
        {
            "name": _TEXT,
            **dict.fromkeys(("tests", "failures", "errors"), _COUNT),
            "time": _SECONDS,
        },
        ("testsuite",),
    ),
    "testsuite": Rule(
        {"name": _TEXT, **dict.fromkeys(("tests", "failures", "errors"), _COUNT)},
        {
            "skipped": _COUNT,
            "time": _SECONDS,
            **dict.fromkeys(("timestamp", "hostname", "id", "package"), _TEXT),
        },
        ("properties", "testcase", "system-out", "system-err"),
        frozenset({"properties", "system-out", "system-err"}),
    ),
    "properties": Rule({}, {}, ("property",)),
    "property": Rule({"name": _TEXT, "value": _TEXT}, {}),
    "testcase": Rule(
        {"name": _TEXT, "classname": _TEXT},
        {"time": _SECONDS},
        ("skipped", "error", "failure", "system-out", "system-err"),
        frozenset({"skipped", "error", "failure", "system-out", "system-err"}),
    ),
    "failure": _PROBLEM,
    "error": _PROBLEM,
    "skipped": Rule({}, {"message": _TEXT}, text=True),
    "system-out": Rule({}, {}, text=True),
    "system-err": Rule({}, {}, text=True),
}


def faults(xml: str) -> list[str]:
    """Everything in a document that is not as the grammar has it."""
    root = fromstring(xml.encode())
    if root.tag not in {"testsuites", "testsuite"}:
        return [f"the root is {root.tag}"]
    found = list(_element(root, f"/{root.tag}"))
    suites = [root] if root.tag == "testsuite" else list(root)
    return [*found, *(fault for suite in suites for fault in _counts(suite))]


def _element(element: Element, path: str) -> Iterator[str]:
    rule = RULES.get(element.tag)
    if rule is None:
        yield f"{path}: no such element"
        return
    yield from _attributes(element, rule, path)
    if not rule.text and (element.text or "").strip():
        yield f"{path}: holds text"
    order = [child.tag for child in element]
    known = [tag for tag in order if tag in rule.children]
    if known != sorted(known, key=rule.children.index):
        yield f"{path}: its children are out of order"
    for tag in sorted(set(order)):
        if tag not in rule.children:
            yield f"{path}: may not hold {tag}"
        elif tag in rule.once and order.count(tag) > 1:
            yield f"{path}: holds {tag} {order.count(tag)} times"
    for child in element:
        yield from _element(child, f"{path}/{child.tag}")


def _attributes(element: Element, rule: Rule, path: str) -> Iterator[str]:
    for name in rule.required:
        if name not in element.attrib:
            yield f"{path}: {name} is missing"
    for name, value in element.attrib.items():
        pattern = rule.required.get(name) or rule.optional.get(name)
        if pattern is None:
            yield f"{path}: has no attribute {name}"
        elif not pattern.match(value):
            yield f"{path}: {name} can't be {value!r}"


def _counts(suite: Element) -> Iterator[str]:
    """The sums of a suite against what is in it; a case has one outcome; names stand once."""
    cases = suite.findall("testcase")
    sums = {"tests": len(cases)}
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        sums[name] = sum(1 for case in cases if case.find(tag) is not None)
    for name, count in sums.items():
        if suite.get(name, str(count)) != str(count):
            yield f"{suite.get('name')}: {name} says {suite.get(name)}, and there are {count}"
    for case in cases:
        outcomes = [tag for tag in ("failure", "error", "skipped") if case.find(tag) is not None]
        if len(outcomes) > 1:
            yield f"{case.get('name')}: has {len(outcomes)} outcomes"
    names = [(case.get("classname"), case.get("name")) for case in cases]
    if len(set(names)) != len(names):
        yield f"{suite.get('name')}: a case stands twice"
