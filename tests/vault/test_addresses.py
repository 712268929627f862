"""Where files go and who scans them is told by two addresses; a wrong one stops the start and says why."""

from pathlib import Path

import pytest

from spreekbuis.settings import Bucket, SettingsError, place_of_files, scanner_address

END = "?endpoint=https://s3.voorbeeld.example&region=eu-west-1"


@pytest.mark.parametrize("url", ["file:/srv/files", "file:///srv/files"])
def test_a_folder_is_told_with_or_without_slashes(url):
    assert place_of_files(url) == Path("/srv/files")


@pytest.mark.parametrize(
    ("path", "prefix"), [("", ""), ("/", ""), ("/een", "een"), ("/een/twee/", "een/twee")]
)
def test_a_bucket_has_a_name_a_prefix_an_endpoint_and_a_region(path, prefix):
    expected = Bucket("meldingen", prefix, "https://s3.voorbeeld.example", "eu-west-1")
    assert place_of_files(f"s3://meldingen{path}{END}") == expected


@pytest.mark.parametrize(
    "url",
    [
        "/srv/files", "ftp://host/x", "s3:", "s3://", f"s3://{END}", "s3://meldingen", "s3://meldingen?region=eu",
        "s3://meldingen?endpoint=https://host", f"s3://meldingen{END}&other=1", "s3://[x?endpoint=https://h&region=e",
        "s3://meldingen?endpoint=https://[&region=e",
    ],
)  # fmt: skip
def test_another_address_is_refused_with_the_form_that_it_should_have(url):
    with pytest.raises(
        SettingsError, match=r"STORAGE_URL must be file:/path or s3://bucket/prefix\?endpoint="
    ):
        place_of_files(url)


@pytest.mark.parametrize(
    "url", [f"s3://key:geheim@meldingen{END}", "s3://m?endpoint=https://k:geheim@h&region=e"]
)
def test_keys_do_not_belong_in_the_address_and_are_not_repeated(url):
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY") as raised:
        place_of_files(url)
    assert "geheim" not in str(raised.value)


def test_only_the_own_machine_is_spoken_to_without_tls():
    assert place_of_files("s3://m?endpoint=http://127.0.0.1:9000&region=e")
    with pytest.raises(SettingsError, match="https"):
        place_of_files("s3://m?endpoint=http://opslag.voorbeeld.example&region=e")


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:3310", "tcp://[::1]:3310", "unix:/run/clamd.ctl"])
def test_a_scanner_is_reached_over_the_network_or_a_socket(url):
    assert scanner_address(url) == url


def test_without_an_address_there_is_no_scanner():
    assert scanner_address("") is None


@pytest.mark.parametrize(
    "url",
    ["clamd", "tcp://host", "tcp://:3310", "tcp://host:x", "http://host:3310", "unix:clamd", "tcp://[:1"],
)
def test_another_scanner_is_refused(url):
    with pytest.raises(SettingsError, match="CLAMD_URL must be"):
        scanner_address(url)
