"""Where a run's journal goes."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asr_netmap import __version__

if TYPE_CHECKING:
    from asr_netmap.applying.journal import FileJournal
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.change import State
    from asr_netmap.planning.plan import Plan


def open_journal(azure: Connection, plans: Sequence[Plan], path: Path | None) -> FileJournal | None:
    """A new journal for a run over these plans.

    path -- None: in the user's state directory; on a sandbox or a cassette there is none then.
    Raises FileError.
    """
    from asr_netmap.applying.journal import (  # noqa: PLC0415 -- only what writes needs it
        FileJournal,
        Header,
        default_journal_path,
    )
    from asr_netmap.planning.document import scope_document  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.documents import fingerprint_of  # noqa: PLC0415 -- the same

    if path is None and (azure.sandbox or azure.cassette):
        return None
    now, run = azure.clock.now(), str(uuid.uuid4())
    digest = fingerprint_of(plans)
    header = Header(
        run,
        {"plans": [scope_document(plan.scope) for plan in plans]},
        digest,
        __version__,
        now,
    )
    place = path or default_journal_path(now, digest, os.environ, run)
    return FileJournal.create(place, header, _state_to_json)


def _state_to_json(state: State | None) -> Any:
    from asr_netmap.planning.document import (  # noqa: PLC0415 -- loads pydantic
        kind_of_state,
        state_document,
    )

    return None if state is None else state_document(kind_of_state(state), state)
