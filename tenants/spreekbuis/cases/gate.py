"""The gate of the forms on the pages of one case: who may, in which version, once; and never a typed text lost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from spreekbuis.cases.doors import my_desks
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import NewFile
from spreekbuis.db.base import new_id
from spreekbuis.errors import Invalid, type_text
from spreekbuis.vault.files import Acceptance, accept, discard
from spreekbuis.web import door
from spreekbuis.web.forms import Reading

T = TypeVar("T")


def never(_case: Case, _values: object) -> bool:
    """For `already`: what may be done again, since it changes nothing then."""
    return False


@dataclass(frozen=True, slots=True)
class Gate:
    """Of the forms that stand on one page.

    `page` draws it for a case; it takes `errors`, `kept` (what was typed), `status`, and for forms that ask for the
    newest version `stale`. `endpoint` is its address.
    """

    endpoint: str
    page: Callable[..., Response]

    def act(
        self,
        case_id: UUID,
        read: Callable[[Reading], T],
        already: Callable[[Case, T], bool],
        do: Callable[[Case, T], object],
        done: str,
        *,
        any_version: bool = False,
    ) -> ResponseReturnValue:
        """Read the form, then do what it asks, unless it was done `already` (a second press) or the page was stale.

        The case is locked first, so that two forms follow each other. What was typed is always given back.
        With `any_version` it matters not what changed meanwhile: for what overwrites nothing.
        """
        case = case_for(my_desks(), case_id, lock=True)
        form = Reading()
        values = read(form)
        try:
            form.check()
            if not already(case, values):
                if not any_version and request.form.get("version") != str(case.version):
                    return self.page(case, errors=_choose_again(), kept=request.form, stale=True, status=409)
                do(case, values)
        except Invalid as invalid:
            errors = {**_choose_again(), **invalid.errors}
            return self.page(case, errors=errors, kept=request.form, status=invalid.status)
        return self.back(case_id, done)

    def act_with_files(
        self,
        case_id: UUID,
        read: Callable[[Reading], T],
        already: Callable[[Case, T], bool],
        do: Callable[[Case, T, list[NewFile]], object],
        done: str,
    ) -> ResponseReturnValue:
        """`act` with the files that came along, all of them or nothing.

        They are scanned and stored while no transaction is open, which takes seconds: so the form is tried before
        them, without doing anything, and passes the gate again after.
        """
        uploads = {new_id(): upload for upload in request.files.getlist("files") if upload}
        if not uploads:
            return self.act(case_id, read, already, lambda case, values: do(case, values, []), done)
        passed: list[Case] = []
        answer = self.act(case_id, read, already, lambda case, _values: passed.append(case), done)
        if not passed:
            return answer
        accepted, kept = Acceptance({}, ()), False

        def do_with_files(case: Case, values: T) -> None:
            nonlocal kept
            if accepted.refusals:
                raise Invalid({"files": " ".join(accepted.refusals)})
            do(case, values, [NewFile.of(file) for file in accepted.files.values()])
            kept = True

        try:
            with door.outside():
                accepted = accept(uploads, keep_original=True)
            return self.act(case_id, read, already, do_with_files, done)
        finally:
            if not kept:
                discard(accepted.files.values())

    def back(self, case_id: UUID, done: str) -> ResponseReturnValue:
        """To the page, where `done` is said."""
        address = url_for(self.endpoint, ovo=door.the_entity().ovo_code, case_id=case_id, done=done)
        return redirect(address, 303)


def _choose_again() -> dict[str, type_text]:
    """No browser sends chosen files a second time by itself."""
    chosen = any(request.files.getlist("files"))
    return {"files": _l("Kies je bestanden opnieuw.")} if chosen else {}
