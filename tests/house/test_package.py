"""What is installed is whole: the three floors in one namespace, with templates, pictures and translations."""

import subprocess
import sys
import zipfile

import pytest

from tests.house.sources import FOLDERS, ROOT, templates


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_package_has_every_module_in_one_namespace(names):
    for folder in FOLDERS:
        for module in (ROOT / folder / "spreekbuis").rglob("*.py"):
            assert f"spreekbuis/{module.relative_to(ROOT / folder / 'spreekbuis')}" in names
    assert "spreekbuis/__init__.py" not in names


def test_the_package_has_every_template_and_what_pages_load(names):
    for template in templates():
        assert f"spreekbuis/{template.relative_to(ROOT)}" in names
    for file in (ROOT / "platform/spreekbuis/web/static").iterdir():
        assert f"spreekbuis/web/static/{file.name}" in names


def test_the_package_has_compiled_translations(names):
    for language in ("en", "fr", "de"):
        assert f"spreekbuis/translations/{language}/LC_MESSAGES/messages.mo" in names


def test_the_package_has_nothing_of_the_tests_and_tools(names):
    assert {name.split("/")[0] for name in names} == {"spreekbuis", "spreekbuis-0.1.0.dist-info"}
    assert not any(name.endswith((".pyc", "gallery.html", "catalogs.py", "build_hook.py")) for name in names)
