"""The new messenger: the same dialogs, with widgets at the places they are bound to."""

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from sandbox import placements
from sandbox import portal as deeds
from sandbox.records_channels import Placement
from sandbox.stage import framed, no_frame
from sandbox.talks import conversation, widget, widgets
from sandbox.visit import Visit, page, visit

blueprint = Blueprint("online", __name__)


@blueprint.get("/online")
def messenger() -> str:
    """The dialogs and one conversation, or with `widget` a widget of the navigation."""
    here = visit()
    found = conversation(here, with_widgets=True)
    context = found.talk.widget_context
    query = f"?dialogId={found.talk.id}"
    chosen = _placement(here, request.args["widget"]) if "widget" in request.args else None
    if chosen is not None and chosen.code != "IM_NAVIGATION":
        abort(404)
    return page(
        "online.html",
        here,
        found=found,
        talk=found.talk,
        address="sandbox.online.messenger",
        navigation=widgets(here, "IM_NAVIGATION"),
        textarea=widgets(here, "IM_TEXTAREA", context),
        sidebar=widgets(here, "IM_SIDEBAR", context),
        query=query,
        chosen=widget(here, chosen) if chosen else None,
    )


@blueprint.get("/online/widget/<number>")
def frame_widget(number: str) -> str | Response:
    """The page that frames one widget (`dialogId`, `messageId`), to stand inside the messenger."""
    here = visit()
    row = _placement(here, number)
    kind, url = deeds.page_url(here.portal, here.user, row.handler)
    if not url:
        return no_frame(here, kind)
    title = placements.title_of(here.portal, row, here.user.language)
    return framed(here, kind, url, row.code, _options(row), title=title, is_inside=True)


def _placement(here: Visit, number: str) -> Placement:
    """The IM_* placement of this number that this person may see; 404 for others."""
    found = next((row for row in here.portal.placements if str(row.id) == number), None)
    if found is None or not found.code.startswith("IM_"):
        abort(404)
    return found if placements.may_see(here.portal, here.user, found) else abort(404)


def _options(row: Placement) -> dict[str, object]:
    """What the widget is told of the place it was opened from."""
    dialog, message = request.args.get("dialogId", ""), request.args.get("messageId", "")
    found: dict[str, object] = {}
    if row.code == "IM_CONTEXT_MENU":
        found["messageId"] = message
    if row.code != "IM_NAVIGATION":
        found["dialogId"] = dialog
    found["URI"] = f"/online/?IM_DIALOG={dialog}" if dialog else "/online/"
    return found


@blueprint.get("/online/")
def old_address() -> Response:
    """The address widgets are told of; the dialog is called IM_DIALOG in it."""
    visit()
    dialog = request.args.get("IM_DIALOG") or None
    answer = redirect(url_for("sandbox.online.messenger", dialog=dialog))
    assert isinstance(answer, Response)
    return answer
