"""An ASGI app in a thread of its own: start, answer, stop, start again."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from genesys_workbench import serving
from genesys_workbench.errors import BrokerUnreachable, ServingError, WorkbenchError
from genesys_workbench.serving import ServerThread


async def hello(request):
    return PlainTextResponse("hello")


def make_app(lifespan=None, routes=()):
    return Starlette(routes=[Route("/", hello), *routes], lifespan=lifespan)


def failing_app(error):
    @asynccontextmanager
    async def lifespan(app):
        raise error
        yield

    return make_app(lifespan)


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def get(url):
    return httpx.get(url, trust_env=False, timeout=3)


def test_a_started_server_answers_at_the_url_it_returned():
    server = ServerThread(make_app())
    url = server.start()
    try:
        assert get(url).text == "hello"
        assert url == server.url
        assert server.start() == url
    finally:
        server.stop()


def test_a_stopped_server_refuses_connections_and_may_be_stopped_again():
    with ServerThread(make_app()) as server:
        assert server.running
    server.stop()
    assert not server.running
    with pytest.raises(httpx.ConnectError):
        get(server.url)


def test_a_restarted_server_keeps_its_url():
    server = ServerThread(make_app())
    first = server.start()
    server.stop()
    with server:
        assert server.url == first
        assert get(first).text == "hello"


def test_a_busy_port_is_replaced_and_the_note_says_so(busy_port):
    with ServerThread(make_app(), port=busy_port) as server:
        taken = int(server.url.rpartition(":")[2])
        assert get(server.url).text == "hello"
    assert server.note == f"port {busy_port} is busy, using {taken}"


def test_a_port_is_busy_from_the_first_moment_of_another_start():
    starting, release = threading.Event(), threading.Event()

    @asynccontextmanager
    async def lifespan(app):
        starting.set()
        await asyncio.to_thread(release.wait, 3)
        yield

    first = ServerThread(make_app(lifespan))
    starter = threading.Thread(target=first.start)
    starter.start()
    assert starting.wait(3)
    with ServerThread(make_app(), port=int(first.url.rpartition(":")[2])) as second:
        release.set()
        starter.join()
        assert "is busy" in second.note
        assert first.url != second.url
    first.stop()


def test_a_free_port_leaves_no_note():
    with ServerThread(make_app()) as server:
        assert server.note is None


def test_a_busy_port_without_fallback_is_an_error_with_the_fix(busy_port):
    server = ServerThread(make_app(), port=busy_port, fallback=False, name="receiver")
    with pytest.raises(ServingError, match=rf"receiver cannot start: .*:{busy_port} is busy") as e:
        server.start()
    assert "another port" in e.value.fix
    assert not server.running


def test_an_address_of_another_computer_cannot_be_bound():
    with pytest.raises(ServingError, match=r"cannot listen on 192\.0\.2\.1:0"):
        ServerThread(make_app(), host="192.0.2.1").start()


def test_a_failed_start_of_the_app_is_told_without_the_password_in_it():
    server = ServerThread(failing_app(RuntimeError("no amqp://me:canary@example.com")))
    with pytest.raises(ServingError, match="RuntimeError: no amqp") as caught:
        server.start()
    assert "canary" not in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert not server.running


def test_the_apps_own_expected_error_comes_as_it_is():
    error = BrokerUnreachable("The broker is away.", fix="start it")
    with pytest.raises(BrokerUnreachable, match="The broker is away"):
        ServerThread(failing_app(error)).start()


def test_the_serving_error_belongs_to_the_error_tree():
    assert issubclass(ServingError, WorkbenchError)
    assert ServingError("x").reason == "serving"


def test_the_lifespan_runs_at_each_start_and_stop():
    seen = []

    @asynccontextmanager
    async def lifespan(app):
        seen.append("up")
        yield
        seen.append("down")

    server = ServerThread(make_app(lifespan))
    for _ in range(2):
        server.start()
        server.stop()
    assert seen == ["up", "down", "up", "down"]


def test_an_app_without_lifespan_is_served():
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    with ServerThread(app) as server:
        assert get(server.url).status_code == 204


def test_a_request_under_way_is_finished_before_the_stop():
    entered, release = threading.Event(), asyncio.Event()

    async def slow(request):
        entered.set()
        await release.wait()
        return PlainTextResponse("done")

    server = ServerThread(make_app(routes=[Route("/slow", slow)]))
    url = server.start()
    answers = []
    client = threading.Thread(target=lambda: answers.append(get(f"{url}/slow").text))
    client.start()
    assert entered.wait(3)
    stopper = threading.Thread(target=server.stop)
    loop = server._server.loop
    stopper.start()
    loop.call_soon_threadsafe(release.set)
    client.join(3)
    stopper.join(3)
    assert answers == ["done"]


def test_a_lifespan_that_does_not_end_is_given_up(monkeypatch):
    monkeypatch.setattr(serving, "_JOIN", 0.6)

    @asynccontextmanager
    async def lifespan(app):
        yield
        await asyncio.Event().wait()

    server = ServerThread(make_app(lifespan), name="stubborn")
    server.start()
    start = time.monotonic()
    server.stop()
    assert time.monotonic() - start < 3
    assert "stubborn" not in [thread.name for thread in threading.enumerate()]


def test_a_coroutine_runs_on_the_servers_loop():
    async def where():
        return threading.current_thread().name

    with ServerThread(make_app(), name="of-its-own") as server:
        assert server.submit(where()).result(3) == "of-its-own"


def test_a_coroutine_for_a_stopped_server_is_refused_with_the_fix():
    async def nothing():
        return None

    with pytest.raises(ServingError, match="not running") as caught:
        ServerThread(make_app()).submit(nothing())
    assert "start()" in caught.value.fix


def test_the_signal_handlers_stay_as_they_are():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with ServerThread(make_app()):
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert during == before


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_the_url_is_one_that_a_client_can_use(host, url):
    assert ServerThread(make_app(), host=host, port=80).url == url


def test_the_thread_prints_nothing_even_when_the_app_breaks():
    program = """
import httpx
from genesys_workbench.serving import ServerThread
async def app(scope, receive, send):
    raise RuntimeError("broken")
with ServerThread(app) as server:
    assert httpx.get(server.url, trust_env=False).status_code == 500
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
