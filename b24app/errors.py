"""What can go wrong, split by who can mend it. Every class carries facts.

B24AppError
├─ ConfigurationError        operator, at start-up only
├─ Refused                   the caller sent something we do not accept
│  ├─ BadPayload             malformed form or field; .errors says which and why
│  ├─ TooLarge               more than we read
│  ├─ Unproven               the authorization server does not vouch for it; .reason
│  │  └─ BadApplicationToken not from this installation
│  ├─ SessionExpired         session token old or forged
│  ├─ NotAdmin               right user, wrong right
│  ├─ NotFound               not in *this* portal
│  ├─ NotConfirmed           the name that confirms a deletion is another one
│  └─ Conflict               changed meanwhile; .saved is what stands now
├─ NotInstalled              no installation for the portal
├─ AuthorizationLost         only a person or a payment mends it; .reason
├─ PortalError               the portal answered "no": .method .code .status .permanent
│  ├─ AccessDenied           scope or rights missing          permanent
│  │  ├─ UserShutOut         the person may not use the application
│  │  └─ PlanTooSmall        whoever pays for the portal mends it
│  ├─ Rejected               what we sent, or how, is wrong   permanent
│  ├─ ApplicationBlocked     by hand; Bitrix24's support lifts it permanent
│  ├─ ConfirmationNeeded     an administrator must allow the method in the portal
│  ├─ PortalTrouble          the portal's own failure         passes
│  ├─ MethodGone             unknown or removed method        permanent
│  ├─ NotOurs                belongs to another application   permanent
│  ├─ AlreadyGone            the thing is not on the portal   permanent
│  ├─ LimitReached           the portal takes no more of them permanent
│  ├─ RateLimited            too many requests                passes
│  └─ MethodBlocked          operating time used up           passes
├─ Unfinished                a change stopped half-way and could not be put back
├─ PortalUnreachable         no usable answer from a portal; .sent says whether it may have acted
├─ AuthServerUnreachable     no usable answer from the authorization server
├─ AuthServerRefused         it answered with an error; .code
├─ Busy                      somebody else is changing the same portal; passes
└─ StoreUnavailable          Redis does not answer

No message holds a token; what a person reads is chosen by class in ``web/replies.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping


class B24AppError(Exception):
    """Root of everything this application raises on purpose.

    ``in_doubt`` says that an earlier try of the same call may have done its work.
    """

    in_doubt = False


class ConfigurationError(B24AppError):
    """A setting is missing or wrong; the message is the one line the operator reads."""


class Refused(B24AppError):
    """The caller sent something we do not accept."""


class BadPayload(Refused):
    """Fields that do not fit; ``errors`` maps a field to a reason code."""

    def __init__(self, field: str, reason: str, more: Mapping[str, str] | None = None) -> None:
        self.errors = {field: reason, **(more or {})}
        super().__init__(", ".join(f"{name}: {why}" for name, why in self.errors.items()))


class TooLarge(Refused):
    """A body longer than we read."""


class Unproven(Refused):
    """What was said could not be proven; ``reason`` is for the operator's log."""

    def __init__(self, reason: str, member_id: str = "") -> None:
        self.reason = reason
        self.member_id = member_id
        super().__init__(f"{reason} (portal {member_id or 'unknown'})")


class BadApplicationToken(Unproven):
    """An event that does not carry this installation's application token."""


class SessionExpired(Refused):
    """The session token is missing, old or forged."""


class NotAdmin(Refused):
    """The person is known and may not do this."""


class NotFound(Refused):
    """Nothing of that name in this portal."""


class NotConfirmed(Refused):
    """What was typed to confirm a deletion is not the name of the thing."""


class Conflict(Refused):
    """Somebody saved meanwhile; ``saved`` is the record that stands now."""

    def __init__(self, saved: object) -> None:
        self.saved = saved
        super().__init__("changed meanwhile")


class NotInstalled(B24AppError):
    """The portal has not installed the application."""

    def __init__(self, member_id: str) -> None:
        self.member_id = member_id
        super().__init__(f"portal {member_id} has no installation")


class AuthorizationLost(B24AppError):
    """No chain of this portal can be renewed; ``reason`` says why.

    ``who`` is the person whose chain it was, where that is known.
    """

    def __init__(self, member_id: str, reason: str, who: str = "") -> None:
        self.member_id = member_id
        self.reason = reason
        self.who = who
        super().__init__(f"portal {member_id}: {reason}")


class PortalError(B24AppError):
    """The portal answered "no"."""

    permanent = True

    def __init__(self, method: str, code: str, status: int, member_id: str = "") -> None:
        self.method = method
        self.code = code
        self.status = status
        self.member_id = member_id
        super().__init__(f"portal {member_id}: {method} answered {status} {code}")


class AccessDenied(PortalError):
    """A scope or a right is missing."""


class UserShutOut(AccessDenied):
    """The portal's administrator has not let this person use the application."""


class PlanTooSmall(AccessDenied):
    """The portal's plan does not include it."""


class Rejected(PortalError):
    """What was sent, or the way it was sent, does not fit: only another version of ours mends it.

    Or the portal does not say more than that.
    """


class ApplicationBlocked(PortalError):
    """Bitrix24 has blocked the application by hand, until its support lifts that."""


class ConfirmationNeeded(PortalError):
    """An administrator of the portal must allow the method first, or has not."""


class PortalTrouble(PortalError):
    """The portal failed by itself; passes."""

    permanent = False


class MethodGone(PortalError):
    """The portal does not have this method."""


class NotOurs(PortalError):
    """The thing was registered by another application."""


class AlreadyGone(PortalError):
    """The thing is not on the portal."""


class LimitReached(PortalError):
    """The portal takes no more things of this kind from one application."""


class RateLimited(PortalError):
    """Too many requests; passes."""

    permanent = False


class MethodBlocked(PortalError):
    """The method used up its operating time; passes at the Unix time ``reset_at``."""

    permanent = False
    reset_at: float = 0


class Unfinished(B24AppError):
    """A widget's change stopped half-way and could not be put back; places by what stands there.

    ``there`` is as it was wanted, ``before`` as it was before, ``missing`` nothing.
    """

    def __init__(
        self, *, there: Collection[str], before: Collection[str], missing: Collection[str]
    ) -> None:
        self.there = there
        self.before = before
        self.missing = missing
        super().__init__(f"done {list(there)}, left {list(before)}, missing {list(missing)}")


class PortalUnreachable(B24AppError):
    """No usable answer; ``sent`` is True when the portal may have acted all the same."""

    def __init__(self, member_id: str, method: str, *, sent: bool) -> None:
        self.member_id = member_id
        self.method = method
        self.sent = sent
        super().__init__(f"portal {member_id}: no usable answer to {method}")


class AuthServerUnreachable(B24AppError):
    """No usable answer from the authorization server; nobody's token is to blame.

    ``sent`` is False when it cannot have acted.
    """

    def __init__(self, what: str = "", *, sent: bool = True) -> None:
        self.sent = sent
        super().__init__(what)


class AuthServerRefused(B24AppError):
    """The authorization server answered with an error; ``code`` is lower-case."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"authorization server answered {code}")


class Busy(B24AppError):
    """Waited in vain for somebody else's change to end; nothing was done."""


class StoreUnavailable(B24AppError):
    """Redis does not answer."""


def may_have_acted(error: B24AppError) -> bool:
    """Whether the portal may have done what was asked, although this is what came of it.

    So it is after a lost answer and a failure of the portal's own, also where a later try of the
    same call was refused.
    """
    if isinstance(error, PortalUnreachable):
        return error.sent or error.in_doubt
    return isinstance(error, PortalTrouble) or error.in_doubt
