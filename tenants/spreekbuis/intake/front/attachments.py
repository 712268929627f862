"""The attachments of a mail, cleaned and stored for the entity that gets them, before its case is touched.

Cleaning takes seconds, so no transaction is open meanwhile: nobody waits for this one, and it holds no connection.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from werkzeug.datastructures import FileStorage

from spreekbuis.db.base import new_id
from spreekbuis.db.scope import entering, tenant
from spreekbuis.db.session import db
from spreekbuis.vault.files import Acceptance, accept, discard

type_attachment = tuple[str, bytes]


@contextmanager
def cleaned_for(entity_id: UUID | None, attachments: tuple[type_attachment, ...]) -> Iterator[Acceptance]:
    """What of the attachments is accepted, stored for the entity; nothing without an entity. Ends the transaction that
    is open. The contents go again when the block fails."""
    if entity_id is None or not attachments:
        yield Acceptance({}, ())
        return
    db.session.rollback()
    uploads = {new_id(): FileStorage(io.BytesIO(content), name) for name, content in attachments}
    with entering(tenant(entity_id)):
        accepted = accept(uploads, keep_original=False)
    try:
        yield accepted
    except BaseException:
        discard(accepted.files.values())
        raise
