"""Every error has an answer a person can use."""

import inspect

import pytest
from flask import Flask

from b24app import errors, i18n
from b24app.bitrix.answers import ERRORS, error_code, error_of
from b24app.errors import B24AppError, ConfigurationError
from b24app.observe import redact
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


# The platform's system errors (b24restdocs: error-codes.md) and those of the methods we call.
DOCUMENTED = """
INTERNAL_SERVER_ERROR ERROR_UNEXPECTED_ANSWER QUERY_LIMIT_EXCEEDED OPERATION_TIME_LIMIT
OVERLOAD_LIMIT ERROR_BATCH_METHOD_NOT_ALLOWED NO_AUTH_FOUND INVALID_REQUEST INVALID_CREDENTIALS
expired_token invalid_token insufficient_scope user_access_error authorization_error
APPLICATION_NOT_FOUND ERROR_OAUTH CONNECTION_ERROR PAYMENT_REQUIRED ACCESS_DENIED WRONG_AUTH_TYPE
WRONG_LICENSE METHOD_CONFIRM_WAITING METHOD_CONFIRM_DENIED ERROR_METHOD_NOT_FOUND
ERROR_MANIFEST_IS_NOT_AVAILABLE PORTAL_DELETED INTERNAL_WRONG_TRANSPORT
INTERNAL_WRONG_HANDLER_CLASS WRONG_ENCODING CHAT_APP_ID_ERROR APP_ID_ERROR BOT_ID_ERROR
BOT_NOT_FOUND BOT_OWNERSHIP_ERROR COMMAND_ID_ERROR COMMAND_NOT_FOUND
""".split()
PASSING = """
INTERNAL_SERVER_ERROR ERROR_UNEXPECTED_ANSWER QUERY_LIMIT_EXCEEDED OPERATION_TIME_LIMIT
OVERLOAD_LIMIT CONNECTION_ERROR INTERNAL_WRONG_TRANSPORT INTERNAL_WRONG_HANDLER_CLASS
WRONG_ENCODING
""".split()


@pytest.mark.parametrize("code", DOCUMENTED)
def test_each_documented_code_has_a_class_and_a_sentence(code):
    error = error_of("profile", code.upper(), 400, "m")

    assert type(error) is not errors.PortalError
    assert reply_to(error).status >= 400


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
    ],
)
def test_a_named_secret_does_not_pass_the_log(line):
    assert "SECRETSECRET" not in redact(line)
