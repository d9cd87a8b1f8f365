"""Helpers of the tests of auth: a scripted token endpoint, and what an error prints."""

from __future__ import annotations

import base64
import traceback

import httpx

from .api_fakes import SECRET, TOKEN, FakeTime, credentials


class TokenHost:
    """A token endpoint whose answers are scripted; the last one repeats."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def auth_of(*answers, **options):
    host, time = TokenHost(*answers), FakeTime()
    return credentials(httpx.MockTransport(host), time, **options), host, time


def value(auth):
    return auth.token().get_secret_value()


def everything_printed(exc):
    """Print the error with the locals of all frames but the test's own."""
    frames = exc.__traceback__.tb_next
    printed = traceback.TracebackException(type(exc), exc, frames, capture_locals=True)
    return "".join(printed.format()) + repr(exc) + str(vars(exc))


def assert_hidden(text):
    basic = base64.b64encode(f"client-id:{SECRET}".encode()).decode()
    for canary in (SECRET, TOKEN, basic):
        assert canary not in text
