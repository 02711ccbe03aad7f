"""Why a portal's tokens cannot be renewed: the authorization server's words, and our own."""

from __future__ import annotations

from typing import Final

# This person's grant is over, another chain may live (b24restdocs: settings/oauth).
DEAD_CHAIN: Final = frozenset({"invalid_grant", "invalid_request"})
# Our own keys are refused: the operator's fault, and nobody's chain is to blame.
REFUSED_KEYS: Final = frozenset({"invalid_client", "wrong_client"})
WRONG_KEYS: Final = "wrong_keys"
# It answered, and said nothing that we know about chain, keys or portal.
ODD_ANSWER: Final = "odd_answer"
# The authorization server's plain word that the portal has uninstalled us.
GONE: Final = frozenset({"not_installed", "error_oauth"})
UNPAID: Final = "payment_required"
# What the operator reads in the log and on the command line, by reason.
OPERATOR: Final = {
    "no_chain": "no administrator has left access; the next one who opens the application does",
    "invalid_grant": "the authorization server calls the chain dead",
    "invalid_request": "the authorization server calls the chain dead",
    "spent": "a renewal was cut off and its answer lost: the chain is spent",
    "unreadable": "no key of TOKEN_KEYS opens the chain",
    "payment_required": "the portal's plan has ended; asked once a minute at most",
    "not_installed": "the portal has uninstalled the application; asked once a minute at most",
    "error_oauth": "the portal has uninstalled the application; asked once a minute at most",
    "wrong_keys": "the authorization server refuses B24_CLIENT_ID or B24_CLIENT_SECRET: mend them;"
    " if it accepts them for other portals, this one has uninstalled the application",
    "unreachable": "the authorization server does not answer; no token is to blame",
    "odd_answer": "the authorization server refuses for a reason of its own, see the log; no token"
    " is to blame; asked once a minute at most",
    "authorization_error": "the portal does not let the person in any more",
    "user_access_error": "the portal does not let the person use the application any more",
    "invalid_token": "the portal does not know the access token",
    "application_not_found": "the portal does not have the application any more",
    "portal_deleted": "Bitrix24 says that the portal was deleted",
}


def reason_of(code: str) -> str:
    """Under which name a refusal is noted that is not one chain's."""
    if code in REFUSED_KEYS:
        return WRONG_KEYS
    return code if code in {UNPAID, *GONE} else ODD_ANSWER
