"""`spreekbuis register import` at the terminal."""

from click.testing import CliRunner
from sqlalchemy import func, select

from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.commands import commands
from spreekbuis.directory.models import RegisterImport
from spreekbuis.directory.register import search
from tests.directory.registers import organisations

RENAMED = "OVO990007,Wegenagentschap,MOW,0316380841,AWV,2026-06-01,"


def run(world, tmp_path, content: bytes, *words: str):
    file = tmp_path / "register.csv"
    file.write_bytes(content)
    return CliRunner().invoke(commands, ["import", str(file), *words], obj=lambda: world.app)


def found(words: str) -> list[str]:
    with transaction(PLATFORM):
        return [organisation.name for organisation in search(words)]


def test_a_preview_tells_what_would_change_and_leaves_nothing_behind(register, tmp_path):
    register.entity("OVO990007")
    answer = run(register, tmp_path, organisations(RENAMED))
    assert answer.exit_code == 0
    assert "OVO990007 (an entity) renamed from 2026-06-01" in answer.output
    assert "1 changes, 1 of them of entities. Nothing was changed." in answer.output
    assert found("wegenagentschap") == []
    with transaction(PLATFORM) as session:
        assert session.scalar(select(func.count()).select_from(RegisterImport)) == 0
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 0


def test_apply_changes_the_register(register, tmp_path):
    answer = run(register, tmp_path, organisations(RENAMED), "--apply", "--day", "2026-11-01")
    assert answer.exit_code == 0
    assert "1 changes were applied" in answer.output
    assert found("wegenagentschap") == ["Wegenagentschap"]
    with transaction(PLATFORM) as session:
        assert session.scalars(select(AuditEvent.actor)).all() == ["command", "command"]


def test_faults_are_told_with_their_lines(register, tmp_path):
    answer = run(register, tmp_path, organisations("OVO1,Een,OMG,,,,"), "--apply")
    assert answer.exit_code == 1
    assert answer.output.startswith("line 2: ")
