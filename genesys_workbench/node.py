"""A private RabbitMQ node: own data folder, own name, free loopback ports, nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .errors import BrokerUnreachable
from .node_files import (
    ERLANG_ARGUMENTS,
    has_management,
    remove_state,
    usual_port,
    write_config,
    write_state,
)
from .ports import free_port, hold_port, let_go_of_port
from .watchdog import Watchdog

__all__ = ["PrivateNode", "find_server"]

# Debian and Ubuntu (the wrapper in PATH switches user, so not that one), Homebrew on Apple
# silicon and Intel, the generic archive.
PLACES = (
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/rabbitmq/sbin/rabbitmq-server",
)


def find_server() -> Path | None:
    """Return the rabbitmq-server script that starts a node directly, or None."""
    home = os.environ.get("RABBITMQ_HOME")
    places = ([f"{home}/sbin/rabbitmq-server"] if home else []) + list(PLACES)
    return next((Path(place) for place in places if os.access(place, os.X_OK)), None)


class PrivateNode:
    """A RabbitMQ node of our own, up in about 5 s, stopped on exit.

    Args:
        data_dir: Its data folder, kept after the stop; None for a temporary one.
        start_timeout: Seconds to wait until it answers.
        sleep: Waits between two looks.
    """

    # Always the same, since the data belongs to it; apart by the port mapper's own port.
    name = "workbench@localhost"

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        start_timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._temporary = data_dir is None
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="genesys-workbench-rabbitmq-"))
        self._start_timeout = start_timeout
        self._sleep = sleep
        self._port = self._usual_port() or free_port()
        self._dist_port = free_port()
        self._epmd_port = free_port()
        self._management_port: int | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._watchdog: Watchdog | None = None
        self._is_up = False

    @property
    def url(self) -> str:
        """AMQP URL, on loopback."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    @property
    def management_url(self) -> str | None:
        """URL of the management plugin, on loopback; None where it is not installed."""
        port = self._management_port
        return f"http://guest:guest@127.0.0.1:{port}/" if port is not None else None

    @property
    def pid(self) -> int:
        """Process id of the Erlang VM."""
        if self._server is None:
            raise BrokerUnreachable("The private RabbitMQ node does not run.", fix="start() it")
        return self._server.pid

    def start(self) -> str:
        """Start the node and wait until it accepts connections; return its URL.

        Raises:
            BrokerUnreachable: No rabbitmq-server is installed, or it did not come up; the text
                holds the last lines of its log.
        """
        self.boot()
        return self.wait()

    def boot(self) -> None:
        """Start its processes and return at once; the URL is known, and good after `wait`.

        Raises:
            BrokerUnreachable: No rabbitmq-server is installed.
        """
        script = find_server()
        if script is None:
            raise BrokerUnreachable(
                "No rabbitmq-server is installed here, so no private node can be started.",
                fix="apt-get install rabbitmq-server, or set WORKBENCH_BROKER_URL to memory:// "
                "or to amqp://user:password@host:5672/",
            )
        self._prepare_files(with_management=has_management(script))
        env = self._environment()
        self._epmd = self._start_epmd(env)
        with (self.data_dir / "startup.log").open("wb") as log:
            self._server = subprocess.Popen(
                [str(script)],
                env=env,
                cwd=self.data_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we stop the node in order
            )
        self._watchdog = Watchdog([each for each in (self._server, self._epmd) if each])

    def wait(self) -> str:
        """Wait until it accepts connections; return its URL.

        Raises:
            BrokerUnreachable: It did not come up; the text holds the last lines of its log.
        """
        self._wait_until_up()
        write_state(
            self.data_dir,
            pid=self.pid,
            port=self._port,
            url=self.url,
            management_url=self.management_url,
        )
        return self.url

    def stop(self) -> None:
        """Stop the node and its port mapper; remove a temporary data folder."""
        # While it boots, the Erlang VM does not heed SIGTERM; then, and where the data go with it,
        # there is nothing to save.
        _end(self._server, 15.0 if self._is_up and not self._temporary else 0.0)
        _end(self._epmd, 3.0)
        if self._watchdog is not None:
            self._watchdog.end()
        self._server = self._epmd = self._watchdog = None
        remove_state(self.data_dir)
        for port in (self._port, self._dist_port, self._epmd_port, self._management_port):
            if port is not None:
                let_go_of_port(port)
        if self._temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def kill(self) -> None:
        """End the Erlang VM with SIGKILL, as a crash would; `restart` brings it back."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def restart(self) -> str:
        """Start again on the same port and data after `kill` or a graceful end."""
        _end(self._server, 15.0)
        _end(self._epmd, 3.0)
        if self._watchdog is not None:
            self._watchdog.end()
        return self.start()

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl against this node and return what it prints."""
        script = find_server()
        if script is None:
            raise BrokerUnreachable("No rabbitmqctl is installed here.")
        done = subprocess.run(
            [str(script.with_name("rabbitmqctl")), "-n", self.name, "--quiet", *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise BrokerUnreachable(f"rabbitmqctl {arguments[0]} failed: {done.stderr[-500:]}")
        return done.stdout

    def answers(self) -> bool:
        """Whether it speaks AMQP at this moment."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as link:
                link.settimeout(2)
                link.sendall(b"AMQP\x00\x00\x09\x01")
                return link.recv(1) == b"\x01"
        except OSError:
            return False

    def __enter__(self) -> PrivateNode:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _usual_port(self) -> int | None:
        """Return the port of the last run if it is free: a worker that outlived it reconnects."""
        port = usual_port(self.data_dir)
        return port if port is not None and hold_port(port) else None

    def _prepare_files(self, *, with_management: bool) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        if with_management and self._management_port is None:
            self._management_port = free_port()
        write_config(self.data_dir, port=self._port, management_port=self._management_port)

    def _environment(self) -> dict[str, str]:
        place = str(self.data_dir)
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
        return {
            **kept,
            "HOME": place,
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": f"{place}/mnesia",
            "RABBITMQ_MNESIA_DIR": f"{place}/mnesia/node",
            "RABBITMQ_LOG_BASE": f"{place}/log",
            "RABBITMQ_PID_FILE": f"{place}/node.pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{place}/enabled_plugins",
            "RABBITMQ_CONFIG_FILE": f"{place}/rabbitmq.conf",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{place}/config",
            # The script then becomes the Erlang VM instead of waiting beside it.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-noshell -noinput {ERLANG_ARGUMENTS}",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
        }

    def _start_epmd(self, env: dict[str, str]) -> subprocess.Popen[bytes] | None:
        # Started by us, the port mapper is our child; started by Erlang, it would outlive all.
        places = sorted(Path("/usr/lib/erlang").glob("erts-*/bin/epmd"))
        program = shutil.which("epmd") or (str(places[-1]) if places else None)
        if program is None:
            return None
        return subprocess.Popen(
            [program, "-address", "127.0.0.1", "-port", str(self._epmd_port)],
            env=env,
            cwd=self.data_dir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        while time.monotonic() < deadline:
            if self._server is not None and self._server.poll() is not None:
                break
            if self.answers():
                self._is_up = True
                return
            self._sleep(0.1)
        raise BrokerUnreachable(
            "The private RabbitMQ node did not come up. Its last words:\n" + self._last_words(),
            fix="free memory or disk, or set WORKBENCH_BROKER_URL=memory:// to do without",
        )

    def _last_words(self) -> str:
        logs = [self.data_dir / "startup.log", *(self.data_dir / "log").glob("*.log")]
        text = "".join(log.read_text("utf-8", "replace")[-1500:] for log in logs if log.exists())
        return text[-3000:]


def _end(process: subprocess.Popen[bytes] | None, patience: float) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
