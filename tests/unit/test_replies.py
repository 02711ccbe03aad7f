"""Every error has an answer a person can use."""

import inspect
import time

import pytest
from flask import Flask

from b24app import errors, i18n
from b24app.actions.bulk import NOT_NOW
from b24app.bitrix.answers import ERRORS, error_code, error_of
from b24app.errors import B24AppError, ConfigurationError
from b24app.observe import redact
from b24app.web.reason_words import CODES, REASONS
from b24app.web.replies import reply_to
from b24app.web.sentences import REPLIES

ABSTRACT = {B24AppError, ConfigurationError, errors.Refused}
CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, B24AppError) and kind not in ABSTRACT
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_error_has_a_row(kind):
    assert kind in REPLIES


@pytest.mark.parametrize("kind", REPLIES, ids=lambda kind: kind.__name__)
def test_each_row_says_what_happened_and_the_next_step(kind):
    app = Flask(__name__)
    i18n.init_app(app)
    with app.test_request_context():
        reply = REPLIES[kind]
        assert 400 <= reply.status < 600 and reply.status != 500
        assert str(reply.title) and str(reply.text) and str(reply.next_step)


PASSES, RIGHTS, ACCESS = errors.PortalTrouble, errors.AccessDenied, errors.AuthorizationLost
# The platform's system errors (b24restdocs: error-codes.md), with a status they come with and who
# can mend them; below, those of the methods we call.
SYSTEM = {
    ("INTERNAL_SERVER_ERROR", 500): PASSES,
    ("ERROR_UNEXPECTED_ANSWER", 500): PASSES,
    ("CONNECTION_ERROR", 401): PASSES,
    ("INTERNAL_WRONG_TRANSPORT", 500): PASSES,
    ("INTERNAL_WRONG_HANDLER_CLASS", 500): PASSES,
    ("WRONG_ENCODING", 200): PASSES,
    ("ERROR_CORE", 500): PASSES,
    ("QUERY_LIMIT_EXCEEDED", 503): errors.RateLimited,
    ("OPERATION_TIME_LIMIT", 429): errors.MethodBlocked,
    ("OVERLOAD_LIMIT", 503): errors.ApplicationBlocked,
    ("OVERLOAD_LIMIT", 401): errors.ApplicationBlocked,
    ("ERROR_BATCH_METHOD_NOT_ALLOWED", 405): errors.MethodGone,
    ("ERROR_METHOD_NOT_FOUND", 404): errors.MethodGone,
    ("ERROR_MANIFEST_IS_NOT_AVAILABLE", 404): errors.MethodGone,
    ("ERROR_BATCH_LENGTH_EXCEEDED", 400): errors.Rejected,
    ("INVALID_REQUEST", 401): errors.Rejected,
    ("ERROR_CORE", 400): errors.Rejected,
    ("ERROR_ARGUMENT", 400): errors.Rejected,
    ("ERROR_NOT_FOUND", 400): errors.Rejected,
    ("INVALID_CREDENTIALS", 403): RIGHTS,
    ("insufficient_scope", 401): RIGHTS,
    ("ACCESS_DENIED", 403): RIGHTS,
    ("WRONG_AUTH_TYPE", 403): RIGHTS,
    ("user_access_error", 403): errors.UserShutOut,
    ("ACCESS_DENIED", 401): errors.PlanTooSmall,
    ("WRONG_LICENSE", 403): errors.PlanTooSmall,
    ("METHOD_CONFIRM_WAITING", 401): errors.ConfirmationNeeded,
    ("METHOD_CONFIRM_DENIED", 403): errors.ConfirmationNeeded,
    ("NO_AUTH_FOUND", 401): ACCESS,
    ("expired_token", 401): ACCESS,
    ("invalid_token", 401): ACCESS,
    ("authorization_error", 401): ACCESS,
    ("APPLICATION_NOT_FOUND", 401): ACCESS,
    ("ERROR_OAUTH", 401): ACCESS,
    ("PAYMENT_REQUIRED", 401): ACCESS,
    ("PORTAL_DELETED", 403): ACCESS,
    ("PORTAL_DELETED", 410): ACCESS,
    ("PORTAL_DELETED", 500): ACCESS,
}
OF_METHODS = {
    ("CHAT_APP_ID_ERROR", 400): errors.AlreadyGone,
    ("BOT_ID_ERROR", 400): errors.AlreadyGone,
    ("BOT_NOT_FOUND", 400): errors.AlreadyGone,
    ("COMMAND_ID_ERROR", 400): errors.AlreadyGone,
    ("COMMAND_NOT_FOUND", 400): errors.AlreadyGone,
    ("APP_ID_ERROR", 400): errors.NotOurs,
    ("BOT_OWNERSHIP_ERROR", 400): errors.NotOurs,
    ("MAX_COUNT_ERROR", 400): errors.LimitReached,
    ("BOT_LIMIT_EXCEEDED", 400): errors.LimitReached,
}
PASSING = """
INTERNAL_SERVER_ERROR ERROR_UNEXPECTED_ANSWER QUERY_LIMIT_EXCEEDED OPERATION_TIME_LIMIT
CONNECTION_ERROR INTERNAL_WRONG_TRANSPORT INTERNAL_WRONG_HANDLER_CLASS WRONG_ENCODING
""".split()


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [(code, status, kind) for (code, status), kind in {**SYSTEM, **OF_METHODS}.items()],
)
def test_each_documented_code_has_a_class_and_a_sentence(code, status, kind):
    error = error_of("profile", code.upper(), status, "m")

    assert type(error) is kind
    assert reply_to(error).status >= 400
    assert reply_to(error) in {REPLIES[kind], *REASONS.values(), *CODES.values()}


@pytest.mark.parametrize(
    "text",
    [
        "REST is available only on commercial plans.",
        "REST API is available only on commercial plans",
        "REST is available only by subscription.",
    ],
)
@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_plan_that_does_not_include_rest_is_not_told_as_a_missing_permission(status, text):
    """Within a batch an item has no status; the documentation has another one than the source."""
    said = {"error": "ACCESS_DENIED", "error_description": text}

    for body in (said, {"result": said}):
        error = error_of("imbot.app.register", "ACCESS_DENIED", status, "m", body)
        assert type(error) is errors.PlanTooSmall
    assert "plan" in str(reply_to(error).text)


def test_a_right_that_is_missing_is_not_told_as_a_plan():
    said = {"error": "ACCESS_DENIED", "error_description": "Access denied! Client ID not specified"}

    assert type(error_of("x", "ACCESS_DENIED", 403, "m", said)) is errors.AccessDenied


def test_a_general_code_is_the_portals_own_failure_where_it_says_so():
    said = {"error": "ERROR_CORE", "error_description": "SQL query error!"}

    assert type(error_of("x", "ERROR_CORE", 200, "m", said)) is errors.PortalTrouble


def test_no_job_waits_for_a_block_by_hand_and_its_sentence_names_who_lifts_it():
    blocked = error_of("profile", "OVERLOAD_LIMIT", 503, "m")

    assert blocked.permanent and not isinstance(blocked, NOT_NOW)
    assert "support" in str(reply_to(blocked).next_step)


@pytest.mark.parametrize("code", ["ACCESS_DENIED", "CHAT_APP_ID_ERROR", "INVALID_TOKEN"])
def test_nobody_is_told_that_nothing_was_saved_where_an_earlier_try_may_have_arrived(code):
    error = error_of("imbot.app.register", code, 403, "m")
    before = reply_to(error)

    error.in_doubt = True

    assert reply_to(error).text == REPLIES[errors.PortalUnreachable].text != before.text
    assert (reply_to(error).title, reply_to(error).next_step) == (before.title, before.next_step)


def test_what_passes_is_not_permanent():
    assert {code for code, kind in ERRORS.items() if not kind.permanent} == set(PASSING)


@pytest.mark.parametrize(
    "code",
    [
        "invalid_token",
        "authorization_error",
        "application_not_found",
        "payment_required",
        "portal_deleted",
        "user_access_error",
    ],
)
def test_each_way_to_lose_access_has_words_of_its_own(code):
    reply = reply_to(error_of("profile", code.upper(), 401, "m"))

    assert reply is not REPLIES[errors.AuthorizationLost]
    assert reply is not REPLIES[errors.PortalError]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"result": True}, ""),
        ({"result": {"error": "not ours"}}, ""),
        ({"error": "expired_token"}, "EXPIRED_TOKEN"),
        ({"error": 0, "error_description": "x"}, "0"),
        ({"error": ""}, "UNKNOWN"),
        ({"error": "a\nforged line"}, "UNKNOWN"),
        ({"error": "X" * 1000}, "UNKNOWN"),
        (
            {"result": {"result": False, "error": "NO_APPLICATION_ID", "error_description": "x"}},
            "NO_APPLICATION_ID",
        ),
    ],
)
def test_an_error_is_found_wherever_it_is_and_fit_for_a_log(body, code):
    assert error_code(body) == code


@pytest.mark.parametrize(
    "line",
    [
        "auth[access_token]=SECRETSECRET&x=1",
        "auth%5Baccess_token%5D=SECRETSECRET",
        "AUTH_ID%3DSECRETSECRET",
        "GET /?code=SECRETSECRET&state=y",
        "Authorization: Bearer SECRETSECRET",
        "{'refresh_token': 'SECRETSECRET'}",
        "rediss://user:SECRETSECRET@host:6379/0",
        '"client_secret": "SECRETSECRET"',
        "state  :  SECRETSECRET",
        "bearer\t SECRETSECRET",
        "redis://a:b:SECRETSECRET@host",
    ],
)
def test_a_named_secret_does_not_pass_the_log(line):
    assert "SECRETSECRET" not in redact(line)


@pytest.mark.parametrize(("begin", "filler"), [("token", " "), ("://", ":"), ("", "token ")])
def test_no_line_of_a_log_costs_the_square_of_its_length(begin, filler):
    """Eight times as long may take twenty-four times as long, from a millisecond on."""

    def cost(length: int) -> float:
        before = time.thread_time()
        redact(f"{begin}{filler * length}")
        return time.thread_time() - before

    short, long = (min(cost(length) for _ in range(3)) for length in (700, 5600))

    assert long < 24 * max(short, 0.001)
