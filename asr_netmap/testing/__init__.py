"""Cassettes: tests against what Azure really answered, without Azure.

    record           a connection whose exchanges go into a file, scrubbed
    replay           a connection that answers from such a file
    run_cli          the command line in this process, kept from the network
    pytest_plugin    the fixture `netmap_cassette`

    with replay("cassettes/prod.yaml") as azure:
        assert api.verify(azure, settings).findings == ()

Needs the extra: ``pip install 'asr-netmap[testing]'``. Recording and replay sit on the transport
of azure-core, since vcrpy's own patches of the process lose requests of other threads; the files
are vcrpy's, and stock vcrpy reads them.

    cassette     the file        scrubbing    what is taken out       lint    what was overlooked
    recording    makes files     replay       plays them              matching    which is which
    network      what is blocked meanwhile
"""

from __future__ import annotations

from asr_netmap.testing.cli_runner import CliResult, run_cli
from asr_netmap.testing.network import NoNetwork
from asr_netmap.testing.recording import record
from asr_netmap.testing.replay import ReplayTransport, replay

__all__ = ["CliResult", "NoNetwork", "ReplayTransport", "record", "replay", "run_cli"]
