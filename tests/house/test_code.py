"""Habits that a stranger would forget, kept in every module."""

import ast
import inspect
import re

import pytest

from spreekbuis.audit.trail import Audited
from spreekbuis.jobs.outbox import DEFINED
from tests.house.sources import FOLDERS, ROOT, calls, import_everything, modules, name, parsed

LONGEST = 500
LONGER: dict[str, str] = {}
"""Modules of more than 500 lines, each with its reason. A module that needs a table of contents is two modules."""

every_module = pytest.mark.parametrize("module", modules(), ids=name)


def test_no_package_hides_the_other_floors():
    """`spreekbuis` is one namespace over three folders; an `__init__.py` in one of them hides the two others."""
    for folder in FOLDERS:
        assert not (ROOT / folder / "spreekbuis" / "__init__.py").exists()
        assert not (ROOT / folder / "__init__.py").exists()


@every_module
def test_a_module_is_short_enough_to_read(module):
    length = len(module.read_text().splitlines())
    assert length <= LONGEST or name(module) in LONGER


@every_module
def test_a_module_says_what_it_is_for(module):
    if module.read_text().strip():
        assert ast.get_docstring(parsed(module))


FORBIDDEN = {
    r"\b(?:datetime\.now|datetime\.utcnow|date\.today|time\.time)\(": (
        "time comes from spreekbuis.clock (the heart beats of RQ's workers are real time)",
        {"platform/spreekbuis/clock.py", "platform/spreekbuis/jobs/queue.py"},
    ),
    r"\bfunc\.(?:now|current_timestamp|clock_timestamp)\b": ("time comes from spreekbuis.clock", set()),
    r"\bremote_addr\b|\baccess_route\b|X-Forwarded-For|REMOTE_ADDR": ("nobody asks where a request came from", set()),
    r"\bsession\.commit\(": ("only the end of a request or job commits", {"platform/spreekbuis/db/session.py"}),
    r"\bMarkup\(": (
        "what people write is escaped (the drawing of a QR code and the texts of the catalogues are ours)",
        {f"platform/spreekbuis/{m}.py" for m in ("identity/views/sign_in", "web/jinja", "web/words")},
    ),
    r"\b(?:TODO|FIXME|XXX|HACK)\b": ("finish it, or leave it out", set()),
    r"unicodedata\.normalize\(": (
        "normalising a hostile text takes minutes, but for spreekbuis.characters",
        {"platform/spreekbuis/characters.py"},
    ),
    r"\bset_config\(": ("SET LOCAL in db.session sets the tenant, once", set()),
    r"\brow_security\b|\bBYPASSRLS\b": ("nothing steps around the policies", {"platform/spreekbuis/db/bootstrap.py"}),
}  # fmt: skip


@every_module
def test_a_module_does_not_do_what_only_one_place_does(module):
    source = module.read_text()
    for pattern, (why, places) in FORBIDDEN.items():
        if name(module) not in places:
            found = re.search(pattern, source)
            assert found is None, f"{found and found.group()}: {why}"


def test_every_kind_of_audit_event_is_recorded_somewhere():
    source = "".join(m.read_text() for m in modules() if m.name != "trail.py")
    unused = [kind.name for kind in Audited if not re.search(rf"Audited\.{kind.name}\b", source)]
    assert unused == []


def test_every_kind_of_audit_event_is_named_after_a_thing_and_what_happened():
    for kind in Audited:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.value)
        assert kind.name == kind.value.replace(".", "_").upper()


IDENTIFIER = re.compile(r"(?:.*_)?id|.*_ids|(?:.*_)?(?:year|month|day|on|until|key|kind|status|code|number)")
ABOUT_THE_JOB = {"entity_id", "run_at", "once_key"}


def test_a_job_takes_identifiers_and_dates_alone():
    import_everything()
    assert DEFINED
    for job in DEFINED.values():
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", job.name)
        for parameter in inspect.signature(job.work).parameters.values():
            assert IDENTIFIER.fullmatch(parameter.name), f"{job.name} takes {parameter.name}"


@every_module
def test_work_is_promised_with_identifiers_and_dates_alone(module):
    for call in calls(module, "enqueue"):
        for keyword in call.keywords:
            assert keyword.arg is not None, f"line {call.lineno}: say which values"
            if keyword.arg not in ABOUT_THE_JOB:
                assert IDENTIFIER.fullmatch(keyword.arg), f"line {call.lineno}: {keyword.arg}"


@every_module
def test_a_view_decides_nothing_in_sql_text(module):
    """Views translate, operations decide: no view writes rows."""
    if module.name == "views.py":
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert ast.unparse(node.func) not in (
                    "db.session.add",
                    "db.session.delete",
                    "db.session.merge",
                ), node.lineno
