"""Commands for operators about portals: ``flask --app app portals list``, ``… doctor`` and more.

What they print holds no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

from b24app.actions import doctor, leaving, subscriptions, tokens
from b24app.actions.findings import Health, Line, verdict
from b24app.actions.portal import open_portal
from b24app.actions.reasons import OPERATOR
from b24app.cli_group import Group
from b24app.cli_records import (
    chain_line,
    departure_line,
    moment,
    record,
    renewed,
    state_of,
)
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    B24AppError,
    Busy,
    NotInstalled,
)
from b24app.records import (
    SYSTEM,
    Installation,
    Outcome,
    Sighting,
)
from b24app.resources import Resources, resources

# What the operator reads of each line; the same lines as on the connection page.
WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("installation", "finished"): "complete, installed %(at)s",
    ("installation", "unfinished"): "not finished: an administrator has to open the application,"
    " whose installer ends it; until then the portal sends no events",
    ("installation", "suspended"): "suspended: what was paid for has ended; goes on by itself",
    ("installation", "leaving"): "an uninstall event came and is being confirmed;"
    " portals show says how that stands",
    ("installation", "unknown"): "stored %(at)s; whether it is complete could not be asked",
    ("access", "alive"): "in use: %(name)s, in reserve: %(spares)s",
    ("access", "waiting"): "no chain lives; waits for an administrator to open the application",
    ("access", "unpaid"): "%(reason)s since %(since)s: a plan or trial has ended",
    ("access", "removed"): "%(reason)s since %(since)s: uninstalled in the portal",
    ("access", "deleted"): "%(reason)s since %(since)s: the portal was deleted",
    ("access", "keys"): "%(reason)s since %(since)s: mend B24_CLIENT_ID or B24_CLIENT_SECRET",
    ("access", "away"): "%(reason)s since %(since)s: the authorization server did not answer",
    ("access", "refused"): "%(reason)s since %(since)s: the authorization server refuses",
    ("server", "confirmed"): "%(server)s knows our access token, %(milliseconds)s ms",
    ("server", "renewed"): "%(server)s has just renewed the pair",
    ("server", "silent"): "%(server)s does not answer",
    ("server", "refused"): "%(server)s does not know our access token",
    ("server", "keys"): "%(server)s refuses B24_CLIENT_ID or B24_CLIENT_SECRET",
    ("server", "unlisted"): "%(server)s is not in B24_AUTH_SERVERS",
    ("server", "unknown"): "%(server)s could not be asked",
    ("token", "known"): "application token known",
    ("token", "unknown"): "application token not known: every event is refused until an"
    " administrator opens the application, or an ONAPPINSTALL or ONAPPUPDATE brings it",
    ("scopes", "complete"): "granted: %(granted)s",
    ("scopes", "missing"): "granted: %(granted)s; missing: %(missing)s",
    ("portal", "fast"): "%(domain)s answers in %(milliseconds)s ms",
    ("portal", "slow"): "%(domain)s answers in %(milliseconds)s ms, which is slow",
    ("portal", "silent"): "%(domain)s gives no usable answer",
    ("portal", "deleted"): "%(domain)s says that it was deleted",
    ("portal", "shut"): "%(domain)s does not accept our access token",
    ("portal", "busy"): "%(domain)s takes no more requests just now",
    ("portal", "refused"): "%(domain)s refuses with %(code)s",
    ("portal", "unasked"): "%(domain)s was not asked: there is no access token",
    ("portal", "unknown"): "%(domain)s could not be asked",
    ("clock", "right"): "%(seconds)s s apart",
    ("clock", "off"): "%(seconds)s s apart",
    ("clock", "wrong"): "%(seconds)s s apart: set this host's clock, or the portal's is wrong",
    ("clock", "unknown"): "the portal could not be asked for its time",
    ("budget", "free"): "%(level)s %% full",
    ("budget", "full"): "%(level)s %% full: much is being sent; it empties by itself",
    ("budget", "narrowed"): "%(level)s %% full, narrowed to %(width)s %% after refusals;"
    " widens by itself, unless other applications at this address use the portal as well",
    ("budget", "blocked"): "%(level)s %% full, paused by the portal: %(blocked)s;"
    " goes on by itself then",
    ("address", "good"): "%(address)s",
    ("address", "plain"): "APP_URL %(address)s is not https",
    ("address", "dotless"): "APP_URL %(address)s has no dot in its host; portals refuse it",
    ("address", "elsewhere"): "APP_URL is %(address)s, the page was opened at %(opened_at)s",
    ("subscriptions", "complete"): "every event we handle is bound to %(address)s",
    ("subscriptions", "missing"): "not bound: %(missing)s; portals bind binds them",
    ("subscriptions", "stale"): "also bound to an earlier address: %(stale)s;"
    " portals bind ends that",
    ("subscriptions", "unknown"): "the portal could not be asked",
    ("events", "seen"): "last done: %(name)s %(last)s; waiting: %(waiting)s",
    ("events", "waiting"): "waiting: %(waiting)s",
    ("events", "none"): "none has come yet",
    ("events", "refused"): "forged within a day, or with an old application token:"
    " %(refused)s kept; if true events are missing, an administrator has to open the application",
    ("events", "refuted"): "an uninstall event was found untrue %(since)s; nothing was removed,"
    " nothing need be done",
    ("events", "failed"): "dead letters: %(dead)s; see jobs failed, run again with jobs retry",
    ("events", "postponed"): "set aside: %(later)s; the next is tried again %(due)s",
    ("events", "stuck"): "waiting: %(waiting)s; is a worker running?",
}
COLOURS: Final = {Health.GREEN: "green", Health.AMBER: "yellow", Health.RED: "red"}

portals = Group("portals", help="The portals that have installed the application.")


@portals.command("list")
@click.option("--troubled", is_flag=True, help="Only those without working access.")
def show_list(troubled: bool) -> None:
    """List every portal: member id, domain, state, reason, last renewal."""
    for row in resources().installations.overview.rows():
        state, reason = state_of(row.state, row.standing)
        if troubled and state == "works":
            continue
        click.echo(f"{row.member_id}  {row.domain}  {state}  {reason or '-'}  {renewed(row)}")


@portals.command()
@click.argument("portal")
def show(portal: str) -> None:
    """Show what is stored of PORTAL, a domain or member id; no token."""
    known = resources()
    installation = _named(known, portal)
    standing = known.installations.ledger.read(installation.member_id)
    for name, value in record(installation, standing).items():
        click.echo(f"{name:18} {value}")
    for chain in standing.chains:
        click.echo(f"{'chain':18} {chain_line(chain)}")
    if departure := known.installations.departures.read(installation.member_id):
        click.echo(f"{'uninstall':18} {departure_line(departure)}")


@portals.command("doctor")
@click.argument("portal")
def examine(portal: str) -> None:
    """Say what is wrong with PORTAL, a domain or member id; ends with 1 when a line is red."""
    known = resources()
    lines = doctor.examine(known, _named(known, portal))
    for line in lines:
        colour = click.style(f"{line.health.value:6}", fg=COLOURS[line.health])
        click.echo(f"{colour} {line.topic:14} {text(line)}")
        for detail in _details(line):
            click.echo(f"{'':21} {detail}")
    if verdict(lines) is Health.RED:
        raise click.exceptions.Exit(1)


@portals.command()
@click.argument("portal")
def refresh(portal: str) -> None:
    """Renew the access of PORTAL, a domain or member id, once and now."""
    known = resources()
    installation = _named(known, portal)
    in_use = known.installations.ledger.access(installation.member_id)
    try:
        tokens.renew(known, installation, in_use)
    except B24AppError as exc:
        raise click.ClickException(_refusal(exc)) from exc
    click.echo(f"{installation.domain}: renewed")


@portals.command()
@click.argument("portal")
def bind(portal: str) -> None:
    """Have PORTAL, a domain or member id, send its events to our present address."""
    known = resources()
    installation = _named(known, portal)
    try:
        found = subscriptions.reconcile(open_portal(known, installation.member_id, SYSTEM))
    except B24AppError as exc:
        raise click.ClickException(_refusal(exc)) from exc
    if found.missing:
        raise click.ClickException(f"still not bound: {' '.join(found.missing)}")
    click.echo(f"{installation.domain}: all bound to {found.handler}")


@portals.command()
@click.argument("portal")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(portal: str, yes: bool) -> None:
    """Delete everything stored of PORTAL, a domain or member id, as an uninstall does.

    In the portal nothing is changed. It cannot be undone.
    """
    known = resources()
    installation = _named(known, portal)
    if not yes:
        name = f"{installation.domain} ({installation.member_id})"
        click.confirm(f"Delete everything stored of {name}?", abort=True)
    try:
        leaving.forget(known, installation, clean=True)
    except Busy as exc:
        said = "somebody edits it at this moment; nothing is deleted, try again"
        raise click.ClickException(said) from exc
    click.echo(f"{installation.domain}: everything is deleted")


def _named(known: Resources, portal: str) -> Installation:
    """The installation of a member id or domain; ends the command when there is none."""
    name = portal.strip().lower()
    try:
        return known.installations.get(name)
    except NotInstalled:
        found = known.installations.overview.find(name)
    if len(found) > 1:
        raise click.ClickException(f"{portal}: several portals, name one: {' '.join(found)}")
    if not found:
        raise click.ClickException(f"{portal}: no such portal is installed")
    return known.installations.get(found[0])


def text(line: Line) -> str:
    """The line in the operator's words."""
    facts = {name: _shown(name, value) for name, value in line.facts.items()}
    return WORDS[line.topic, line.state] % facts


def _shown(name: str, value: Any) -> str:  # noqa: ANN401 facts are of many kinds
    if name in ("at", "since", "last", "due"):
        return moment(int(value))
    if name in ("level", "width"):
        return str(round(value * 100))
    if name == "blocked":
        return ", ".join(f"{block.method} until {moment(int(block.until))}" for block in value)
    if isinstance(value, tuple):
        return " ".join(str(entry) for entry in value) or "nothing"
    return str(value)


def _details(line: Line) -> list[str]:
    chains = [chain_line(chain) for chain in line.facts.get("chains", ())]
    return chains + [_event(seen) for seen in line.facts.get("sightings", ())]


def _event(seen: Sighting) -> str:
    outcome = "REFUSED" if seen.outcome is Outcome.REFUSED else seen.outcome.value
    return f"{moment(seen.at)} {seen.name} {outcome}"


def _refusal(error: B24AppError) -> str:
    if isinstance(error, AuthorizationLost):
        return OPERATOR.get(error.reason, error.reason)
    if isinstance(error, AuthServerRefused):
        return OPERATOR["wrong_keys"]
    if isinstance(error, AuthServerUnreachable):
        return OPERATOR["unreachable"]
    if isinstance(error, Busy):
        return "somebody else is renewing it; try again in a moment"
    return str(error)
