"""Genesys Workbench: Genesys Cloud conversation events, received, queued, processed, seen."""
