"""Completion in the shells themselves, as far as they are installed, by the scripts printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asr_netmap.cli.help_page import in_a_few_words
from tests.cli.terminal import ROOT, at_a_terminal
from tests.cli.test_cli_surface import COMMANDS, options_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shells are those of POSIX")

CASES = [
    (("pl",), {"plan"}),
    (("nics", "ex"), {"export", "explain"}),
    (("plan", "--target-"), {"--target-region", "--target-resource-group"}),
    (("plan", "--format", ""), {"table", "json", "markdown", "csv"}),
    (("apply", "--max-"), {"--max-changed-percent", "--max-changes", "--max-failures"}),
    (("nics", "set", "--sub"), {"--subscription", "--subnet"}),
]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the program as a command, as an installation makes it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "asr-netmap"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m asr_netmap "$@"\n')
    program.chmod(0o755)
    return folder


def environment(programs: Path, **variables: str) -> dict[str, str]:
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **variables}


def output(command: list[str], programs: Path, **variables: str) -> str:
    done = subprocess.run(
        command,
        env=environment(programs, **variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.stdout


def script_for(shell: str, programs: Path) -> str:
    return output(["asr-netmap"], programs, _ASR_NETMAP_COMPLETE=f"source_{shell}")


def shell_or_skip(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: what it completes can't be tried here")
    return found


@pytest.mark.parametrize(("words", "wanted"), CASES)
def test_bash_completes(programs: Path, words: tuple[str, ...], wanted: set[str]) -> None:
    bash = shell_or_skip("bash")
    typed = " ".join(f"'{word}'" for word in ("asr-netmap", *words))
    ask = f"""{script_for("bash", programs)}
        COMP_WORDS=({typed}); COMP_CWORD={len(words)}
        _asr_netmap_completion asr-netmap
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert set(output([bash, "--norc", "-c", ask], programs).split()) == wanted


@pytest.mark.parametrize(("words", "wanted"), CASES)
def test_fish_completes(programs: Path, words: tuple[str, ...], wanted: set[str]) -> None:
    fish = shell_or_skip("fish")
    (programs / "script.fish").write_text(script_for("fish", programs))
    typed = " ".join(("asr-netmap", *words))
    ask = f"source {programs / 'script.fish'}; complete -C '{typed}'"
    lines = output([fish, "--no-config", "-c", ask], programs).splitlines()
    assert {line.partition("\t")[0] for line in lines} == wanted


@pytest.mark.parametrize(("words", "wanted"), CASES[1:4])
def test_zsh_completes(programs: Path, words: tuple[str, ...], wanted: set[str]) -> None:
    """At a terminal, since zsh completes only there: the word is typed, then Tab."""
    zsh = shell_or_skip("zsh")
    (programs / "script.zsh").write_text(script_for("zsh", programs))
    begin = "autoload -Uz compinit; compinit -u -D; source ./script.zsh; PS1=read''y\\ \n"
    path = environment(programs)["PATH"]
    with at_a_terminal("-f", "-i", program=(zsh,), cwd=programs, PATH=path) as screen:
        screen.type(begin)
        screen.wait_for("ready ")
        screen.type(f"asr-netmap {' '.join(words)}\t\t")
        for word in wanted:
            screen.wait_for(rf"(?<!\S){re.escape(word)}(?!\S)")
        screen.type("\x03exit\n")


@pytest.mark.parametrize("shell", ["powershell", "pwsh"])
def test_the_powershell_script_asks_the_program_and_registers_itself(
    programs: Path, shell: str
) -> None:
    """No PowerShell was at hand: what is held here is the script's text and the answers' form."""
    script = script_for(shell, programs)
    assert "Register-ArgumentCompleter -Native -CommandName asr-netmap" in script
    assert '$Env:_ASR_NETMAP_COMPLETE = "complete_powershell"' in script
    answer = output(
        ["asr-netmap"],
        programs,
        _ASR_NETMAP_COMPLETE="complete_powershell",
        _TYPER_COMPLETE_ARGS="asr-netmap nics set --sub",
        _TYPER_COMPLETE_WORD_TO_COMPLETE="--sub",
    )
    lines = answer.split("\n")[:-1]
    assert [line.partition(":::")[0] for line in lines] == ["--subnet", "--subscription"]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_hint_is_one_short_line_without_markup(path: tuple[str, ...]) -> None:
    texts = [option.help for option in options_of(COMMANDS[path]).values()]
    texts.append((COMMANDS[path].help or "").partition("\n")[0])
    for text in texts:
        hint = in_a_few_words(text)
        assert hint
        assert len(hint) <= 64
        assert not set("[]\n") & set(hint)
