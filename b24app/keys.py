"""Names of the Redis keys, one function each: type, lifetime, owner.

Braces around the member id keep all keys of a portal in one slot of a cluster.
"""

from __future__ import annotations

PREFIX = "b24app"


def portals() -> str:
    """SET of member ids, for good. Who has an installation."""
    return f"{PREFIX}:portals"


def portal_prefix(member_id: str) -> str:
    """What every key of one portal begins with."""
    return f"{PREFIX}:{{{member_id}}}:"


def installation(member_id: str) -> str:
    """HASH, for good. The installation; the application token is sealed."""
    return f"{portal_prefix(member_id)}installation"


def chains(member_id: str) -> str:
    """HASH, for good. ``gen``, ``use``, ``trouble``, ``located``, ``kept``, user id -> chain,
    ``journal <user id>``, ``was <user id>``.

    A chain is ``version|state|expires|proven|sealed pair|issued|since|tried|reason|name``.
    ``was`` holds digests of the refresh tokens it had last, the newest first; ``kept`` the last
    question to keep a pair with its answer, for it may be asked again.
    """
    return f"{portal_prefix(member_id)}chains"


def renewing(member_id: str) -> str:
    """STRING: a random owner, and + when somebody waits; 3 s, extended. Who renews the tokens."""
    return f"{portal_prefix(member_id)}renewing"


def renewed(member_id: str, owner: str) -> str:
    """LIST of one element, 5 s. Wakes those who waited for ``owner`` to have renewed."""
    return f"{portal_prefix(member_id)}renewed:{owner}"


def due() -> str:
    """ZSET ``member id user id`` -> Unix second, for good. When a chain is to be kept alive."""
    return f"{PREFIX}:due"


def bots(member_id: str) -> str:
    """HASH bot id -> JSON, for good."""
    return f"{portal_prefix(member_id)}bots"


def commands(member_id: str) -> str:
    """HASH command id -> JSON, for good."""
    return f"{portal_prefix(member_id)}commands"


def connectors(member_id: str) -> str:
    """HASH connector id -> JSON, for good."""
    return f"{portal_prefix(member_id)}connectors"


def widgets(member_id: str) -> str:
    """HASH key of a widget -> JSON, for good."""
    return f"{portal_prefix(member_id)}widgets"


def chat_apps(member_id: str) -> str:
    """HASH chat app id -> JSON, for good. Few and small, so one hash is list and record."""
    return f"{portal_prefix(member_id)}chat-apps"


def rate(member_id: str) -> str:
    """HASH, an hour. The bucket: when it will be empty, how much it was narrowed; for each
    blocked method the Unix second until which nobody calls it, and for each method the Unix
    second at which its operating time starts anew."""
    return f"{portal_prefix(member_id)}rate"


def registrations(member_id: str) -> str:
    """SET of chat app codes, names of commands and ids of connectors, for good.

    Changes the portal may have that our record does not know: the answer was lost, or not saved.
    """
    return f"{portal_prefix(member_id)}registrations"


def sent_names(member_id: str) -> str:
    """HASH registration -> JSON list of names, for good. What a connector is called on the portal
    if a change of it arrived whose end nobody knows."""
    return f"{portal_prefix(member_id)}sent-names"


def departure(member_id: str) -> str:
    """HASH, until it is confirmed or refuted. An uninstall of this portal that was announced."""
    return f"{portal_prefix(member_id)}departure"


def removed(member_id: str) -> str:
    """STRING, 30 s. The name of the question that had everything of this portal removed."""
    return f"{portal_prefix(member_id)}removed"


def looks() -> str:
    """ZSET member id -> Unix second, for good. When to ask what became of a portal."""
    return f"{PREFIX}:looks"


def moves() -> str:
    """HASH, for good. How far the portals are looked through after a change of our address."""
    return f"{PREFIX}:moves"


def keys_proven(fingerprint: str) -> str:
    """STRING ``digest of a member id, Unix second``, 30 days. Who last renewed with our keys."""
    return f"{PREFIX}:keys-proven:{fingerprint}"


def spoken(member_id: str) -> str:
    """ZSET of what a bot answered to -> when, a day. So that nothing is answered twice."""
    return f"{portal_prefix(member_id)}spoken"


def edit_lock(member_id: str) -> str:
    """STRING with a random owner, 8 s, prolonged while its holder lives. Held while a record and
    the portal change together."""
    return f"{portal_prefix(member_id)}edit-lock"


def edit_waiting(member_id: str) -> str:
    """STRING with a random owner, 1 s, set anew while somebody waits. A person wants the edit lock:
    bulk work leaves it to them."""
    return f"{portal_prefix(member_id)}edit-waiting"


def history(member_id: str) -> str:
    """STREAM, the newest 1,000. What changed, by whom."""
    return f"{portal_prefix(member_id)}history"


def inbox(name: str) -> str:
    """LIST of entries, oldest first, for good. Events of a portal that wait for the worker.

    ``name`` is a member id, or ``claims`` for events that are not proven yet.
    """
    return f"{portal_prefix(name)}inbox"


def inbox_later(name: str) -> str:
    """ZSET entry -> Unix second, for good. Events that failed and are tried again then."""
    return f"{portal_prefix(name)}inbox-later"


def inbox_seen(name: str) -> str:
    """ZSET event digest -> when it came, a day. So that a duplicate is done once."""
    return f"{portal_prefix(name)}inbox-seen"


def inbox_state(name: str) -> str:
    """HASH, for good. Bytes that wait; the event being done and how often it was begun."""
    return f"{portal_prefix(name)}inbox-state"


def inbox_reader(name: str) -> str:
    """STRING, a minute. ``called`` once a reader is on its way, then the reader's random name."""
    return f"{portal_prefix(name)}inbox-reader"


def events(name: str) -> str:
    """HASH event name -> how many were done, name with `` at`` -> when the last; for good."""
    return f"{portal_prefix(name)}events"


def dead_letters(name: str) -> str:
    """LIST of entries with their reason, the newest 1,000. Events that failed their last try."""
    return f"{portal_prefix(name)}dead-letters"


def events_seen(member_id: str) -> str:
    """LIST of ``when outcome name``, the newest 30. Events that came and were proven."""
    return f"{portal_prefix(member_id)}events-seen"


def events_refused(member_id: str) -> str:
    """LIST of ``when outcome name``, the newest 10. Events that were not proven."""
    return f"{portal_prefix(member_id)}events-refused"


def inbox_of(name: str) -> tuple[str, ...]:
    """Every key one inbox may have."""
    waiting = (inbox, inbox_later, inbox_seen, inbox_state, inbox_reader)
    told = (events, events_seen, events_refused, dead_letters)
    return tuple(key(name) for key in (*waiting, *told))


def inboxes() -> str:
    """SET of inbox names, for good. Whose inbox may hold something."""
    return f"{PREFIX}:inboxes"


def dead_letter_inboxes() -> str:
    """SET of inbox names, for good. Whose dead letters wait for an operator."""
    return f"{PREFIX}:dead-letters"


def undone(member_id: str) -> str:
    """HASH change id -> id of the change that took it back, 90 days after the last."""
    return f"{portal_prefix(member_id)}undone"


def people(member_id: str) -> str:
    """HASH user id -> name, for good. Who made changes, to choose from."""
    return f"{portal_prefix(member_id)}people"


def bulk_runs(member_id: str) -> str:
    """HASH run id -> JSON, for good. The newest runs of work with many things."""
    return f"{portal_prefix(member_id)}bulk-runs"


def bulk_items(member_id: str) -> str:
    """HASH ``run id:number`` -> JSON, as long as the run: what each run does, and how far.

    ``left`` counts how often the portal was taken off the index of those with work.
    """
    return f"{portal_prefix(member_id)}bulk-items"


def bulk_worker(member_id: str) -> str:
    """STRING, seconds. ``called``, the random name of who works at the runs, or ``pause``."""
    return f"{portal_prefix(member_id)}bulk-worker"


def bulks() -> str:
    """SET of member ids, for good. Who may have runs to be worked at."""
    return f"{PREFIX}:bulks"


def definitions(member_id: str) -> str:
    """HASH upload id -> head, ``upload id:place`` -> entry, JSON; 3 days. To be imported."""
    return f"{portal_prefix(member_id)}definitions"


def drift(member_id: str) -> str:
    """HASH, for good. ``look``: the last look at the portal's lists; ``check``: the last check of
    what no list shows; each JSON."""
    return f"{portal_prefix(member_id)}drift"


def drift_due() -> str:
    """ZSET member id -> Unix second, for good. When a portal's lists are to be looked at.
    Without an end while nobody uses the portal."""
    return f"{PREFIX}:drift-due"


def oauth_state(nonce: str) -> str:
    """STRING, 10 min. A code flow that came back, so that it cannot come back twice."""
    return f"{PREFIX}:oauth-state:{nonce}"


def counters() -> str:
    """HASH counter with its labels -> number, for good. Shared by all processes."""
    return f"{PREFIX}:counters"


def of_portal(member_id: str) -> tuple[str, ...]:
    """Every key a portal may have: what a complete removal deletes."""
    access = (installation, chains, renewing)
    things = (bots, commands, connectors, widgets, chat_apps)
    calls = (rate, registrations, sent_names, departure, removed, spoken, edit_lock, edit_waiting)
    past = (history, undone, people)
    work = (bulk_runs, bulk_items, bulk_worker, definitions, drift)
    ours = tuple(key(member_id) for key in (*access, *things, *calls, *past, *work))
    return ours + inbox_of(member_id)
