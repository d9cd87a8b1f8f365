"""JupyterLab on the workbench's notebooks: which folder, on which server, and how to reach it."""
