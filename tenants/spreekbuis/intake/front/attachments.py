"""The attachments of a mail: cleaned, scanned and stored for the entity before the contact is registered."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from werkzeug.datastructures import FileStorage

from spreekbuis.db import scope
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import ContactEnd
from spreekbuis.intake.front.registering import Heard, served
from spreekbuis.vault.files import Acceptance, accept, discard
from spreekbuis.web import door


@contextmanager
def taken_in(heard: Heard, sent: Sequence[tuple[str, bytes]]) -> Iterator[Acceptance]:
    """The files, by name and content, that pass the checks of an upload; those of a contact without a case are left.

    No transaction is open while they are cleaned, which takes seconds; so nothing may be changed before. When the
    block fails they are forgotten.
    """
    entity = None if heard.ended is ContactEnd.REFERRED else served(heard.organisation)
    if entity is None or not sent:
        yield Acceptance({}, ())
        return
    of_entity = scope.tenant(entity.id)
    with door.outside(), scope.answering(of_entity):
        uploads = {new_id(): FileStorage(io.BytesIO(content), name) for name, content in sent}
        accepted = accept(uploads, keep_original=False)
    try:
        yield accepted
    except BaseException:
        discard(accepted.files.values())
        raise
