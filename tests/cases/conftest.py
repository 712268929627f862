"""What the tests of cases share: new cases in the three shapes that matter."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from spreekbuis.cases.definition import read_definition
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import NewCase, open_case
from spreekbuis.cases.procedure_versions import known, shipped
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import CaseKind, Channel, Identity, ReporterClass
from spreekbuis.vault.content import ContentKey

REPORT = "Mijn collega keurt offertes goed van zijn eigen firma."


for _code, _definition in shipped().items():
    # what the database holds as well, for rules that are asked without one
    known.procedures[_code, 1] = read_definition(_code, 1, _definition)


def a_new_case(**changes: Any) -> NewCase:
    """A confidential web report of fraud by a member of staff, not yet marked; `changes` replace fields."""
    usual = NewCase(
        id=new_id(),
        kind=CaseKind.NEW,
        category="fraud",
        channel=Channel.WEB,
        identity=Identity.CONFIDENTIAL,
        reporter_class=ReporterClass.STAFF,
        language="nl",
        text=REPORT,
        reporter=None,
        duty_accepted=True,
    )
    return replace(usual, **changes)


def opened_with_key(**changes: Any) -> tuple[Case, ContentKey]:
    """A case opened in the scope at hand, and its key."""
    new = a_new_case(**changes)
    case = open_case(new)
    return case, ContentKey(case.entity_id, case.id, new.secret)


@pytest.fixture
def new_case() -> Callable[..., NewCase]:
    return a_new_case
