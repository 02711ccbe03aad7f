"""Somebody at a sandbox portal with a browser that runs no scripts, and what its frame sends."""

import json
import re
from html import unescape
from urllib.parse import urlsplit

AURORA = "http://127.0.0.2:8010"
BOREALIS = "http://127.0.0.3:8010"
AUTH = "http://127.0.0.4:8010"
APP = "http://127.0.0.1:8000"
CLIENT_ID = "app.5f0c1d.77"


class Person:
    """A browser without scripts: a cookie jar at one portal."""

    def __init__(self, app, base_url, number=None):
        self.base_url = base_url
        self.client = app.test_client()
        if number is not None:
            self.post("/signin", user=number)

    def get(self, path, /, **query):
        return self.client.get(path, base_url=self.base_url, query_string=query or None)

    def post(self, path, /, headers=None, **form):
        return self.client.post(path, base_url=self.base_url, data=form, headers=headers)


def frame_data(reply):
    found = re.search(r'id="frame-data">(.*?)</script>', reply.text, re.S)
    return json.loads(found[1])


def frame_fields(reply):
    form = re.search(r'<form id="frame-request".*?</form>', reply.text, re.S)[0]
    names = re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in names}


def frame_address(reply):
    return urlsplit(unescape(re.search(r'method="post" action="(http[^"]+)"', reply.text)[1]))
