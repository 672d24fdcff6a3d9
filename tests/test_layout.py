"""The architecture, held by reading the sources: who imports whom, and what no file may say.

The table below is the one place where the directions are written as code. A new part or package
fails the test until it has a row, with the thought that goes into one.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "asr_netmap"

ERRORS = frozenset({"errors", "clock", "redaction", "near_names"})
VALUES = ERRORS | {"arm_id", "models", "surroundings"}
BELOW_API = VALUES | {
    *("settings", "rules", "planning", "gateway", "applying", "report", "sandbox"),
    *("files", "json_pieces", "plan_file", "roles", "budgets", "connecting", "reading"),
}
EVERYTHING = BELOW_API | {"api", "testing", "cli", "runbook"}

# Part of the package -> the parts of it that it may import, itself left out.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "redaction": frozenset(),
    "near_names": frozenset(),
    "roles": frozenset(),
    "clock": frozenset({"errors"}),
    "budgets": frozenset(),
    "arm_id": ERRORS,
    "models": ERRORS | {"arm_id"},
    "surroundings": ERRORS | {"arm_id", "models"},
    "settings": VALUES,
    "rules": VALUES | {"settings"},
    "json_pieces": frozenset(),
    "planning": VALUES | {"settings", "rules", "json_pieces"},
    "gateway": VALUES | {"planning", "sandbox", "roles", "budgets"},
    "applying": VALUES | {"planning", "budgets"},
    "report": VALUES | {"planning", "applying", "json_pieces"},
    "sandbox": frozenset(),
    "files": ERRORS,
    "plan_file": VALUES | {"planning", "files", "json_pieces"},
    "connecting": ERRORS | {"gateway", "sandbox", "budgets"},
    "reading": VALUES | {"settings", "gateway", "planning"},
    "api": BELOW_API,
    "testing": ERRORS | {"files", "gateway", "sandbox", "api", "cli"},
    "cli": EVERYTHING,
    "runbook": EVERYTHING,
    "__main__": frozenset({"cli"}),
    "__init__": frozenset({"api"}),
}

# Package from elsewhere -> the parts that may import it.
USERS_OF: dict[str, frozenset[str]] = {
    "azure": frozenset({"gateway"}),
    "requests": frozenset({"gateway"}),
    "tenacity": frozenset({"gateway"}),
    "urllib3": frozenset({"gateway"}),
    "pydantic": frozenset({"settings", "planning", "arm_id"}),
    "pydantic_core": frozenset({"settings", "planning", "arm_id"}),
    "yaml": frozenset({"settings", "planning", "testing"}),
    "typer": frozenset({"cli", "runbook"}),
    "click": frozenset({"cli"}),
    "rich": frozenset({"cli"}),
    "vcr": frozenset({"testing"}),
    "pytest": frozenset({"testing"}),
    "automationassets": frozenset({"runbook"}),  # exists inside Azure Automation only
}

# Parts where deciding happens: values in, values out.
PURE = frozenset(
    {
        *("arm_id", "json_pieces", "models", "near_names", "surroundings"),
        *("rules", "planning", "report"),
    }
)
IMPURE_MODULES = frozenset(
    {"asyncio", "http", "random", "select", "socket", "subprocess", "threading", "time", "urllib"}
)
VAGUE_NAMES = frozenset(
    {"base", "common", "core", "helper", "helpers", "misc", "shared", "util", "utils"}
)


@dataclass(frozen=True)
class Import:
    """One name that a module imports: `target` is absolute, `lazy` means inside a function."""

    target: str
    line: int
    lazy: bool
    for_types_only: bool


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    path: Path
    name: str
    source: str
    tree: ast.Module

    @property
    def part(self) -> str:
        """The part of the package: ``rules`` for asr_netmap.rules.subnet."""
        pieces = self.name.split(".")
        return pieces[1] if len(pieces) > 1 else "__init__"

    def imports(self) -> Iterator[Import]:
        yield from _imports(self.tree, self, lazy=False, for_types_only=False)


def _imports(node: ast.AST, of: Module, *, lazy: bool, for_types_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for target in _targets(child, of):
            yield Import(target, getattr(child, "lineno", 0), lazy, for_types_only)
        inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        yield from _imports(child, of, lazy=lazy or inside, for_types_only=for_types_only or types)


def _targets(node: ast.AST, of: Module) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    source = node.module or ""
    if node.level:
        package = of.name if of.path.name == "__init__.py" else of.name.rpartition(".")[0]
        up = package.split(".")[: len(package.split(".")) - node.level + 1]
        source = ".".join([*up, source] if source else up)
    return [f"{source}.{alias.name}" for alias in node.names]


def module_of(path: Path, root: Path = ROOT) -> Module:
    """Read one file; its name is taken from where it lies under `root`."""
    pieces = path.relative_to(root).with_suffix("").parts
    name = ".".join(pieces[:-1] if pieces[-1] == "__init__" else pieces)
    source = path.read_text(encoding="utf-8")
    return Module(path, name, source, ast.parse(source, filename=str(path)))


MODULES = [module_of(path) for path in sorted((ROOT / PACKAGE).rglob("*.py"))]
BY_NAME = {module.name: module for module in MODULES}
each_module = pytest.mark.parametrize("module", MODULES, ids=[m.name for m in MODULES])


def part_named(target: str) -> str | None:
    """The part of this package that an import reaches; None for the version and other packages."""
    pieces = target.split(".")
    if pieces[0] != PACKAGE:
        return None
    return pieces[1] if len(pieces) > 1 and not pieces[1].startswith("__version") else None


def direction_faults(module: Module) -> list[str]:
    """Every import of another part, or of another package, that the tables don't allow."""
    faults = []
    allowed = MAY_IMPORT.get(module.part, frozenset()) | {module.part}
    for found in module.imports():
        top, part = found.target.partition(".")[0], part_named(found.target)
        where = f"{module.name}:{found.line}"
        if top == PACKAGE and module.part == "sandbox" and part != "sandbox":
            faults.append(f"{where}: the sandbox shares nothing with the code that it proves")
        elif part is not None and part not in allowed:
            faults.append(f"{where}: {module.part} may not import {part}")
        elif top not in sys.stdlib_module_names and top not in {PACKAGE, *USERS_OF}:
            faults.append(f"{where}: {top} has no row in the table of packages")
        elif top in USERS_OF and module.part not in USERS_OF[top]:
            faults.append(f"{where}: {module.part} may not import {top}")
    return faults


def purity_faults(module: Module) -> list[str]:
    """What a module of a pure part does besides taking values and returning values."""
    faults = [
        f"{module.name}:{found.line}: imports {found.target}"
        for found in module.imports()
        if found.target.partition(".")[0] in IMPURE_MODULES
        and not found.target.startswith("urllib.parse")
    ]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in {"print", "input", "open"}:
                faults.append(f"{module.name}:{node.lineno}: calls {node.func.id}")
        elif isinstance(node, ast.Attribute) and (
            node.attr in {"utcnow", "today", "read_text", "write_text"}
            or ast.unparse(node) in {"datetime.now", "sys.stdout", "sys.stderr", "os.environ"}
        ):
            faults.append(f"{module.name}:{node.lineno}: uses {ast.unparse(node)}")
    return faults


def loaded_by(start: str) -> dict[str, str]:
    """What importing a module loads at once: name -> the module that asks for it."""
    reached, waiting = {start: start}, [start]
    while waiting:
        name = waiting.pop()
        for found in BY_NAME[name].imports():
            if found.lazy or found.for_types_only:
                continue
            pieces = found.target.split(".")
            for length in range(1, len(pieces) + 1):
                prefix = ".".join(pieces[:length])
                if prefix not in reached:
                    reached[prefix] = name
                    if prefix in BY_NAME:
                        waiting.append(prefix)
    return reached


def comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def unreasoned(source: str) -> list[str]:
    """Every switched-off check that doesn't say why: ``# noqa: X -- why``."""
    switched_off = re.compile(r"noqa|type:\s*ignore|pragma|mypy:\s|fmt:\s*(off|skip)")
    if not switched_off.search(source):
        return []  # most files: no comment to look for
    return [
        f"{line}: {text}"
        for line, text in comments(source)
        if switched_off.search(text) and not re.search(r"-- \S", text)
    ]


def project_files() -> list[Path]:
    """The files that git keeps or would keep; without git, everything but caches."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        found = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True)
        names = [Path(name) for name in found.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        names = [n for n in names if not re.search(r"(^|/)(\.(?!ci)|__pycache__)", n.as_posix())]
    return [name for name in names if (ROOT / name).is_file()]


# Put together here, so that this file doesn't hold them.
FORBIDDEN = {
    "a package registry's host": re.compile(
        r"\b(pypi" + r"\.org|pythonhosted" + r"\.org|npmjs" + r"\.org|deb\.debian" + r"\.org)", re.I
    ),
    "a path of one machine": re.compile(r"(?<![\w.-])/(work" + r"|root" + r"|opt/pypi" + r")/"),
    "a folder beside the project": re.compile(r"\.\./" + "shared"),
    "a page that is no part of the project": re.compile(
        r"\b(wire|design|reliability|sdk_costs|field)" + r"\.md\b"
    ),
    "a private key": re.compile("-----BEGIN " + r"[A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]"),
    "a signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ" + r"[\w-]{10,}\.[\w-]{20,}"),
}
EXCEPTIONS = {(".ci/run", "a folder beside the project")}


def forbidden_words(name: str, text: str) -> list[str]:
    return [
        f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {what}: {found.group()[:40]!r}"
        for what, pattern in FORBIDDEN.items()
        if (name, what) not in EXCEPTIONS and (found := pattern.search(text))
    ]


def pins(lock: str) -> set[str]:
    """The pinned lines of a lock file, environment markers included."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return {line.rstrip("\\ ") for line in lines if re.match(r"[a-z0-9]", line)}


@each_module
def test_imports_go_in_the_allowed_direction(module: Module) -> None:
    assert direction_faults(module) == []


@each_module
def test_a_part_that_decides_touches_nothing_outside(module: Module) -> None:
    assert module.part not in PURE or purity_faults(module) == []


@each_module
def test_a_module_says_what_it_is_for(module: Module) -> None:
    assert ast.get_docstring(module.tree)


@each_module
def test_a_module_is_named_for_the_domain(module: Module) -> None:
    assert not VAGUE_NAMES & {piece.strip("_") for piece in module.name.split(".")}


def test_every_part_has_a_row_in_the_table() -> None:
    assert {module.part for module in MODULES} <= set(MAY_IMPORT)


@pytest.mark.parametrize("door", ["asr_netmap", "asr_netmap.api", "asr_netmap.cli"])
def test_a_front_door_loads_no_sdk(door: str) -> None:
    """The SDKs cost most of a second, so a function body imports them when they are needed."""
    assert door in BY_NAME, f"{door} is missing"
    loaded = loaded_by(door)
    assert {n: by for n, by in loaded.items() if n.split(".")[0] in {"azure", "requests"}} == {}


def test_every_switched_off_check_says_why() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    found = {
        str(path.relative_to(ROOT)): silent
        for path in (*(module.path for module in MODULES), *tests)
        if (silent := unreasoned(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_the_project_speaks_of_itself_alone() -> None:
    """No file names this or that machine, a registry, a page from elsewhere, or holds a secret."""
    files = project_files()
    assert Path("pyproject.toml") in files
    found = [
        fault
        for name in files
        for fault in forbidden_words(
            name.as_posix(), (ROOT / name).read_text(encoding="utf-8", errors="replace")
        )
    ]
    assert found == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-build.lock"])
def test_a_package_has_one_pin_in_all_lock_files(lock: str) -> None:
    assert pins(lock)
    # By version alone: what development needs may want a package in more places than the tool does.
    every = {pin.partition(" ;")[0] for pin in pins("requirements-dev.lock")}
    assert [pin for pin in pins(lock) if pin.partition(" ;")[0] not in every] == []


def planted(tmp_path: Path, name: str, source: str) -> Module:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return module_of(path, tmp_path)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("asr_netmap/rules/x.py", "from asr_netmap.planning.plan import Plan"),
        ("asr_netmap/rules/x.py", "from ..planning.plan import Plan"),
        ("asr_netmap/rules/__init__.py", "from ..planning import Plan"),
        ("asr_netmap/rules/x.py", "from asr_netmap import gateway"),
        ("asr_netmap/cli/x.py", "def f():\n    import azure.core"),
        ("asr_netmap/planning/x.py", "if TYPE_CHECKING:\n    from azure.core import X"),
        ("asr_netmap/sandbox/x.py", "from asr_netmap.errors import X"),
        ("asr_netmap/sandbox/x.py", "from asr_netmap import __version__"),
        ("asr_netmap/sandbox/x.py", "import pydantic"),
        ("asr_netmap/errors.py", "import asr_netmap.models"),
        ("asr_netmap/report/x.py", "from rich.table import Table"),
        ("asr_netmap/gateway/x.py", "import leftpad"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, name: str, source: str) -> None:
    assert len(direction_faults(planted(tmp_path, name, source))) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "asr_netmap/gateway/x.py",
            "from azure.core import X\nfrom asr_netmap.sandbox import http",
        ),
        ("asr_netmap/sandbox/x.py", "from asr_netmap.sandbox.http import R\nfrom .http import R"),
        ("asr_netmap/cli/x.py", "from asr_netmap import __version__, api\nimport rich, json"),
    ],
)
def test_an_allowed_import_is_left_alone(tmp_path: Path, name: str, source: str) -> None:
    assert direction_faults(planted(tmp_path, name, source)) == []


@pytest.mark.parametrize(
    "source",
    ["import time", "print(1)", "x = datetime.now(utc)", "x = sys.stdout", "x = date.today()"],
)
def test_a_planted_side_effect_is_found(tmp_path: Path, source: str) -> None:
    assert len(purity_faults(planted(tmp_path, "asr_netmap/rules/x.py", source))) == 1


def test_a_planted_silence_without_a_reason_is_found() -> None:
    mark = "# no" + "qa: F401"
    assert len(unreasoned(f"import os  {mark}\n")) == 1
    assert unreasoned(f"import os  {mark} -- it is used by name\n") == []
    assert len(unreasoned("x = 1  # type: " + "ignore[misc]\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "see https://py" + "pi.org/simple",
        "cd /wo" + "rk/main",
        "as in ../sha" + "red/recordings",
        "source: wi" + "re.md",
        "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE",
        "Bearer eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 40,
    ],
)
def test_a_planted_word_is_found(text: str) -> None:
    assert len(forbidden_words("README.md", text)) == 1
    assert forbidden_words("README.md", "the framework/workshop of a /networks/work item") == []
