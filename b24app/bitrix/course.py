"""How one REST call has gone so far: what was waited, what was tried, what is in doubt."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from b24app.errors import (
    AuthorizationLost,
    B24AppError,
    MethodBlocked,
    PortalError,
    RateLimited,
    may_have_acted,
)
from b24app.records import Patience


class Expired(Exception):
    """The access token's hour is over; never leaves the REST client."""


@dataclass
class Course:
    """How one call has gone so far."""

    patience: Patience
    methods: Collection[str] = ()  # of the items, when the call is a batch
    started: float = field(default_factory=time.monotonic)
    access: str = field(default="", repr=False)
    waited: float = 0.0
    attempt: int = 1
    renewed: bool = False
    replaced: bool = False  # by another chain's token
    moved: bool = False
    doubt: B24AppError | None = None  # a failure after which the portal may have acted

    def lasting(self, work: Callable[[], str]) -> str:
        """Do what may take its time; the patience pays for it.

        When it fails and an earlier try is in doubt, it is the doubt that is raised.
        """
        began = time.monotonic()
        try:
            return work()
        except B24AppError as exc:
            if self.doubt:
                raise self.doubt from exc
            raise
        finally:
            self.patience.spend(time.monotonic() - began)

    def sleep(self, seconds: float) -> None:
        """Wait, and remember it."""
        time.sleep(seconds)
        self.waited += seconds
        self.patience.spend(seconds)

    def failed(self, error: B24AppError, seconds: float) -> None:
        """A try has failed after so many seconds, which count as waiting: nothing came of them."""
        self.patience.spend(seconds)
        if may_have_acted(error):
            self.doubt = error

    def verdict(self, error: B24AppError) -> B24AppError:
        """What is raised of a call that ends with this error.

        An earlier try in doubt is worse news, unless this is the portal's own answer to the call:
        then that is told, and carries the doubt.
        """
        if self.doubt is None or error is self.doubt:
            return error
        if isinstance(error, RateLimited | MethodBlocked):  # it has not looked at the call
            return self.doubt
        if isinstance(error, PortalError | AuthorizationLost):
            error.in_doubt = True
            return error
        return self.doubt
