"""Mails about keys: to whoever must act, about no case, and not when it is done by then."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from spreekbuis.access import jobs, recovery
from spreekbuis.access.desk_keys import give_desk_keys, grant_desk_keys
from spreekbuis.access.members import join
from spreekbuis.access.models import DeskKey, DeskKeyGrant, Membership, RecoveryKey
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.identity.models import Account, PasswordReset
from spreekbuis.identity.password_change import reset_password
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.notify import mail
from spreekbuis.web import links
from spreekbuis.web.access import Role
from tests.access.test_recovery import Office

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING
OURS = {jobs.MAIL_PART_WAITS, jobs.ASK_FOR_ACCESS, jobs.MAIL_READER, jobs.MAIL_ADMINISTRATOR}


@pytest.fixture
def office(world):
    return Office(world)


@pytest.fixture
def post(app, monkeypatch):
    """Runs every job about keys, also those that jobs ask for; gives template and account of each mail."""
    kept = []
    monkeypatch.setattr(
        mail, "mailer", lambda settings: type("Kept", (), {"send": staticmethod(kept.append)})
    )

    def run(accounts: dict[UUID, str] | None = None) -> list:
        kept.clear()
        done: set[UUID] = set()
        while True:
            with transaction(PLATFORM) as session:
                wanted = select(Job.id, Job.name, Job.tenant_id, Job.args).where(Job.name.in_(OURS))
                waiting = [row for row in session.execute(wanted.order_by(Job.id)) if row.id not in done]
            if not waiting:
                return list(kept)
            for row in waiting:
                done.add(row.id)
                with transaction(tenant(row.tenant_id)):
                    DEFINED[row.name].work(**row.args)

    return run


def email(account):
    with transaction(PLATFORM) as session:
        return session.get_one(Account, account).email


def newcomer(world, office, desk=INTEGRITY):
    account = world.account()
    with world.inside(office.entity):
        join(account, Role.HANDLER, office.entity.desks[desk])
    return account


def test_each_officer_is_told_that_a_part_waits(office, post):
    office.make_kit()
    mails = post()
    assert {m["To"] for m in mails} == {email(account) for account in office.officers}
    for message in mails:
        assert "herstelsleutel" in message["Subject"]
        assert f"http://localhost/entity/{office.entity.ovo}/keys/part" in message.get_content().splitlines()


def test_a_part_that_is_on_paper_or_replaced_by_then_is_not_mailed(office, post):
    office.make_kit()
    office.print_parts()
    assert post() == []
    office.make_kit()
    office.make_kit()
    assert len(post()) == 2, "of the kit in force alone"


def test_the_ceremony_tells_the_new_officers(office, world, post):
    kit, papers = office.make_kit(), office.print_parts()
    with world.inside(office.entity):
        recovery.open_with_papers(kit, papers, [office.handler], office.officers)
    assert {m["To"] for m in post()} == {email(account) for account in office.officers}


def test_whoever_reads_at_the_desk_is_asked_to_let_a_newcomer_read(office, world, post):
    second = world.member(office.entity, Role.HANDLER, INTEGRITY)
    newcomer(world, office)
    mails = post()
    assert {m["To"] for m in mails} == {email(office.handler), email(second)}
    for message in mails:
        assert f"http://localhost/desk/{office.entity.ovo}/access" in message.get_content().splitlines()


def test_a_newcomer_who_reads_by_then_bothers_nobody(office, world, post):
    account = newcomer(world, office)
    with world.inside(office.entity):
        grant_desk_keys(
            office.entity.desks[INTEGRITY], office.handler, world.secrets[office.handler], [account]
        )
    assert post() == []


def test_where_nobody_reads_the_administrators_are_told(office, world, post):
    office.forget_everything()
    newcomer(world, office)
    (message,) = post()
    assert message["To"] == email(office.administrator)
    assert f"http://localhost/entity/{office.entity.ovo}/keys" in message.get_content().splitlines()


def test_after_a_new_password_whoever_can_is_asked_again_at_every_desk_of_the_account(office, world, post):
    colleague = world.member(office.entity, Role.HANDLER, INTEGRITY)
    elsewhere = world.entity()
    with world.inside(elsewhere):
        join(office.handler, Role.HANDLER, elsewhere.desks[WELLBEING])
        give_desk_keys(
            elsewhere.desks[WELLBEING],
            {1: elsewhere.desk_secrets[elsewhere.desks[WELLBEING]]},
            [office.handler],
        )
    there = world.member(elsewhere, Role.HANDLER, WELLBEING)
    world.member(elsewhere, Role.HANDLER, INTEGRITY)
    with transaction(PLATFORM) as session:
        session.execute(delete(Job))  # of joining
    forget(office.handler)
    mails = post()
    assert sorted(m["To"] for m in mails) == sorted([email(colleague), email(there)])
    for message in mails:
        assert "Een collega wacht op toegang" in message["Subject"]


def test_after_a_new_password_of_the_only_reader_the_administrators_are_told(office, post):
    forget(office.handler)
    assert [m["To"] for m in post()] == [email(office.administrator)]


def test_a_new_password_of_somebody_without_a_desk_asks_nobody(office, post):
    forget(office.administrator)
    assert post() == []


def forget(account):
    """A new password, by the mailed link."""
    with transaction(PLATFORM) as session:
        asked = PasswordReset(account_id=account, expires_at=now() + timedelta(hours=1))
        session.add(asked)
        session.flush()
        reset_password(links.sign("password-reset", asked.id), "een heel nieuw wachtwoord van vier woorden")


def test_before_the_first_kit_and_for_an_administrator_nobody_is_asked(office, world, post):
    account = world.account()
    with world.inside(office.entity):
        join(account, Role.ENTITY_ADMINISTRATOR, None)
    assert post() == []
    with world.inside(office.entity) as session:
        for table in (DeskKeyGrant, DeskKey, RecoveryKey):
            for row in session.scalars(select(table)):
                session.delete(row)
            session.flush()
    newcomer(world, office)
    assert post() == []


def test_who_left_or_is_disabled_gets_no_mail(office, world, post):
    office.make_kit()
    newcomer(world, office)
    with transaction(PLATFORM) as session:
        account = session.get_one(Account, office.handler)
        account.disabled_at = account.created_at
    with world.inside(office.entity) as session:
        for row in session.scalars(select(Membership).where(Membership.account_id == office.administrator)):
            session.delete(row)
    assert post() == []


def test_the_mails_are_in_the_language_of_whoever_gets_them(office, post):
    with transaction(PLATFORM) as session:
        for account in office.officers:
            session.get_one(Account, account).language = "en"
    office.make_kit()
    assert {m["Subject"] for m in post()} == {"Your part of the recovery key is waiting for you"}


def test_an_invitation_of_a_handler_says_that_a_colleague_gives_access(app, monkeypatch):
    kept = []
    monkeypatch.setattr(
        mail, "mailer", lambda settings: type("Kept", (), {"send": staticmethod(kept.append)})
    )
    for reads in ("yes", ""):
        mail.deliver("invitation", "a@voorbeeld.example", "nl", entity="X", path="/x", reads_cases=reads)
    handler, administrator = (message.get_content() for message in kept)
    assert "geeft een collega van je loket je toegang" in handler
    assert "geeft een collega van je loket je toegang" not in administrator
