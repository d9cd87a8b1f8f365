"""Notebooks run from the command line: parameters, papermill, HTML, matrix, gallery."""
