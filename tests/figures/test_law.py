"""Article 27 of Directive (EU) 2019/1937: reports, what came of them, damage and recoveries; small numbers hidden."""

from spreekbuis.figures.facts import record_case
from spreekbuis.figures.law import law_tables
from spreekbuis.figures.roll_up import rebuild, roll_up_all, verify
from spreekbuis.web.access import Role
from tests.figures.samples import case, count
from tests.figures.test_facts import shown


def report(**changes):
    return case(topic="integrity", category="fraud", desk="integrity", **changes)


def law_of(world, entity):
    return {cell: counted for cell, counted in shown(world, entity).items() if cell[0].startswith("law")}


def test_a_report_on_integrity_counts_with_its_outcome_follow_up_and_money(world):
    entity = world.entity()
    count(
        world, entity,
        report(outcome="founded", follow_up="with_court", damage_cents=5 * 10**11, recovered_cents=0),
        case(outcome="founded", damage_cents=7), report(kind="information_request", damage_cents=7),
    )  # fmt: skip
    assert law_of(world, entity) == {
        ("law", "received"): (1, 0), ("law_outcome", "founded"): (1, 0), ("law_follow_up", "with_court"): (1, 0),
        ("law_money", "damage"): (1, 5 * 10**11), ("law_money", "recovered"): (1, 0),
    }  # fmt: skip


def test_a_changed_amount_moves_the_figures_and_never_counts_twice(world):
    entity = world.entity()
    (fact_id,) = count(world, entity, report(damage_cents=100))
    roll_up_all()
    for fact in (
        report(damage_cents=250),
        report(damage_cents=250, recovered_cents=50),
        report(recovered_cents=80),
    ):
        with world.inside(entity):
            record_case(fact_id, fact)
    assert law_of(world, entity) == {("law", "received"): (1, 0), ("law_money", "recovered"): (1, 80)}
    assert verify() == []
    rebuild()
    assert law_of(world, entity) == {("law", "received"): (1, 0), ("law_money", "recovered"): (1, 80)}


def test_what_is_counted_elsewhere_is_not_counted_again_by_a_recount(world):
    entity = world.entity()
    count(world, entity, report(outcome="referred", damage_cents=9), report(outcome="duplicate"), report())
    before = shown(world, entity)
    assert (before["cases", "all"], before["referred", "all"], before["duplicates", "all"]) == ((1, 0),) * 3
    assert verify() == []
    rebuild()
    assert (shown(world, entity), verify()) == (before, [])


def cells(**counted):
    return tuple(
        ((name.replace("__", " ").split()[0], name.split("__")[1]), n) for name, n in counted.items()
    )


def rows(tables):
    return {label: words for table in tables for label, words in table.rows}


def test_small_numbers_are_hidden_and_so_is_what_would_tell_them(app):
    with app.test_request_context():
        assert law_tables(()) == ()
        (few,) = law_tables(cells(law__received=(4, 0), law_money__damage=(4, 99)))
        assert few.rows == (("Ontvangen", "< 5"),)
        told = rows(
            law_tables(
                cells(
                    law__received=(30, 0),
                    law_outcome__founded=(12, 0),
                    law_outcome__unfounded=(9, 0),
                    law_outcome__not_examined=(3, 0),
                    law_money__damage=(5, 123456),
                    law_money__recovered=(4, 5),
                )
            )
        )
    assert (told["Ontvangen"], told["Gegrond"], told["Niet onderzocht"]) == ("30", "12", "< 5")
    assert (told["Geschatte schade"], told["Teruggekregen"]) == ("€ 1.234,56", "verborgen")
    assert told["Forensische audit"] not in ("0", "")


def test_the_central_office_reads_them_and_the_export_has_each_cell(world):
    entity = world.entity()
    count(
        world,
        entity,
        *(report(damage_cents=1000, outcome="founded") for _ in range(6)),
        report(outcome="referred"),
    )
    browser = world.browser(world.platform_member(Role.CENTRAL_ANALYST))
    page = browser.get("/central/figures?year=2014").text
    assert "Jaarcijfers voor de Europese Commissie, 2014" in page
    assert "€ 60,00" in page
    assert "Jaarcijfers voor de Europese Commissie" not in browser.get("/central/figures?year=2013").text
    lines = browser.get("/central/figures.csv?year=2014").text
    assert ";6;6000;law_money.damage" in lines
    assert ";1;;referred.all" in lines
