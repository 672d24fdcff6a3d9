"""Every exception that this package raises on purpose.

    AsrNetmapError
    ├── UsageError                  what the user typed can't be right
    │   ├── InvalidArmId
    │   └── SettingsError           one or many mistakes in a netmap.yaml
    │       └── TableError          the same of a NIC table
    ├── NotFound                    a name that is given and doesn't exist
    ├── AmbiguousName               a name that fits several resources
    ├── PlanningError               the declared state can't be planned
    ├── FileError                   a file that isn't what it should be
    │   ├── EstateFileError
    │   ├── PlanFileError
    │   └── CassetteFileError
    ├── CassetteMismatch            a replayed run is not the recorded one
    │   ├── NotRecorded
    │   ├── Unplayed
    │   └── NetworkBlocked
    ├── Refused                     understood, possible, and not done
    │   ├── AlteredPlan
    │   ├── ForeignPlan
    │   ├── ExpiredPlan
    │   ├── StalePlan
    │   ├── UnsafePlan
    │   ├── SharedTarget
    │   ├── Frozen
    │   ├── FailoverInProgress
    │   └── Declined
    └── AzureError                  what Azure answered, or that it didn't
        ├── CredentialsMissing
        ├── Forbidden
        ├── PolicyDenied
        ├── Locked
        ├── ProviderNotRegistered
        ├── Missing
        ├── Busy
        ├── Throttled
        ├── Unreachable
        ├── BlockedRequest          our own guard refused to send it
        ├── UnexpectedAnswer
        ├── OperationFailed
        └── OutcomeUnknown

A message says what and where; ``hint`` says what to do next. The command line turns classes into
exit codes in one place (`asr_netmap.cli.exit_codes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class AsrNetmapError(Exception):
    """Root of the tree.

    message -- what is wrong and where, one or more sentences.
    hint -- what the user can do about it; empty if nothing useful can be said.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(AsrNetmapError):
    """What the user typed can't be right, whatever Azure holds."""


class InvalidArmId(UsageError):
    """A text that is no ARM resource id, or holds a name that can't go into one."""


class SettingsError(UsageError):
    """One or many mistakes in a settings file; `problems` lists them all, each with its line."""

    def __init__(self, where: str, problems: Sequence[str], hint: str = "") -> None:
        self.problems = tuple(problems)
        count = "1 mistake" if len(self.problems) == 1 else f"{len(self.problems)} mistakes"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{where}: {count}\n{lines}", hint)


class TableError(SettingsError):
    """Mistakes in a NIC table, or in what stands for a row of one; nothing of it is taken.

    mistakes -- all of them: line (0: in no line of a file), column (empty: the whole row), text.
    sound -- the rows that have none so far, so that what else is wrong can be said together.
    """

    def __init__(
        self,
        where: str,
        problems: Sequence[str],
        hint: str = "",
        *,
        mistakes: Sequence[tuple[int, str, str]] = (),
        sound: Sequence[Any] = (),
    ) -> None:
        super().__init__(where, problems, hint)
        self.mistakes = tuple(mistakes)
        self.sound = tuple(sound)


class NotFound(AsrNetmapError):
    """A vault, region, network or item that was named and doesn't exist."""


class AmbiguousName(AsrNetmapError):
    """A short name that fits more than one resource."""


class PlanningError(AsrNetmapError):
    """The declared state contradicts itself or what exists; nothing was planned."""


class FileError(AsrNetmapError):
    """A file can't be read, or isn't what it is said to be."""


class EstateFileError(FileError):
    """Not an estate file."""


class PlanFileError(FileError):
    """Not a plan file."""


class CassetteFileError(FileError):
    """Not a cassette."""


class CassetteMismatch(AsrNetmapError):
    """A replayed run is not the recorded one. No AzureError: nothing was asked of Azure.

    Nobody retries it, and nobody takes it for the outcome of a change.
    """


class NotRecorded(CassetteMismatch):
    """A request that the cassette doesn't hold, or not that often."""


class Unplayed(CassetteMismatch):
    """Recorded interactions that the run did not ask for."""


class NetworkBlocked(CassetteMismatch):
    """Something reached for the network while a cassette was played."""


class Refused(AsrNetmapError):
    """Understood and possible, but not done; nothing was written."""


class AlteredPlan(Refused):
    """The plan file isn't what was planned: its digest or the expected digest differs."""


class ForeignPlan(Refused):
    """The plan was made for another tenant, vault, region pair or configuration."""


class ExpiredPlan(Refused):
    """The plan is older than its time to live."""


class StalePlan(Refused):
    """Azure moved since the plan was made, and ``--strict`` forbids applying the rest."""


class UnsafePlan(Refused):
    """A safety limit is exceeded and no flag allows it."""


class SharedTarget(Refused):
    """Two source networks would be mapped to one target network."""


class Frozen(Refused):
    """The configuration, or a tag on the vault or item, stops every write."""


class FailoverInProgress(Refused):
    """An item of the region pair is in failover, in test failover, or not committed."""


class Declined(Refused):
    """The user said no, or could not be asked."""


class AzureError(AsrNetmapError):
    """What Azure answered, or that it did not answer."""


class CredentialsMissing(AzureError):
    """No credential gave a token."""


class Forbidden(AzureError):
    """HTTP 403: the identity lacks an action on a scope.

    action -- the ARM action, such as ``Microsoft.Network/virtualNetworks/read``; may be empty.
    scope -- the ARM scope it is missing on; may be empty.
    """

    def __init__(self, message: str, hint: str = "", action: str = "", scope: str = "") -> None:
        super().__init__(message, hint)
        self.action = action
        self.scope = scope


class PolicyDenied(AzureError):
    """An Azure Policy assignment denied the write."""


class Locked(AzureError):
    """A management lock denied the write."""


class ProviderNotRegistered(AzureError):
    """The subscription isn't registered for a resource provider; this tool never registers."""


class Missing(AzureError):
    """HTTP 404, or one of the 400 answers that mean the same: the resource isn't there."""


class Busy(AzureError):
    """HTTP 409: something else is running on the object; the write was not accepted."""


class Throttled(AzureError):
    """HTTP 429, and the retries that are allowed were not enough.

    retry_after -- seconds that Azure asked to wait; None: it did not say.
    """

    def __init__(self, message: str, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class Unreachable(AzureError):
    """No answer: name resolution, connection, time-out, or a service that is down (5xx)."""


class BlockedRequest(AzureError):
    """Our own guard refused to send a request: foreign host, or a call that we never make."""


class UnexpectedAnswer(AzureError):
    """An answer that can't be read: not JSON, cut off, or of an unknown shape."""


class OperationFailed(AzureError):
    """Azure accepted the write and then reported that it failed.

    code -- the service's own error code, such as ``28020``; may be empty.
    """

    def __init__(self, message: str, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class OutcomeUnknown(AzureError):
    """A write was sent and nobody can say whether it took effect."""
