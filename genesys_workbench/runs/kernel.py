"""papermill with a kernel of this very interpreter, which ends with the run, come what may."""

from __future__ import annotations

from asyncio import InvalidStateError
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from papermill.clientwrap import PapermillNotebookClient  # type: ignore[import-untyped]
from papermill.engines import NBClientEngine, papermill_engines  # type: ignore[import-untyped]

from .record import headings

__all__ = ["ENGINE", "OnCell"]

ENGINE = "genesys-workbench"
OnCell = Callable[[int, int, str], None]
"""Told the number of a cell that begins, how many there are, and its section."""


class ThisPython(AsyncKernelManager):
    """Starts ``sys.executable``.

    A kernel looked up by its name, python3, may be another environment's: the first folder on
    Jupyter's path wins, and a user's own comes before the one of this environment
    (https://docs.jupyter.org/en/latest/use/jupyter-directories.html#data-files).
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        """The specification that ipykernel makes for the running interpreter."""
        from ipykernel.kernelspec import RESOURCES, get_kernel_dict

        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class Engine(NBClientEngine):  # type: ignore[misc]
    """papermill's own way, with this kernel and without what widgets leave behind."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, timeout: float, on_cell: OnCell, **_: Any
    ) -> None:
        """Run the notebook; the kernel is gone when this returns or raises."""
        manager = ThisPython(kernel_name=kernel_name)
        sections = [section for _, section in headings(nb_man.nb)]
        client = PapermillNotebookClient(
            nb_man,
            km=manager,
            timeout=timeout,
            startup_timeout=60,
            store_widget_state=False,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            on_cell_start=lambda cell, cell_index: on_cell(  # noqa: ARG005 - nbclient's names
                cell_index + 1, len(sections), sections[cell_index]
            ),
        )
        try:
            # a kernel's native output is not for the reader of our stdout
            client.execute(cleanup_kc=True, stdout=2)
        finally:
            # nbclient leaves a kernel that it was starting when it was interrupted, and then
            # jupyter_client sets the result of one future twice
            if manager.has_kernel:
                with suppress(InvalidStateError):
                    run_sync(manager.shutdown_kernel)(now=True)


papermill_engines.register(ENGINE, Engine)
