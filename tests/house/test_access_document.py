"""The documented matrix is the one that the code declares."""

from pathlib import Path

from spreekbuis.web import matrix


def test_the_document_says_who_may_enter_as_the_code_does(application):
    document = Path(matrix.__file__).with_name("ACCESS.md").read_text()
    assert document == matrix.access_matrix(application), (
        "run `spreekbuis routes > platform/spreekbuis/web/ACCESS.md`"
    )
