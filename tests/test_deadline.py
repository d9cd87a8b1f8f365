from __future__ import annotations

import ssl

import httpcore
import httpx
import pytest

from genesys_workbench.deadline import Deadlines, DeadlineTransport

from .api_fakes import FakeTime


class Wire(httpcore.NetworkBackend, httpcore.NetworkStream):
    """A connection that answers, and notes the timeout of each step."""

    def __init__(self, time):
        self.time, self.timeouts = time, []

    def connect_tcp(self, host, port, timeout=None, *_):
        return self._step(timeout, self)

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        return self._step(timeout, self)

    def write(self, buffer, timeout=None):
        self._step(timeout)

    def read(self, max_bytes, timeout=None):
        return self._step(timeout, b"HTTP/1.1 204 No Content\r\n\r\n")

    def close(self):
        self.timeouts.append("closed")

    def _step(self, timeout, result=None):
        self.timeouts.append(timeout)
        self.time.now += 1
        return result


def get(url, *, seconds, timeout):
    time = FakeTime()
    deadlines, wire = Deadlines(time.clock), Wire(time)
    transport = DeadlineTransport(deadlines, limits=httpx.Limits())
    transport._pool._network_backend._inner = wire
    with httpx.Client(transport=transport, timeout=timeout) as http:
        if seconds is not None:
            deadlines.start(seconds)
        assert http.get(url).status_code == 204
    return wire.timeouts


def test_each_step_gets_what_is_left_of_the_deadline():
    *steps, last = get("http://api.example.com/", seconds=30, timeout=None)
    assert len(steps) >= 3
    assert (steps, last) == ([30 - n for n in range(len(steps))], "closed")


def test_a_timeout_that_ends_before_the_deadline_is_kept():
    *steps, _ = get("http://api.example.com/", seconds=30, timeout=5)
    assert set(steps) == {5}


def test_the_deadline_holds_inside_tls_too():
    plain = get("http://api.example.com/", seconds=30, timeout=None)
    *steps, _ = get("https://api.example.com/", seconds=30, timeout=None)
    assert len(steps) == len(plain)
    assert steps == [30 - n for n in range(len(steps))]


def test_without_an_exchange_there_is_no_deadline():
    *steps, _ = get("http://api.example.com/", seconds=None, timeout=5)
    assert set(steps) == {5}


def test_past_the_deadline_no_step_begins():
    with pytest.raises(httpx.ReadTimeout, match="did not end in time"):
        get("http://api.example.com/", seconds=2, timeout=None)


def test_certificates_are_checked():
    transport = DeadlineTransport(Deadlines(), limits=httpx.Limits())
    context = transport._pool._ssl_context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
