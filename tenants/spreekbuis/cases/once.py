"""The same form sent twice makes one thing; another text from the same form is another thing, and kept too."""

import json
from uuid import UUID, uuid5


def id_of(maker: UUID, *content: str) -> UUID:
    """The same for the same maker and content, and otherwise different.

    `maker` is the `once` of a form, or an account when the id must not be one that somebody else can choose;
    then `once` is part of the content. `once` is kept nowhere, so the id tells nothing of the content.
    """
    return uuid5(maker, json.dumps(content))
