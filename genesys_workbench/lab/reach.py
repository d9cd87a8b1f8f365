"""How a person gets to the server: a browser that opens here, or a way from elsewhere."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Reach", "reach_from", "reach_of_this_process"]

# Docker and Podman leave one of them in every container.
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether to open a browser, and what to tell the person if not.

    Attributes:
        helper: Whether the browser is a helper that opens it on another computer, as editors
            with remote windows bring it in BROWSER: such a one needs the URL, not a local file.
        why: Why no browser opens.
        how: What to do instead; `{port}` stands for the port.
    """

    browser: bool
    helper: bool = False
    why: str = ""
    how: str = ""


def reach_of_this_process() -> Reach:
    """Decide for this process."""
    return reach_from(
        os.environ,
        platform=sys.platform,
        container=any(mark.exists() for mark in CONTAINER_MARKS),
        browser_found=_graphical_browser,
    )


def reach_from(
    environment: Mapping[str, str],
    *,
    platform: str,
    container: bool,
    browser_found: Callable[[], bool],
) -> Reach:
    """Decide from where this process runs.

    Args:
        environment: SSH_CONNECTION, BROWSER, DISPLAY and WAYLAND_DISPLAY are looked at.
        platform: As `sys.platform`.
        container: Whether this is a container.
        browser_found: Tells whether a graphical browser is installed.
    """
    remote = container or "SSH_CONNECTION" in environment
    if environment.get("BROWSER"):
        return Reach(browser=True, helper=remote)
    if container:
        return Reach(False, why="this is a container", how=_FORWARD)
    if "SSH_CONNECTION" in environment:
        return Reach(False, why="this computer is remote", how=_tunnel(environment))
    if platform == "linux" and not _has_display(environment):
        return Reach(False, why="there is no display", how=_tunnel(environment))
    if not browser_found():
        return Reach(False, why="no browser is installed", how="open the URL in any browser")
    return Reach(browser=True)


_FORWARD = (
    "forward port {port} to your computer: an editor's remote window does it, docker run does it "
    "with -p 127.0.0.1:{port}:{port} if you also say --ip 0.0.0.0 --open-to-network"
)


def _tunnel(environment: Mapping[str, str]) -> str:
    """Return the ssh line for port forwarding, with the address that the person came by."""
    connection = environment.get("SSH_CONNECTION", "").split()
    host = connection[2] if len(connection) > 2 else "THIS-COMPUTER"
    user = environment.get("USER", "USER")
    return f"on your computer: ssh -N -L {{port}}:127.0.0.1:{{port}} {user}@{host}"


def _has_display(environment: Mapping[str, str]) -> bool:
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _graphical_browser() -> bool:
    """Tell whether a browser is installed that does not take the terminal over."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    # Python wraps text browsers, and nothing else that it finds itself, in this very class.
    return type(found) is not webbrowser.GenericBrowser
