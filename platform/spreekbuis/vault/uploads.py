"""Files on their way in, from the line to the vault."""

from typing import IO

from flask import Request

from spreekbuis.vault.spool import spool


class SpoolingRequest(Request):
    """A request whose files are spooled encrypted, where Werkzeug writes what is above 500 kB plain to /tmp."""

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return spool()
