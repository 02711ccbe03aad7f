"""Connectors of the Open Channels: register, update, connect to lines, unregister.

The portal first, then we. The portal does not ask whose a connector is: registering an id takes
it over, unregistering it takes it off all lines. So each verb looks first, and what is not ours
is never named to the portal.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from b24app.actions import connector_calls, connector_drafts
from b24app.actions.connector_calls import OpenLine, Status
from b24app.actions.connector_drafts import ConnectorDraft, JointDraft
from b24app.actions.doubt import change_of, in_doubt, noted
from b24app.actions.portal import Portal
from b24app.errors import AlreadyGone, BadPayload, Conflict, NotFound, NotOurs
from b24app.records import Connector, Joint, Verb


@dataclass(frozen=True)
class Standing:
    """How a connector stands at an open line: what is set there, and what the portal says."""

    line: OpenLine
    joint: Joint | None
    status: Status


def register(portal: Portal, draft: ConnectorDraft, joints: tuple[Joint, ...] = ()) -> Connector:
    """Register a connector; safe to repeat.

    Of one that comes back ``joints`` are its open lines; those the portal has no more are left
    out. Raises BadPayload, also for an id the portal has already, whoever registered it;
    PortalError, PortalUnreachable, AuthorizationLost.
    """
    with portal.store.editing():
        wanted = connector_drafts.check(draft)
        if _known(portal, wanted.id):
            raise BadPayload("id", "connector_id_taken")
        key = _key(wanted.id)
        name = connector_calls.names(portal).get(wanted.id)
        if name is not None and name not in portal.store.sent(key):
            raise BadPayload("id", "connector_id_taken")
        with _noted(portal, wanted):
            connector_calls.register(portal, wanted)
            saved = portal.store.connectors.save(
                wanted, seen=0, actor=portal.actor, verb=Verb.REGISTER, before=None, ends=key
            )
        with in_doubt():
            return _arranged(portal, saved, joints)


def update(
    portal: Portal,
    connector_id: str,
    draft: ConnectorDraft,
    joints: tuple[Joint, ...] | None = None,
) -> Connector:
    """Send what was changed, and record it.

    With ``joints`` it is connected to these open lines, less those the portal has no more, and to
    no other. Raises Conflict when somebody saved since the draft's version, AlreadyGone when the
    portal has no such connector any more, NotOurs when another application has taken its id, else
    as ``register``.
    """
    with portal.store.editing():
        current = _unchanged(portal, connector_id, draft.version)
        joints = current.joints if joints is None else joints
        wanted = connector_drafts.check(draft, current)
        differs = wanted != current or portal.store.in_doubt(_key(connector_id))
        if not differs and joints == current.joints:
            return current
        _look(portal, current)
        if differs:
            with _noted(portal, wanted):
                connector_calls.register(portal, wanted)
                current = _save(portal, current, wanted, Verb.UPDATE, ends=_key(connector_id))
        return _arranged(portal, current, joints)


def republish(portal: Portal, connector_id: str, version: int) -> Connector:
    """Put the connector and its lines on the portal as they are recorded.

    Raises as ``update``, without AlreadyGone.
    """
    with portal.store.editing():
        current = _unchanged(portal, connector_id, version)
        _look(portal, current, absent=True)
        living = {line.id for line in connector_calls.lines(portal)}
        kept = tuple(joint for joint in current.joints if joint.line in living)
        wanted = replace(current, joints=kept, published=True)
        with _noted(portal, current):
            connector_calls.register(portal, current)
            for joint in kept:
                connector_calls.activate(portal, connector_id, joint.line)
                connector_calls.set_data(portal, connector_id, joint)
            return _save(portal, current, wanted, Verb.REPUBLISH, ends=_key(connector_id))


def unregister(portal: Portal, connector_id: str) -> bool:
    """Remove the connector from all lines and from the portal; False when it was gone already.

    Raises NotOurs, and then our record stays and the portal was not asked to remove anything.
    """
    with portal.store.editing():
        current = portal.store.connectors.get(connector_id)
        was_there = connector_id in _look(portal, current, absent=True)
        if was_there:
            connector_calls.unregister(portal, connector_id)
        _delete(portal, current, Verb.UNREGISTER)
        return was_there


def forget(portal: Portal, connector_id: str) -> None:
    """Take a connector off our list that is another application's, or gone, on the portal.

    Raises BadPayload for one that is ours: it would stay there with nobody to remove it.
    """
    with portal.store.editing():
        current = portal.store.connectors.get(connector_id)
        name = connector_calls.names(portal).get(connector_id)
        if name is not None and _is_ours(portal, current, name):
            raise BadPayload("id", "ours")
        _delete(portal, current, Verb.FORGET)


def join(portal: Portal, connector_id: str, line: int, draft: JointDraft) -> Connector:
    """Connect it to an open line, or change what is shown there.

    Raises as ``update``; NotFound for a line the portal does not have.
    """
    with portal.store.editing():
        current = _unchanged(portal, connector_id, draft.version)
        wanted = connector_drafts.check_joint(draft, line)
        _look(portal, current)
        if all(found.id != line for found in connector_calls.lines(portal)):
            raise NotFound(f"line {line}")
        return _joined(portal, current, wanted)


def leave(portal: Portal, connector_id: str, line: int, version: int) -> Connector:
    """Take it off an open line. Raises as ``update``."""
    with portal.store.editing():
        current = _unchanged(portal, connector_id, version)
        _look(portal, current)
        return _left(portal, current, line)


def without(connector: Connector, line: int) -> Connector:
    """The connector with nothing set for this line."""
    return replace(connector, joints=tuple(one for one in connector.joints if one.line != line))


def standings(portal: Portal, connector: Connector) -> list[Standing]:
    """How it stands at each open line of the portal. Raises as the client's ``call``."""
    lines = connector_calls.lines(portal)
    found = connector_calls.statuses(portal, connector.id, [line.id for line in lines])
    return [Standing(line, connector.joint(line.id), found[line.id]) for line in lines]


def standing(portal: Portal, connector: Connector, line: int) -> Standing:
    """How it stands at one open line; raises NotFound, else as ``standings``."""
    for found in connector_calls.lines(portal):
        if found.id == line:
            status = connector_calls.status(portal, connector.id, line)
            return Standing(found, connector.joint(line), status)
    raise NotFound(f"line {line}")


def _arranged(portal: Portal, current: Connector, joints: tuple[Joint, ...]) -> Connector:
    """Connected to these lines and no other, one by one; one the portal has no more is left out."""
    for line in {joint.line for joint in current.joints} - {joint.line for joint in joints}:
        current = _left(portal, current, line)
    changed = [joint for joint in joints if current.joint(joint.line) != joint]
    living = {line.id for line in connector_calls.lines(portal)} if changed else set()
    for joint in changed:
        if joint.line in living:
            current = _joined(portal, current, joint)
    return current


def _joined(portal: Portal, current: Connector, wanted: Joint) -> Connector:
    joint = current.joint(wanted.line)
    if joint and _empties(joint, wanted):
        connector_calls.deactivate(portal, current.id, wanted.line)
    connector_calls.activate(portal, current.id, wanted.line)
    connector_calls.set_data(portal, current.id, wanted)
    if joint == wanted:
        return current
    others = without(current, wanted.line).joints
    joints = tuple(sorted((*others, wanted), key=lambda one: one.line))
    return _save(portal, current, replace(current, joints=joints), Verb.UPDATE)


def _left(portal: Portal, current: Connector, line: int) -> Connector:
    connector_calls.deactivate(portal, current.id, line)
    if current.joint(line) is None:
        return current
    return _save(portal, current, without(current, line), Verb.UPDATE)


def _empties(joint: Joint, wanted: Joint) -> bool:
    """Whether something is to be shown no more: the portal keeps what comes empty, and drops
    everything only with the connection (bitrix-modules: imconnector/lib/status.php)."""
    pairs = ((joint.url, wanted.url), (joint.url_im, wanted.url_im), (joint.id, wanted.id))
    return any(before and not after for before, after in pairs)


def _look(portal: Portal, connector: Connector, *, absent: bool = False) -> dict[str, str]:
    """The portal's connectors by id, once it is certain that this one is ours there.

    Raises NotOurs; AlreadyGone unless it may be ``absent``.
    """
    names = connector_calls.names(portal)
    member_id = portal.installation.member_id
    if connector.id not in names:
        if not absent:
            raise AlreadyGone("imconnector.list", "NOT_LISTED", 200, member_id)
    elif not _is_ours(portal, connector, names[connector.id]):
        raise NotOurs("imconnector.list", "OTHER_NAME", 200, member_id)
    return names


def _is_ours(portal: Portal, connector: Connector, name: str) -> bool:
    """Whether the portal's connector of this id, with this name, is the one we know.

    One that was taken over by another application has another name: neither the one we know nor,
    where the end of an earlier change of ours is unknown, one that we have sent.
    """
    return name == connector.name or name in portal.store.sent(_key(connector.id))


def _noted(portal: Portal, wanted: Connector) -> AbstractContextManager[bool]:
    """As ``noted``, with the name by which the portal's connector is known as ours if it is."""
    key = _key(wanted.id)
    portal.store.note_sent(key, wanted.name)
    return noted(portal, key)


def _key(connector_id: str) -> str:
    """What a change of the connector is noted as while its end is unknown."""
    return change_of("connector", connector_id)


def _known(portal: Portal, connector_id: str) -> bool:
    return any(one.id == connector_id for one in portal.store.connectors.all())


def _save(
    portal: Portal, current: Connector, wanted: Connector, verb: Verb, ends: str = ""
) -> Connector:
    return portal.store.connectors.save(
        wanted, seen=current.version, actor=portal.actor, verb=verb, before=current, ends=ends
    )


def _delete(portal: Portal, connector: Connector, verb: Verb) -> None:
    key = _key(connector.id)
    portal.store.connectors.delete(connector, actor=portal.actor, verb=verb, ends=key)


def _unchanged(portal: Portal, connector_id: str, version: int) -> Connector:
    current = portal.store.connectors.get(connector_id)
    if current.version != version:
        raise Conflict(current)
    return current
