"""The files of a private RabbitMQ node: what it is told, and what it tells other processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ERLANG_ARGUMENTS",
    "RunningNode",
    "has_management",
    "remove_state",
    "running_node",
    "usual_port",
    "write_config",
    "write_state",
]

STATE_FILE = "node.json"
_PORT = re.compile(r"^listeners\.tcp\.1 = 127\.0\.0\.1:(\d+)$", re.MULTILINE)

CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users.guest = true
log.file.level = info
log.console = false
disk_free_limit.absolute = 50MB
"""
# How many messages are unacked is known to the management plugin only. Its totals need no
# statistics database, which would cost memory and throughput
# (https://www.rabbitmq.com/docs/management#disable-stats).
MANAGEMENT = """\
management.tcp.ip = 127.0.0.1
management.tcp.port = {port}
management.disable_stats = true
management.enable_queue_totals = true
management_agent.disable_metrics_collector = true
"""
TOTALS_EVERY_MS = 1000  # quorum queues renew theirs every 5 s by default
# Its event handler would only hold up the node's stop by 5 s before 3.13 (rabbitmq-server 11070).
_NO_HANDLER = "gen_event:delete_handler(rabbit_event,rabbit_mgmt_db_handler,[])"
# A new queue may be in memory only: its name with Ra until half a second has brought no new one,
# its record in Mnesia's log for 2 s. Here both are written every FLUSH_EVERY_MS, and a server
# property tells clients how often that was (`settling`).
FLUSHES = "genesys_workbench_flushes"
FLUSH_EVERY_MS = 50
_TELLING = f'[{{<<"{FLUSHES}">>,long,%s}}]'
_FLUSHING = (
    "#{names:=#{directory_rev:=Names}}=ra_system:fetch(quorum_queues),"
    "Flush=fun(Again,Count)->"
    "(case(catch({dets:sync(Names),mnesia:sync_log()}))of({ok,ok})->"
    f"application:set_env(rabbit,server_properties,{_TELLING % 'Count'}),"
    f"timer:sleep({FLUSH_EVERY_MS}),"
    "Again(Again,Count+1);"
    "(_)->(stopped)end)end,"
    "Flush(Flush,1)"
)
# No blanks: the script splits its arguments at them.
ERLANG_ARGUMENTS = (
    f"-rabbit quorum_tick_interval {TOTALS_EVERY_MS} "
    f"-rabbit server_properties {_TELLING % 0} "
    f"-eval spawn(fun()->rabbit:await_startup(),{_NO_HANDLER},{_FLUSHING}end)."
)


def has_management(server: Path) -> bool:
    """Return whether the management plugin lies beside this rabbitmq-server script."""
    plugins = server.resolve().parent.parent / "plugins"
    return any(plugins.glob("rabbitmq_management-[0-9]*"))


def write_config(folder: Path, *, port: int, management_port: int | None) -> None:
    """Write the node's configuration and the plugins that it starts.

    Args:
        folder: The node's data folder.
        port: For AMQP, on loopback.
        management_port: For the management plugin, on loopback; None where it is not installed.
    """
    config, plugins = CONFIG.format(port=port), ""
    if management_port is not None:
        config += MANAGEMENT.format(port=management_port)
        plugins = "rabbitmq_management"
    (folder / "rabbitmq.conf").write_text(config, encoding="utf-8")
    (folder / "enabled_plugins").write_text(f"[{plugins}].\n", encoding="utf-8")


def usual_port(folder: Path) -> int | None:
    """Return the AMQP port that the node was last configured with, None if it never was."""
    config = folder / "rabbitmq.conf"
    found = _PORT.search(config.read_text(encoding="utf-8")) if config.exists() else None
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class RunningNode:
    """A node that another process runs: its AMQP URL, and its management URL if it has one."""

    url: str
    management_url: str | None


def running_node(data_dir: Path) -> RunningNode | None:
    """Return the node that another process runs in this folder, or None."""
    try:
        state = json.loads((data_dir / STATE_FILE).read_text(encoding="utf-8"))
        os.kill(state["pid"], 0)
        with socket.create_connection(("127.0.0.1", state["port"]), timeout=2):
            return RunningNode(str(state["url"]), state.get("management"))
    except (OSError, ValueError, KeyError):
        return None


def write_state(folder: Path, *, pid: int, port: int, url: str, management_url: str | None) -> None:
    """Tell other processes of this user where the node is."""
    state = {"pid": pid, "port": port, "url": url, "management": management_url}
    path = folder / STATE_FILE
    path.write_text(json.dumps(state), encoding="utf-8")
    path.chmod(0o600)


def remove_state(folder: Path) -> None:
    """Tell them no more."""
    with contextlib.suppress(OSError):
        (folder / STATE_FILE).unlink()
