"""Flask, with addresses remembered: a page builds some thirty, nearly always the same ones."""

from typing import Any

from flask import Flask, has_request_context

from spreekbuis.web.jinja import Templates

MOST = 4096
"""Addresses kept per process before starting anew."""


class Application(Flask):
    """Flask with a memory for `url_for` inside requests: an address depends on endpoint and values alone."""

    jinja_environment = Templates

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._addresses: dict[tuple[object, ...], str] = {}

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        if not has_request_context() or endpoint.startswith("."):
            return super().url_for(endpoint, **values)
        key = (endpoint, *values.items())
        try:
            known = self._addresses.get(key)
        except TypeError:  # a list among the values
            return super().url_for(endpoint, **values)
        if known is None:
            if len(self._addresses) >= MOST:
                self._addresses.clear()
            known = self._addresses[key] = super().url_for(endpoint, **values)
        return known
