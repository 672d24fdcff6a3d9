"""A light check of Bicep files, for where no Bicep compiler is to be had.

It knows enough of the language to find what breaks most: brackets and strings that don't close,
names that nothing declares, resource types and properties that Azure's published types don't have,
modules without a file and parameters that a module doesn't take. What it accepts may still not
compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# Resource type and API version -> what its properties may hold, as far as the templates need it:
# for Automation what Azure's published Bicep types say of that version (Azure/bicep-types-az), for
# the others what public deployments of that version hold.
PROPERTIES: Mapping[str, frozenset[str]] = {
    "Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31": frozenset(),
    "Microsoft.Automation/automationAccounts@2024-10-23": frozenset(
        {"disableLocalAuth", "encryption", "publicNetworkAccess", "sku"}
    ),
    "Microsoft.Automation/automationAccounts/runtimeEnvironments@2024-10-23": frozenset(
        {"defaultPackages", "description", "runtime"}
    ),
    "Microsoft.Automation/automationAccounts/runtimeEnvironments/packages@2024-10-23": frozenset(
        {"contentLink"}
    ),
    "Microsoft.Automation/automationAccounts/runbooks@2024-10-23": frozenset(
        {
            *("description", "draft", "logActivityTrace", "logProgress", "logVerbose"),
            *("publishContentLink", "runbookType", "runtimeEnvironment"),
        }
    ),
    "Microsoft.Automation/automationAccounts/variables@2024-10-23": frozenset(
        {"description", "isEncrypted", "value"}
    ),
    "Microsoft.Automation/automationAccounts/schedules@2024-10-23": frozenset(
        {
            *("advancedSchedule", "description", "expiryTime", "frequency", "interval"),
            *("startTime", "timeZone"),
        }
    ),
    "Microsoft.Automation/automationAccounts/jobSchedules@2024-10-23": frozenset(
        {"parameters", "runbook", "runOn", "schedule"}
    ),
    "Microsoft.Authorization/roleDefinitions@2022-04-01": frozenset(
        {"assignableScopes", "description", "permissions", "roleName", "type"}
    ),
    "Microsoft.Authorization/roleAssignments@2022-04-01": frozenset(
        {"principalId", "principalType", "roleDefinitionId"}
    ),
    "Microsoft.Insights/actionGroups@2023-01-01": frozenset(
        {"emailReceivers", "enabled", "groupShortName"}
    ),
    "Microsoft.Insights/metricAlerts@2018-03-01": frozenset(
        {
            *("actions", "criteria", "description", "enabled", "evaluationFrequency"),
            *("scopes", "severity", "windowSize"),
        }
    ),
}
_HEADS = frozenset(
    {
        *("dependsOn", "identity", "location", "name", "parent", "properties", "scope", "sku"),
        *("params", "tags"),
    }
)
_FUNCTIONS = frozenset(
    {
        *("dateTimeAdd", "description", "empty", "guid", "length", "loadJsonContent"),
        *("loadTextContent", "resourceGroup", "secure", "string", "subscription"),
        *("subscriptionResourceId", "substring", "toUpper", "union", "utcNow"),
    }
)
_KEYWORDS = frozenset(
    {
        *("targetScope", "param", "var", "resource", "module", "output", "existing", "if", "for"),
        *("in", "true", "false", "null", "string", "bool", "array", "int", "object"),
    }
)
_STRING = re.compile(r"'(?:\\.|\$\{(?:[^{}']|'[^']*')*\}|[^'\\\n$]|\$(?!\{))*'")
_NAME = re.compile(r"(?<![\w.@])[A-Za-z_]\w*")
_DECLARED = re.compile(r"^(?:param|var|resource|module|output) (\w+)", re.MULTILINE)
_BLOCK = re.compile(
    r"^(resource|module) (\w+) '([^']+)'( existing)? = .*?\{\n(.*?)^[}\]]", re.DOTALL | re.MULTILINE
)
_PAIRS = {")": "(", "]": "[", "}": "{"}


def faults(text: str, modules: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with a file; `modules` are the texts of others by the paths it names."""
    bare = re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
    found = [*_open_ends(bare), *_undeclared(bare)]
    for kind, name, what, existing, body in _BLOCK.findall(bare):
        if kind == "module":
            found += _module_faults(name, what, body, modules or {})
        elif what not in PROPERTIES:
            found.append(f"{name}: no type {what}")
        elif not existing:
            found += _resource_faults(name, what, body)
    return found


def _open_ends(text: str) -> Iterator[str]:
    waiting: list[str] = []
    for line_number, line in enumerate(_STRING.sub("", text).splitlines(), 1):
        if "'" in line:
            yield f"{line_number}: a string has no end"
        for mark in re.findall(r"[()\[\]{}]", line):
            if mark in "([{":
                waiting.append(mark)
            elif not waiting or waiting.pop() != _PAIRS[mark]:
                yield f"{line_number}: {mark} closes nothing"
    yield from (f"{mark} is never closed" for mark in waiting)


def _undeclared(text: str) -> Iterator[str]:
    declared = {*_DECLARED.findall(text), *_loop_names(text)}
    expressions = " ".join(_interpolated(text))
    code = re.sub(r"\b\w+:(?!:)", "", _STRING.sub("''", text)) + " " + expressions
    for name in _NAME.findall(re.sub(r"'[^'\n]*'", "''", code)):
        if name not in declared | _FUNCTIONS | _KEYWORDS:
            yield f"{name} is not declared"


def _loop_names(text: str) -> Iterator[str]:
    for names in re.findall(r"\bfor \(?(\w+(?:, \w+)?)\)? in ", text):
        yield from names.split(", ")


def _interpolated(text: str) -> Iterator[str]:
    for string in _STRING.findall(text):
        yield from re.findall(r"\$\{((?:[^{}']|'[^']*')*)\}", string)


def _resource_faults(name: str, what: str, body: str) -> Iterator[str]:
    heads = _keys(body, 2)
    yield from (f"{name}: no property {key}" for key in heads if key not in _HEADS)
    found = re.search(r"^  properties: \{\n(.*?)^  \}", body, re.DOTALL | re.MULTILINE)
    for key in _keys(found.group(1), 4) if found else ():
        if key not in PROPERTIES[what]:
            yield f"{name}: no property properties.{key}"
    if "name" not in heads:
        yield f"{name}: has no name"


def _module_faults(name: str, what: str, body: str, modules: Mapping[str, str]) -> Iterator[str]:
    if what not in modules:
        yield f"{name}: no file {what}"
        return
    found = re.search(r"^( +)params: \{\n(.*?)^\1\}", body, re.DOTALL | re.MULTILINE)
    given = set(_keys(found.group(2), len(found.group(1)) + 2)) if found else set()
    taken = set(re.findall(r"^param (\w+) \w+$", modules[what], re.MULTILINE))
    yield from (f"{name}: {what} takes no {key}" for key in sorted(given - taken))
    yield from (f"{name}: {what} needs {key}" for key in sorted(taken - given))
    own = set(re.findall(r"^output (\w+)", modules[what], re.MULTILINE))
    asked = set(re.findall(rf"\b{name}\.outputs\.(\w+)", "\n".join(modules.values())))
    yield from (f"{name}: {what} gives no {key}" for key in sorted(asked - own))


def _keys(body: str, indent: int) -> list[str]:
    return re.findall(rf"^ {{{indent}}}(\w+):", body, re.MULTILINE)
