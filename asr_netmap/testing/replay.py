"""Replay: a connection that answers from a cassette, and from nothing else.

Every recorded interaction is played once; equal requests get their answers in the recorded order.
Nothing sleeps: the clock stands at the recorded time and moves to where each answer was. Ids that
the cassette holds replacements for may be used as they are: what a request says is replaced
before it is looked for, and put back in the answers.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from asr_netmap.clock import Clock, VirtualClock
from asr_netmap.errors import NotRecorded, Unplayed
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import Connection, Replayed, connect_over
from asr_netmap.gateway.foreign_text import one_line
from asr_netmap.gateway.sandbox_transport import SandboxTransport
from asr_netmap.sandbox.http import Request, Response
from asr_netmap.testing import guids
from asr_netmap.testing.cassette import Cassette, Interaction, load
from asr_netmap.testing.encodings import as_text
from asr_netmap.testing.matching import Wanted, differences, hashed_names, likeness, wanted
from asr_netmap.testing.network import NoNetwork
from asr_netmap.testing.scrubbing import Names, Scrubber, real_of, tag_replacement

_LISTED = 10
_NEAREST = 3
_NEAR_ENOUGH = 1.5
_REQUEST_ID = "x-ms-client-request-id"
_NO_TIME = datetime(2026, 1, 1, tzinfo=timezone.utc)

AllowUnplayed = bool | Literal["reads"]
"""Whether recorded interactions may stay unplayed: none, all of them, or all but writes."""


class ReplayTransport(SandboxTransport):
    """An azure-core transport over a cassette; safe for threads, without any network.

    ids -- GUIDs and values of tags that answers show again, beside those that requests name.
    names -- real name -> what stands for it in the cassette.
    clock -- None: a virtual one that stands at the recorded time.
    """

    def __init__(
        self,
        cassette: Cassette,
        *,
        clock: Clock | None = None,
        ids: Iterable[str] = (),
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.cassette = cassette
        self.clock = clock or VirtualClock(cassette.time or _NO_TIME)
        self.cloud = cloud_of(cassette)
        self.missed: list[NotRecorded] = []
        self._scrubber = Scrubber(self.cloud.host, Names(dict(names or {})))
        self._recorded = [
            wanted(each.method, each.url, each.request_body, self._scrubber)
            for each in cassette.interactions
        ]
        self._left = dict.fromkeys(range(len(self._recorded)))
        self._real: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._hashed: dict[str, str] = {}
        self._lock = threading.Lock()
        self._began = self.clock.monotonic()
        self._learn_ids(ids)
        super().__init__(self._answer, self.clock, Random(0))  # noqa: S311 -- the same every time

    @property
    def unplayed(self) -> tuple[Interaction, ...]:
        """The recorded interactions that nobody asked for yet."""
        with self._lock:
            return tuple(self.cassette.interactions[place] for place in self._left)

    def finish(
        self,
        *,
        allow_unplayed: AllowUnplayed = False,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        """Raise NotRecorded if a request was missed and that was swallowed, else Unplayed.

        warn -- told how many stayed unplayed, where that is allowed.
        """
        if self.missed:
            raise self.missed[0]
        left = self.unplayed
        if not left:
            return
        told = (
            f"{self.cassette.name}: {len(left)} of {len(self._recorded)} recorded interactions "
            "were not asked for"
        )
        writes = [each for each in left if each.method.upper() not in _READS]
        if allow_unplayed is True or (allow_unplayed == "reads" and not writes):
            if warn is not None:
                warn(f"{told}.")
            return
        if writes:
            told += f", {len(writes)} of them writes"
        raise Unplayed(f"{told}:\n{_listed(writes if allow_unplayed else left)}", _RECORD_OWN)

    def _answer(self, request: Request, _now: datetime, _rng: Random) -> Response:
        with self._lock:
            self._learn(request)
            asked = wanted(request.method, request.url, request.body, self._scrubber)
            place = self._place_of(asked)
            if place is None:
                error = self._not_recorded(asked)
                self.missed.append(error)
                raise error
            del self._left[place]
            interaction = self.cassette.interactions[place]
            self._learn_request_id(interaction, request)
            self._move_clock(interaction)
            return self._restored(interaction)

    def _place_of(self, asked: Wanted) -> int | None:
        exact = next((place for place in self._left if self._recorded[place] == asked), None)
        if exact is not None:
            return exact
        plain = asked.unhashed
        for place in self._left:
            if self._recorded[place].unhashed == plain:
                self._learn_hashes(asked, self._recorded[place])
                return place
        return None

    def _learn(self, request: Request) -> None:
        """Take from a request what answers have to say in place of replacements."""
        body = as_text(request.body) or ""
        self._real.update(real_of([unquote(request.url), body]))
        try:
            self._learn_tags(json.loads(body) if body else None)
        except (ValueError, RecursionError):
            return

    def _learn_tags(self, value: Any) -> None:
        tags = value.get("tags") if isinstance(value, dict) else None
        if isinstance(tags, dict):
            self._learn_ids(str(each) for each in tags.values())

    def _learn_ids(self, ids: Iterable[str]) -> None:
        for each in ids:
            if guids.GUID.fullmatch(each):
                self._real.update(real_of([each]))
            elif tag_replacement(each) != each:
                self._tags[tag_replacement(each)] = each

    def _learn_request_id(self, interaction: Interaction, request: Request) -> None:
        """A job carries the id of the write that it became."""
        recorded = dict(interaction.request_headers).get(_REQUEST_ID, "")
        sent = request.header(_REQUEST_ID) or ""
        if guids.GUID.fullmatch(recorded) and sent:
            self._real[recorded.lower()] = sent

    def _learn_hashes(self, asked: Wanted, recorded: Wanted) -> None:
        here = hashed_names(f"{asked.path} {asked.body}")
        for start, name in hashed_names(f"{recorded.path} {recorded.body}").items():
            if start in here:
                self._hashed[name] = here[start]

    def _move_clock(self, interaction: Interaction) -> None:
        """To where the answer was, so that everything that depends on time happens again."""
        if interaction.seconds is None or not isinstance(self.clock, VirtualClock):
            return
        behind = self._began + interaction.seconds - self.clock.monotonic()
        if behind > 0:
            self.clock.sleep(behind)

    def _restored(self, interaction: Interaction) -> Response:
        body = interaction.body
        text = as_text(body)
        return Response(
            interaction.status,
            tuple((name, self._as_it_was(value)) for name, value in interaction.headers),
            body if text is None else self._as_it_was(text).encode(),
        )

    def _as_it_was(self, text: str) -> str:
        for name, here in self._hashed.items():
            text = text.replace(name, here)
        for fake, value in self._tags.items():
            text = text.replace(json.dumps(fake), json.dumps(value))
        text = guids.GUID.sub(lambda m: self._real.get(m.group().lower(), m.group()), text)
        return self._scrubber.names.restored(text)

    def _not_recorded(self, asked: Wanted) -> NotRecorded:
        count = Counter(self._recorded)[asked]
        name = self.cassette.name or "The cassette"
        if count:
            times = "once" if count == 1 else f"{count} times"
            return NotRecorded(
                f"{name}: {asked} is recorded {times}, and was played already.", _RECORD_AGAIN
            )
        near = sorted(set(self._recorded), key=lambda each: (-likeness(asked, each), str(each)))
        near = [each for each in near if likeness(asked, each) >= _NEAR_ENOUGH][:_NEAREST]
        lines = [f"  {each}\n    has {'; '.join(differences(asked, each))}" for each in near]
        nearest = "The nearest recorded ones:\n" + "\n".join(lines) if lines else "Nothing is near."
        return NotRecorded(f"{name}: {asked} is not recorded. {nearest}", _RECORD_AGAIN)


_READS = frozenset({"GET", "HEAD"})
_RECORD_AGAIN = "Record it again with --record, or correct what asks."
_RECORD_OWN = (
    "A cassette replays what it was recorded from: record this, too. In tests, allow_unplayed "
    "takes a part of a bigger one."
)


def _listed(left: Sequence[Interaction]) -> str:
    lines = [f"  {each.method} {one_line(urlsplit(each.url).path, 300)}" for each in left]
    more = [f"  and {len(left) - _LISTED} more"] if len(left) > _LISTED else []
    return "\n".join(lines[:_LISTED] + more)


@contextmanager
def replay(
    path: Path | str,
    *,
    clock: Clock | None = None,
    allow_unplayed: AllowUnplayed = False,
    ids: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
    allow_network: Iterable[str] = (),
    warn: Callable[[str], None] | None = None,
) -> Iterator[Connection]:
    """A connection that answers from a cassette; one worker, no network, no waiting.

    A cassette replays what it was recorded from. One of a single command replays that command,
    in the same state and with the same settings: another one asks for something else, or leaves
    some of it. To ask for a part, allow that; to call several functions of `asr_netmap.api` on
    one cassette, `record` the same calls.

    Inside the block nothing in this process reaches another host (`NoNetwork`).

    clock -- None: a virtual one that stands at the recorded time.
    allow_unplayed -- what is recorded need not all be asked for; ``"reads"``: but every write.
    ids -- real GUIDs and values of tags that answers show in place of their replacements, where
        no request names them first.
    names -- real name -> what stands for it, as it was given to `record`.
    allow_network -- hosts that may be reached all the same, such as ``127.0.0.1``.
    warn -- told how many interactions stayed unplayed, where that is allowed.
    Raises CassetteFileError for what is no cassette; NotRecorded for a request that it doesn't
    hold and NetworkBlocked for another host, where that is asked for and again at the end if it
    was swallowed; and Unplayed at the end of the block.
    """
    transport = ReplayTransport(load(Path(path)), clock=clock, ids=ids, names=names)
    with NoNetwork(allow_network) as block, connected(transport) as azure:
        yield azure
    block.finish()
    transport.finish(allow_unplayed=allow_unplayed, warn=warn)


def connected(transport: ReplayTransport, *, workers: int = 1) -> Connection:
    """A connection over a cassette, not opened yet."""
    cassette = transport.cassette
    origin = cassette.recorded.origin if cassette.recorded else ""
    return connect_over(
        transport,
        transport.cloud,
        clock=transport.clock,
        rng=Random(0),  # noqa: S311 -- jitter and request ids, the same in every run
        workers=workers,
        cassette=Replayed(cassette.name, cassette.time, origin),
    )


def cloud_of(cassette: Cassette) -> Cloud:
    """The cloud that a cassette names, or whose host its requests go to."""
    named = cassette.recorded.cloud if cassette.recorded else ""
    hosts = {urlsplit(each.url).netloc.lower() for each in cassette.interactions}
    for cloud in Cloud:
        if cloud.value == named or (not named and cloud.host in hosts):
            return cloud
    return Cloud.PUBLIC
