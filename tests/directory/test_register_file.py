"""Files of the register as people and programs write them."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreekbuis.directory import register_file
from spreekbuis.directory.register_file import FaultyFile, read_register
from tests.directory.registers import areas, organisations

LINE = "OVO123456,Agentschap Één,OMG,0316.380.841,AE,2020-01-31,"
TEXT = organisations(LINE).decode()


def lines(content: bytes):
    return [line for found in read_register(content).organisations.values() for line in found]


def faults(content: bytes) -> list[tuple[int, str]]:
    with pytest.raises(FaultyFile) as caught:
        read_register(content)
    return [(fault.line, str(fault.what)) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(), TEXT.encode("utf-8-sig"), TEXT.encode("cp1252"), TEXT.encode("utf-16"),
        TEXT.replace(",", ";").encode(), TEXT.replace(",", "\t").encode(), TEXT.replace("\n", "\r\n").encode(),
        (TEXT + "\n\n,,,,,,\n").encode(), TEXT.replace("2020-01-31", "31/1/2020").encode(),
        TEXT.replace("0316.380.841", "BE 0316.380.841").encode(), TEXT.replace("0316.380.841", "316380841").encode(),
        TEXT.replace("OVO123456", " ovo123456 ").encode(), TEXT.replace("Agentschap Één", '"Agentschap  Één"').encode(),
        TEXT.replace("ovo_code,", "OVO_Code,").encode(),
    ],
)  # fmt: skip
def test_a_file_is_read_however_it_was_written(app, content):
    (line,) = lines(content)
    assert (line.code, *line.state) == ("OVO123456", "Agentschap Één", "AE", "0316380841", "OMG")
    assert (line.first, line.last) == (date(2020, 1, 31), None)


def test_columns_that_nobody_needs_are_left_alone(app):
    content = b"ovo_code,name_nl,policy_area,website\nOVO123456,Een,OMG,www.voorbeeld.example"
    assert [line.code for line in lines(content)] == ["OVO123456"]


def test_the_json_of_the_flemish_register_is_read(app):
    one = {
        "ovoNumber": "OVO123456", "name": "Agentschap Één", "shortName": None, "kboNumber": "0316380841",
        "policyArea": "OMG", "validity": {"start": "2020-01-31T00:00:00", "end": None}, "changeId": 7,
    }  # fmt: skip
    (line,) = lines(json.dumps([one]).encode())
    assert (line.code, line.state.name, line.first) == ("OVO123456", "Agentschap Één", date(2020, 1, 31))
    area = {"code": "LNE", "name": "Leefmilieu", "validity": {"end": "2017-03-31"}, "successors": ["OMG"]}
    both = read_register(json.dumps({"organisations": [one], "policyAreas": [area]}).encode())
    assert both.areas["LNE"][0].successors == ("OMG",)
    assert both.areas["LNE"][0].last == date(2017, 3, 31)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("OVO12345,Een,OMG,,,,", "OVO-code"),
        ("OVO123456,,OMG,,,,", "leeg"),
        ("OVO123456,=1+1,OMG,,,,", "formule"),
        ("OVO123456,Een,OMG,,@som,,", "formule"),
        ("OVO123456,Een,omg.,,,,", "hoofdletters"),
        ("OVO123456,Een,OMG,0316380842,,,", "KBO"),
        ("OVO123456,Een,OMG,٠316380841,,,", "KBO"),
        ("OVO123456,Een,OMG,,,2020-02-30,", "bestaat niet"),
        ("OVO123456,Een,OMG,,,vroeger,", "bestaat niet"),
        ("OVO123456,Een,OMG,,,0001-01-01,", "1800"),
        ("OVO123456,Een,OMG,,,2020-01-02,2020-01-01", "laatste dag"),
        ("OVO123456,Een,OMG", "cellen"),
        ("OVO123456,Een,OMG,,,,,,,", "cellen"),
        (f"OVO123456,{'x' * 201},OMG,,,,", "200"),
        ('OVO123456,"Een" twee,OMG,,,,', "aanhalingsteken"),
        (f"OVO123456,{'x' * 200_000},OMG,,,,", "te lang"),
    ],
)
def test_a_fault_is_told_with_its_line(app, line, word):
    found = faults(organisations("OVO000001,Goed,OMG,,,,", line))
    assert [number for number, _ in found] == [3]
    assert word in found[0][1]


def test_all_faults_of_a_file_are_told_at_once_and_not_too_many(app):
    with pytest.raises(FaultyFile) as caught:
        read_register(organisations(*(f"fout,{n},OMG,,,," for n in range(60))))
    assert len(caught.value.faults) == register_file.MOST_FAULTS
    assert caught.value.more == 10
    assert [fault.line for fault in caught.value.faults[:3]] == [2, 3, 4]


@pytest.mark.parametrize(
    "second",
    ["OVO123456,Een,OMG,,,2020-01-01,", "OVO123456,Een,OMG,,,2024-12-31,"],
)
def test_two_lines_on_the_same_days_are_a_fault_on_the_later_one(app, second):
    found = faults(organisations("OVO123456,Een,OMG,,,2020-01-01,2024-12-31", second))
    assert "staat ook op regel" in found[0][1]


def test_several_lines_on_one_organisation_are_its_periods(app):
    found = lines(
        organisations("OVO123456,Twee,OMG,,,2025-01-01,", "OVO123456,Een,OMG,,,2020-01-01,2024-12-31")
    )
    assert [line.state.name for line in found] == ["Een", "Twee"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n\n", b"\xef\xbb\xbf", b"PK\x03\x04\x00\x00", b"\xff\xfe\x00", b"naam;code\nEen;OVO123456",
        b"{", b"[1]", b"[]",
        b'{"organisations": 3}', b'[{"ovoNumber": 7}]', b'[{"validity": "x"}]', b"[" * 100_000, b'{"a": [' * 50_000,
        b"ovo_code,name_nl,name_nl,policy_area\n", b"ovo_code,name_nl,policy_area\n", b"\x81\x8d\x8f", b'["', b"[[]]",
        b'[{"ovoNumber": {"a": 1}, "name": [], "policyArea": true}]', b"null", b'"text"', b"NaN", b"[NaN]",
    ],
)  # fmt: skip
def test_what_is_no_register_is_refused_in_words(app, content):
    assert faults(content)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(app, monkeypatch):
    monkeypatch.setattr(register_file, "LARGEST", 100)
    assert "te groot" in faults(b"[" + b" " * 100)[0][1]
    monkeypatch.setattr(register_file, "LARGEST", 10_000)
    monkeypatch.setattr(register_file, "MOST_LINES", 3)
    assert "te veel regels" in faults(organisations(*(f"OVO12345{n},Een,OMG,,,," for n in range(4))))[0][1]


def test_an_area_with_an_heir_has_a_last_day_and_another_code(app):
    assert "laatste dag" in faults(areas("LNE,Leefmilieu,,,OMG"))[0][1]
    assert "volgt zichzelf" in faults(areas("LNE,Leefmilieu,,2017-03-31,LNE"))[0][1]


MESS = st.text(alphabet='OV0123456,;"\n=[]{}:', max_size=200).map(lambda rest: (TEXT + rest).encode())


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | MESS)
def test_any_bytes_are_a_register_or_refused(content):
    try:
        read = read_register(content)
    except FaultyFile as refused:
        read = refused.faults
    assert read
