"""A page: what every output format is made from. All texts are plain and may be foreign."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import TypeVar, overload

S = TypeVar("S")
T = TypeVar("T")

# How a line begins that says what to do, and one that does it; the latter stays in one piece.
FIX, RUN = "fix: ", "run: "


class Tone(Enum):
    """What a piece of a page means; a renderer may give it a colour, and need not."""

    PLAIN = "plain"
    GOOD = "good"
    CHANGE = "change"
    WARNING = "warning"
    BAD = "bad"
    FAINT = "faint"


class Later(Sequence[T]):
    """Parts of a page that are made each time that they are looked at, and never all at once.

    make -- gives them, from what doesn't change.
    length -- how many; None: as many as are made.
    """

    def __init__(self, make: Callable[[], Iterable[T]], length: int | None = None) -> None:
        self._make = make
        self._length = length

    def __iter__(self) -> Iterator[T]:
        return iter(self._make())

    def __len__(self) -> int:
        return sum(1 for _ in self) if self._length is None else self._length

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        if isinstance(place, slice) and place.start is None and place.step is None:
            return tuple(islice(self, place.stop))
        return tuple(self)[place]


def later(one: Callable[[S], T], values: Sequence[S]) -> Later[T]:
    """What `one` makes of each value, made when it is looked at."""
    return Later(lambda: map(one, values), len(values))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    tones -- one per row, or none at all.
    nothing -- what is said instead of a table without rows.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    tones: tuple[Tone, ...] = ()
    nothing: str = "none"


@dataclass(frozen=True, slots=True)
class Card:
    """A heading with lines below it.

    mark -- a short word in front, such as ``create`` or ``warning``.
    """

    mark: str
    heading: str
    lines: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards under a title."""

    title: str
    cards: Sequence[Card]
    nothing: str = "none"


@dataclass(frozen=True, slots=True)
class Note:
    """Lines of text without a title."""

    lines: tuple[str, ...]
    tone: Tone = Tone.PLAIN


Block = Table | Cards | Note


@dataclass(frozen=True, slots=True)
class Page:
    """A whole output.

    sandbox -- the data is a sandbox's; every renderer says so at the top.
    rows -- the one table that CSV gives.
    cassette -- where the data is a recording: the line that says so, instead of the sandbox's.
    """

    title: str
    blocks: tuple[Block, ...]
    sandbox: bool = False
    rows: Table = field(default_factory=lambda: Table("", (), ()))
    cassette: str = ""

    @property
    def banner(self) -> str:
        """Whose data it is, where it is not Azure's and of now; else empty."""
        return self.cassette or (SANDBOX_BANNER if self.sandbox else "")


SANDBOX_BANNER = "SANDBOX: nothing on this page comes from Azure, and nothing there changes"


def joined(pages: tuple[Page, ...]) -> Page:
    """Several pages as one, each under its own title; the rows of all in one table."""
    if len(pages) == 1:
        return pages[0]
    blocks: list[Block] = []
    for page in pages:
        blocks += [Note((page.title,), Tone.CHANGE), *page.blocks]
    first = pages[0].rows
    rows = Later(lambda: (row for page in pages for row in page.rows.rows))
    return Page(
        f"{len(pages)} vaults or pairs of regions",
        tuple(blocks),
        any(page.sandbox for page in pages),
        Table(first.title, first.columns, rows),
    )
