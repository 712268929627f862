"""`spreekbuis figures …` at the terminal."""

from click.testing import CliRunner
from sqlalchemy import text

from spreekbuis.db.session import db
from spreekbuis.figures.commands import commands
from spreekbuis.figures.roll_up import roll_up_all
from tests.figures.samples import case, count


def run(world, *words: str):
    return CliRunner().invoke(commands, words, obj=lambda: world.app)


def test_verify_names_what_differs_and_rebuild_repairs_it(world):
    entity = world.entity()
    count(world, entity, case())
    roll_up_all()
    assert run(world, "verify").exit_code == 0
    with db.engines["figures"].begin() as figures:
        figures.execute(text("UPDATE figure_cell SET n = 7 WHERE dimension = 'cases'"))
    answer = run(world, "verify")
    assert answer.exit_code == 1
    assert f"{entity.ovo} 2014 cases.all: 7 (sum 0) instead of 1 (sum 0)" in answer.output
    assert run(world, "rebuild").exit_code == 0
    assert run(world, "verify").exit_code == 0
