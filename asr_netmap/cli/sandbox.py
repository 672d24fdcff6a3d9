"""``sandbox``: the embedded fake ARM, to rehearse without Azure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.console import Console
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.program import group
from asr_netmap.errors import EstateFileError, FileError, UsageError
from asr_netmap.files import claim_new

if TYPE_CHECKING:
    from asr_netmap.sandbox.server import SandboxServer
    from asr_netmap.sandbox.session import FileSandbox

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.")]
Empty = Annotated[bool, typer.Option("--empty", help="No resources instead of the demo estate.")]


@dataclass(frozen=True, slots=True)
class Serving:
    """What is served, and how it behaves."""

    estate: Annotated[
        Path,
        typer.Option(
            "--estate",
            metavar="FILE",
            help="The estate file to serve and keep.",
            show_default=False,
        ),
    ]
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 picks a free one."),
    ] = 0
    latency: Annotated[
        float, typer.Option("--latency", min=0.0, metavar="SECONDS", help="Added to every answer.")
    ] = 0.0
    operation_seconds: Annotated[
        float,
        typer.Option(
            "--operation-seconds", min=0.0, metavar="SECONDS", help="How long operations take."
        ),
    ] = 0.0
    replication_seconds: Annotated[
        float,
        typer.Option(
            "--replication-seconds",
            min=0.0,
            metavar="SECONDS",
            help="How long the first replication of a VM takes.",
        ),
    ] = 1124.0
    retry_after: Annotated[
        int,
        typer.Option(
            "--retry-after",
            min=0,
            metavar="SECONDS",
            help="What accepted writes ask clients to wait.",
        ),
    ] = 30
    throttle: Annotated[bool, typer.Option("--throttle", help="Enforce ARM's request limits.")] = (
        False
    )
    tls_cert: Annotated[
        Path | None,
        typer.Option("--tls-cert", metavar="PEM", help="Serve https with this certificate."),
    ] = None
    tls_key: Annotated[
        Path | None,
        typer.Option("--tls-key", metavar="PEM", help="Its key, if in a file of its own."),
    ] = None


def add_to(app: typer.Typer) -> None:
    """Add the group with its commands."""
    sandbox = group(
        "Rehearse on an embedded fake ARM.",
        "asr-netmap sandbox new estate.json",
        "asr-netmap sandbox serve --estate estate.json --port 8480",
    )
    command(sandbox, "new", new)
    command(sandbox, "serve", serve_estate)
    app.add_typer(sandbox, name="sandbox")


def new(console: Console, file: NewFile, empty: Empty = False) -> ExitCode:
    """Make an estate file with the demo estate in it, or with nothing.

    \b
    Examples:
      asr-netmap sandbox new estate.json
      asr-netmap sandbox new empty.json --empty
    """
    from asr_netmap.sandbox import Estate, demo_estate  # noqa: PLC0415 -- only here

    estate = Estate() if empty else demo_estate()
    claim_new(file)
    try:
        estate.save(file)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise FileError(
            f"{file} can't be written: {error.strerror or error}.",
            "Choose a file in a directory with room for it.",
        ) from None
    console.say(f"Made {file}.")
    if not empty:
        console.say(
            f"Next: asr-netmap discover --sandbox {shlex.quote(str(file))} -g rg-vault "
            "--vault-name vault-dr --source-region eastasia --target-region southeastasia"
        )
    return ExitCode.DONE


def serve_estate(console: Console, serving: Serving) -> ExitCode:
    """Serve an estate file on this machine; the first line of standard output is the URL.

    It listens on the loopback interface only and takes no real credential. Ctrl-C ends it.

    \b
    Examples:
      asr-netmap sandbox serve --estate estate.json --port 8443
      asr-netmap sandbox serve --estate estate.json --operation-seconds 3 --throttle
    """
    sandbox = _opened(serving)
    server = _bound(sandbox, serving)
    console.data(f"{server.url}\n")
    console.say(f"SANDBOX: serving {serving.estate} until Ctrl-C. Point commands at it with")
    ca = f" --ca {shlex.quote(str(serving.tls_cert))}" if serving.tls_cert else ""
    console.say(f"  --endpoint {server.url}{ca}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        console.say("Stopped.")
    finally:
        server.server_close()
    return ExitCode.DONE


def _opened(serving: Serving) -> FileSandbox:
    from asr_netmap.sandbox import EstateError, FileSandbox, Options  # noqa: PLC0415 -- only here

    path = serving.estate
    if not path.exists():
        raise EstateFileError(
            f"There is no estate file {path}.", f"Make one with `asr-netmap sandbox new {path}`."
        )
    options = Options(
        operation_seconds=serving.operation_seconds,
        replication_seconds=serving.replication_seconds,
        retry_after=serving.retry_after,
        throttle=serving.throttle,
    )
    try:
        return FileSandbox(path, options)
    except EstateError as error:
        raise EstateFileError(
            str(error), "An estate file is what `asr-netmap snapshot` or `sandbox new` writes."
        ) from None


def _bound(sandbox: FileSandbox, serving: Serving) -> SandboxServer:
    from asr_netmap.sandbox.server import serve  # noqa: PLC0415 -- only here

    if serving.tls_key is not None and serving.tls_cert is None:
        raise UsageError("--tls-key is given without --tls-cert.", "Give the certificate, too.")
    try:
        return serve(
            sandbox,
            port=serving.port,
            latency=serving.latency,
            tls_certificate=serving.tls_cert,
            tls_key=serving.tls_key,
        )
    except OSError as error:
        raise FileError(
            f"Can't serve on port {serving.port}: {error.strerror or error}.",
            "Choose another port (0 picks a free one), and check the PEM files if you gave any.",
        ) from None
