"""Every error has an answer a person can use."""

import inspect

import pytest
from flask import Flask

from b24app import errors, i18n
from b24app.bitrix.rest import ERRORS, error_code
from b24app.errors import B24AppError, ConfigurationError
from b24app.observe import redact
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


def test_what_passes_is_not_permanent():
    assert {code for code, kind in ERRORS.items() if not kind.permanent} == {
        "QUERY_LIMIT_EXCEEDED",
        "OVERLOAD_LIMIT",
        "OPERATION_TIME_LIMIT",
    }


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
