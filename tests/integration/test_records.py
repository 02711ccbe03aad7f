"""A portal's record when several write at once: nothing old, nothing removed comes back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from b24app.actions.installs import admit, learn
from b24app.errors import NotInstalled
from tests.integration.test_tokens_chains import claim

ROUNDS = 40
ABOUT = {"LANGUAGE_ID": "de", "LICENSE": "de_std", "STATUS": "L"}


@pytest.fixture
def known(anna, resources):
    """Aurora's installation as it was read before others wrote."""
    anna.install()
    return resources.installations.get(anna.portal.member_id)


def test_what_a_portal_tells_of_itself_brings_no_removed_record_back(known, resources):
    resources.installations.remove(known.member_id)

    learn(resources, known, ABOUT)

    with pytest.raises(NotInstalled):
        resources.installations.get(known.member_id)
    assert resources.installations.member_ids() == []


def test_what_a_portal_tells_of_itself_leaves_the_newer_application_token(known, resources):
    resources.installations.update(known, replace(known, application_token="a newer one"))

    learn(resources, known, ABOUT)

    now = resources.installations.get(known.member_id)
    assert (now.language, now.application_token) == ("de", "a newer one")


def test_opening_the_frame_takes_over_what_was_proven_and_no_more(known, anna, resources):
    narrower = replace(known, scope=("imbot",), language="de")
    resources.installations.update(known, narrower)

    visitor = admit(resources, replace(claim(anna), application_token="the next"))

    now = resources.installations.get(known.member_id)
    assert visitor.installation.scope == now.scope == known.scope
    assert (now.application_token, now.language) == ("the next", "de")


def test_side_by_side_nobody_undoes_what_another_wrote_or_removed(known, resources):
    """Two write languages from what they have read; a third writes tokens, then removes it all."""
    installations, member_id = resources.installations, known.member_id
    over = threading.Event()

    def speak(language: str) -> int:
        written = 0
        while not over.is_set():
            try:
                seen = installations.get(member_id)
                written += bool(installations.update(seen, replace(seen, language=language)))
            except NotInstalled:
                continue
        return written

    with ThreadPoolExecutor(2) as pool:
        speakers = [pool.submit(speak, language) for language in ("de", "pl")]
        for number in range(ROUNDS):
            seen = installations.get(member_id)
            changed = replace(seen, application_token=f"token {number}")
            assert installations.update(seen, changed)
            assert installations.get(member_id).application_token == f"token {number}"
        kept = installations.get(member_id).application_token
        installations.remove(member_id)
        over.set()
        spoken = [speaker.result(10) for speaker in speakers]

    assert kept == f"token {ROUNDS - 1}"
    assert all(spoken)
    assert member_id not in installations.member_ids()
    with pytest.raises(NotInstalled):
        installations.get(member_id)
