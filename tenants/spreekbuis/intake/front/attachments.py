"""The attachments of a mail: cleaned, scanned and stored for the entity before the contact is registered."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from werkzeug.datastructures import FileStorage

from spreekbuis.db import scope
from spreekbuis.db.base import new_id
from spreekbuis.vault.files import Acceptance, accept, discard
from spreekbuis.web import door


@contextmanager
def taken_in(entity_id: UUID | None, sent: Sequence[tuple[str, bytes]]) -> Iterator[Acceptance]:
    """The files, by name and content, that pass the checks of an upload, stored for the entity of the case; without
    one they are left.

    No transaction is open while they are cleaned, which takes seconds; so nothing may be changed before. When the
    block fails they are forgotten.
    """
    if entity_id is None or not sent:
        yield Acceptance({}, ())
        return
    with door.outside(), scope.answering(scope.tenant(entity_id)):
        uploads = {new_id(): FileStorage(io.BytesIO(content), name) for name, content in sent}
        accepted = accept(uploads, keep_original=False)
    try:
        yield accepted
    except BaseException:
        discard(accepted.files.values())
        raise
