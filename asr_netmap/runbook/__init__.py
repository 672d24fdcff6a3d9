"""What runs inside Azure Automation, as a Python runbook: one string in, job streams out.

    import sys
    from asr_netmap.runbook import main

    sys.exit(main(sys.argv[1:]))

The modes, from harmless to careful:

``verify``  (default) reads and reports what is not as declared; writes nothing.
``finish``  carries out first-time sets alone: NIC settings that nobody has set yet, such as those
            of VMs that became ``Protected`` since yesterday. With ``--plan`` and
            ``--expect-sha256`` it carries out what that approved plan holds, too. Mappings and
            networks that are missing are no settings: they are left to people, or to ``apply``.
``apply``   carries out what is declared, missing mappings and what ``protect:`` names included. It
            creates no network unless ``safety: {create_networks: true}`` or ``--create-networks``
            says so, refuses to delete or re-point a mapping unless ``allow_retarget`` does, and
            overwrites no value that somebody set unless ``existing: enforce`` or a row of
            ``nics.settings`` does.

The one string is command-line words, JSON with the same names, or the name of an Automation
variable that holds a netmap.yaml: see `asr_netmap.runbook.argument`. Time windows are given there,
too (`asr_netmap.runbook.windows`): they bind a job and not the people at a terminal.

    exit code   in a job
    0           done or nothing to do; also: changes or items are pending, drift was found
    1           error, nothing written
    2           the string can't be meant, or there is none: the job then explains itself
    3           drift, where ``--fail-on-drift`` or ``--fail-on`` asks for it
    4           refused, nothing written: a freeze, a safety limit, an ongoing failover, a plan that
                is not the approved one
    5           incomplete: changes failed, or something could not be looked at; with
                ``--fail-on-pending`` also what is pending
    6           outcome unknown for at least one change
    130         interrupted

The last line of a job is one JSON object, ``{"schema": "asr-netmap/runbook/1", …}``. Importing
this package loads nothing; `main` does.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one job and return its exit code; never raises what a job could raise.

    argv -- the runbook's parameters, without the program's name; None: those of this process.
    """
    from asr_netmap.runbook.job import run  # noqa: PLC0415 -- a bundle is built without it

    return run(argv)
