"""Promise: no token and no signed URL in any output, log or file, at the highest verbosity."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.rest import HttpRequest

from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.guard import Place
from asr_netmap.gateway.tokens import TokenCache
from asr_netmap.gateway.transport import requests_transport
from asr_netmap.runbook.job import Surroundings
from asr_netmap.runbook.job import run as run_job
from asr_netmap.sandbox import Request, Response
from tests.cli.conftest import NETMAP, Finished, Run
from tests.gateway.scripted import VAULT
from tests.safety.listening import Heard, Reply, listening
from tests.safety.program import (
    BY_FILE,
    CANARY,
    READING,
    WRITING,
    CanaryCredential,
    Meddle,
    Watched,
    refusal,
    watched,
)

LOUD = ("--debug", "--verbose")
JWT = "eyJhbGciOiJSUzI1NiJ9." + "eyJvaWQiOiJ4In0" + ".c2lnbmF0dXJlLW9mLWEtdG9rZW4"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that any library says to anybody who listens at all levels."""
    with caplog.at_level(logging.DEBUG):
        for name in ("asr_netmap", "azure", "urllib3", "requests"):
            caplog.set_level(logging.DEBUG, logger=name)
        yield caplog


def hits(
    secrets: set[str], finished: Finished, log: pytest.LogCaptureFixture, *folders: Path
) -> list[str]:
    """Where a secret stands, as it is or percent-encoded."""
    places = {"stdout": finished.out, "stderr": finished.err, "log": log.text}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                places[str(path)] = path.read_bytes().decode("utf-8", "replace")
    texts = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
    return [f"{where}: {text}" for where, held in places.items() for text in texts if text in held]


@pytest.mark.parametrize("command", [*READING, *WRITING])
def test_a_loud_run_says_no_secret(
    azure: Watched,
    run: Run,
    folder: Path,
    own_environment: Path,
    logged: pytest.LogCaptureFixture,
    command: str,
) -> None:
    arguments = {**READING, **WRITING}[command]
    if command == "nics import":
        assert run("nics", "export", *BY_FILE, "--out", "nics.csv").code == 0
    if command in {"discover", "verify", "nics list", "nics export", "nics explain", "snapshot"}:
        arguments = (*arguments, "--out", "output")
    done = run(*arguments, *LOUD)
    assert "GET /subscriptions" in done.err
    assert hits(azure.secrets, done, logged, folder, own_environment) == []


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_recorded_run_keeps_no_secret(
    azure: Watched, run: Run, folder: Path, logged: pytest.LogCaptureFixture, command: str
) -> None:
    done = run(*{**READING, **WRITING}[command], "--record", "run.yaml", *LOUD)
    assert (folder / "run.yaml").stat().st_size > 10_000, done.err
    assert hits(azure.secrets, done, logged, folder) == []


def test_a_loud_job_of_a_runbook_says_no_secret(
    azure: Watched,
    folder: Path,
    logged: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder))  # its journal goes there
    out = io.StringIO()
    around = Surroundings(
        out, {}, lambda _name: NETMAP, azure.clock.monotonic, lambda _access: azure.connect()
    )
    code = run_job(["apply --config netmap --debug --verbose --pending-ok"], around)
    assert (code, bool(azure.writes)) == (0, True), out.getvalue()
    assert "GET /subscriptions" in out.getvalue()
    assert len(azure.secrets) > 10
    assert list(folder.glob("asr-netmap-*.jsonl"))
    assert hits(azure.secrets, Finished(code, out.getvalue(), ""), logged, folder) == []


def test_secrets_are_known_and_would_be_found(
    azure: Watched, run: Run, folder: Path, logged: pytest.LogCaptureFixture
) -> None:
    done = run(*WRITING["apply"], "--journal", "run.jsonl")
    assert len(azure.secrets) > 10
    for secret in sorted(azure.secrets)[:3]:
        (folder / "planted").write_text(f"x={quote(secret, safe='')}")
        assert hits(azure.secrets, done, logged, folder)


# Failing runs: what is answered, or raised in place of an answer.


def signed(request: Request) -> str:
    return f"{request.url}&t=638&c=MIIcert-of-{CANARY}&s=signature-{CANARY}&h=hash-{CANARY}"


def echo(status: int) -> Meddle:
    """An answer that repeats the request's secrets, as proxies and gateways do."""

    def meddle(request: Request, _response: Response) -> Response:
        words = f"Refused: Authorization: Bearer {CANARY} and {JWT} at {signed(request)}"
        return refusal(status, "Odd", words)

    return meddle


def lost(request: Request, _response: Response) -> Exception:
    """What urllib3 says of a connection that can't be made: the whole URL."""
    where = f"Max retries exceeded with url: {signed(request)}"
    return ServiceRequestError(f"HTTPSConnectionPool(host='x', port=443): {where}")


def cut(request: Request, _response: Response) -> Exception:
    return ServiceResponseError(f"Connection broken: {signed(request)}")


def bad_header(request: Request, _response: Response) -> Exception:
    """What requests says of a token with a line break in it."""
    words = f"Invalid leading whitespace, reserved character(s) in header value: 'Bearer {CANARY}'"
    return ValueError(words)


def unforeseen(request: Request, _response: Response) -> Exception:
    return RuntimeError(f"a bug at {signed(request)} with Bearer {CANARY} and {JWT}")


def writes_only(meddle: Meddle) -> Meddle:
    """Only once something was written, so that operations are asked for in vain."""
    written: list[str] = []

    def choose(request: Request, response: Response) -> Response | Exception:
        if request.method != "GET":
            written.append(request.url)
            return response
        return meddle(request, response) if written else response

    return choose


TROUBLE: dict[str, Callable[[], Meddle]] = {
    **{f"echo {status}": partial(echo, status) for status in (400, 401, 403, 409, 500)},
    "lost": lambda: lost,
    "cut": lambda: cut,
    "bad header": lambda: bad_header,
    "unforeseen": lambda: unforeseen,
}
SECRETS = {CANARY, JWT}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("command", ["plan", "verify", "snapshot", "apply", "apply, once written"])
def test_a_failing_loud_run_says_no_secret(
    azure: Watched,
    run: Run,
    folder: Path,
    own_environment: Path,
    logged: pytest.LogCaptureFixture,
    command: str,
    trouble: str,
) -> None:
    kind, _, once_written = command.partition(", ")
    meddle = TROUBLE[trouble]()
    azure.meddle = writes_only(meddle) if once_written else meddle
    done = run(*{**READING, **WRITING}[kind], *LOUD)
    assert done.code not in {0, 3}, done.err
    assert hits(azure.secrets | SECRETS, done, logged, folder, own_environment) == []


@pytest.mark.parametrize("trouble", ["echo 403", "lost", "unforeseen"])
def test_a_failing_quiet_run_says_no_secret(
    azure: Watched,
    run: Run,
    folder: Path,
    logged: pytest.LogCaptureFixture,
    trouble: str,
) -> None:
    azure.meddle = TROUBLE[trouble]()
    done = run(*READING["plan"], "--quiet")
    assert done.code == 1
    assert done.err
    assert hits(SECRETS, done, logged, folder) == []


def test_a_service_that_fails_an_operation_with_secrets_in_its_words_is_cleaned(
    run: Run,
    folder: Path,
    own_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.LogCaptureFixture,
) -> None:
    words = f"Bearer {CANARY} at https://x.invalid/?sig={CANARY}&s={CANARY}"
    azure = watched([{"kind": "operation-fails", "path": "*", "message": words}])
    azure.install(monkeypatch)
    done = run(*WRITING["apply"], "--journal", "run.jsonl", *LOUD)
    assert done.code == 5
    assert "<redacted>" in done.out
    assert hits(azure.secrets, done, logged, folder, own_environment) == []


def test_over_real_sockets_the_libraries_log_no_secret_either(
    logged: pytest.LogCaptureFixture,
) -> None:
    """urllib3 writes the path and query of every request into its log at DEBUG."""
    url = f"{VAULT}/replicationOperationStatus/j?api-version=1&c={CANARY}&s=x{CANARY}&h=y{CANARY}"

    def azures(_heard: Heard) -> Reply:
        return Reply(200, {"value": []})

    with listening(azures) as azure:
        clock = VirtualClock()
        made = Connection(
            requests_transport(2, environment=False, verify=True),
            TokenCache(CanaryCredential(clock.now), "scope", "", clock),
            azure.url,
            Place.of_url(azure.url),
            cloud="AzureCloud",
            workers=2,
            clock=clock,
            rng=Random(7),
        )
        with made:
            made.follow(f"{azure.url}{url}")
            made._pipeline.run(HttpRequest("DELETE", f"{azure.url}{_MAPPING}"))
        assert azure.heard[0].path == url
    assert "replicationOperationStatus" in logged.text
    assert "urllib3" in logged.text
    assert CANARY not in logged.text


_MAPPING = (
    f"{VAULT}/replicationFabrics/f/replicationNetworks/azureNetwork/replicationNetworkMappings/m"
)
