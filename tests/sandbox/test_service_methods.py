"""app.info, scope, methods and the small ones, on the portal."""


def test_app_info_of_the_portal(anna, boris):
    info = anna.call("app.info")

    assert (info["VERSION"], info["STATUS"], info["INSTALLED"]) == (1, "F", True)
    assert (info["PAYMENT_EXPIRED"], info["DAYS"]) == ("N", None)
    assert (info["LANGUAGE_ID"], info["LICENSE"]) == ("en", "en_ent10000")
    assert boris.call("app.info")["LANGUAGE_ID"] == "de"


def test_employee_is_no_administrator(egor):
    assert egor.call("user.admin") is False
    assert egor.call("profile")["ADMIN"] is False


def test_scope_lists_what_is_granted(anna):
    assert anna.call("scope") == ["imbot", "im", "imopenlines", "imconnector", "placement"]
    assert "basic" in anna.call("scope", {"full": True})


def test_methods_lists_by_scope(anna):
    assert "imbot.register" in anna.call("methods")
    assert "imbot.register" not in anna.call("methods", {"scope": ""})
    assert "profile" in anna.call("methods", {"FULL": 1})


def test_method_get_knows_both_bot_versions(anna):
    known = {"isExisting": True, "isAvailable": True}

    assert anna.call("method.get", {"name": "imbot.v2.Bot.register"}) == known
    assert anna.call("method.get", {"name": "imbot.register"}) == known
    assert anna.call("method.get", {"name": "crm.lead.add"})["isExisting"] is False


def test_server_time_follows_the_clock_of_the_world(anna, world):
    before = anna.call("server.time")
    world.advance(3000)

    assert anna.call("server.time") > before


def test_features_follow_the_licence(anna, boris, aurora):
    wanted = {"CODE": "rest_offline_extended"}

    assert anna.call("feature.get", wanted) == {"value": "Y"}
    assert boris.call("feature.get", wanted) == {"value": "N"}
    assert anna.refused("feature.get") == ("CODE_EMPTY", 400)
    aurora.license = "en_selfhosted"
    assert anna.call("feature.get", wanted) == {"value": "en_selfhosted"}


def test_options_of_the_application_are_set_by_administrators(anna, egor):
    assert anna.call("app.option.get") == []
    assert anna.call("app.option.set", {"options": {"a": 1, "b": "x"}}) is True

    assert egor.call("app.option.get") == {"a": 1, "b": "x"}
    assert egor.call("app.option.get", {"option": "b"}) == "x"
    assert egor.refused("app.option.set", {"options": {"a": 2}}) == ("ACCESS_DENIED", 403)
    assert anna.refused("app.option.set") == ("ERROR_ARGUMENT", 400)


def test_options_of_a_person_are_their_own(anna, egor):
    egor.call("user.option.set", {"options": {"a": 1}})

    assert (egor.call("user.option.get"), anna.call("user.option.get")) == ({"a": 1}, [])


def test_events_are_listed_by_scope(anna, world):
    assert "ONIMCONNECTORLINEDELETE" in anna.call("events")
    anna.portal.installs[world.card.client_id].scope = ["im"]
    assert "ONIMBOTDELETE" not in anna.call("events")
    assert "ONIMBOTDELETE" in anna.call("events", {"FULL": True})
    assert "ONIMBOTDELETE" in anna.call("events", {"SCOPE": "imbot"})


def test_access_of_a_person(anna, egor):
    assert anna.call("user.access", {"ACCESS": ["G1"]}) is True
    assert egor.call("user.access", {"ACCESS": ["G1"]}) is False
    assert egor.call("user.access", {"ACCESS": ["G1", "U2"]}) is True


def test_what_is_listed_exists_and_the_rest_does_not(anna):
    for name in ("imconnector.register", "placement.bind", "imbot.message.add", "feature.get"):
        assert name in anna.call("methods", {"FULL": 1})
        known = {"isExisting": True, "isAvailable": True}
        assert anna.call("method.get", {"name": name.upper()}) == known
    assert anna.refused("imconnector.send.messages") == ("ERROR_METHOD_NOT_FOUND", 404)
