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
