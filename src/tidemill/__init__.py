"""Tidemill: a control plane for data and ML pipelines."""

__version__ = "0.1.0"
