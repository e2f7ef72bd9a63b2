"""The settings of the models: what is accepted, and what a refusal says."""

from pathlib import Path

import pytest

from coveo_source.exceptions import SettingError
from coveo_source.model_settings import CLICK_CAUSES, SEARCH_CAUSES, read_model_settings

PREFIX = "SOURCES__COVEO_SOURCE__"


def refusal(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    """Returns what is said of a value that is not accepted."""
    monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(SettingError) as caught:
        read_model_settings()
    message = str(caught.value)
    assert name in message
    return message


def causes_file(folder: Path, content: bytes) -> str:
    """Writes a list of causes; returns its path."""
    path = folder / "causes.csv"
    path.write_bytes(content)
    return str(path)


def test_by_default_days_are_utc_days_and_nothing_is_added() -> None:
    settings = read_model_settings()
    assert (settings.time_zone, settings.gap_visits, settings.model_dimensions) == ("UTC", 3, ())
    assert not settings.own_causes(SEARCH_CAUSES)


def test_all_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = "\ufeffaction_cause,kind\r\nkioskStart, manual \r\n\r\nfacetSelect,automatic\r\n"
    for name, value in {
        "TIME_ZONE": "Australia/Sydney",
        "GAP_VISITS": "5",
        "MODEL_DIMENSIONS": '["c_product", "originContext"]',
        "SEARCH_CAUSES": causes_file(tmp_path, content.encode()),
    }.items():
        monkeypatch.setenv(PREFIX + name, value)
    settings = read_model_settings()
    assert (settings.time_zone, settings.gap_visits) == ("Australia/Sydney", 5)
    assert settings.own_causes(SEARCH_CAUSES) == {
        "kioskStart": "manual",
        "facetSelect": "automatic",
    }
    assert settings.own_causes(CLICK_CAUSES) == {}
    named = settings.with_columns({"c_product": "c_product_2"})
    assert named.model_dimensions == ("c_product_2", "origin_context")


@pytest.mark.parametrize("zone", ["Sidney", "", "+10:00", "../../etc/passwd", "UTC'; --", "EST 5"])
def test_a_time_zone_that_does_not_exist_is_refused(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    assert "America/Montreal" in refusal(monkeypatch, "time_zone", zone)


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_threshold_below_one_visit_is_refused(
    monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    assert number in refusal(monkeypatch, "gap_visits", number)


@pytest.mark.parametrize("seed", [SEARCH_CAUSES, CLICK_CAUSES])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "first line"),
        (b"cause;kind\na;manual\n", "first line"),
        (b"kind,action_cause\nmanual,a\n", "first line"),
        (b"action_cause,kind\na,typed\n", "Line 2 is a,typed"),
        (b"action_cause,kind\na\n", "Line 2 is a"),
        (b"action_cause,kind\n,unknown\n", "Line 2"),
        (b"action_cause,kind\na,b,c\n", "Line 2 is a,b,c"),
        ("action_cause,kind\né,manual\n".encode("utf-16"), "UTF-8"),
        (b"action_cause,kind\na\x00,manual\n", "not a CSV file|Line 2"),
    ],
)
def test_a_list_of_causes_that_cannot_be_used_is_refused_by_its_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: str, content: bytes, problem: str
) -> None:
    message = refusal(monkeypatch, seed, causes_file(tmp_path, content))
    assert any(part in message for part in problem.split("|"))
    assert "action_cause,kind" in message


def test_a_cause_of_two_kinds_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = causes_file(tmp_path, b"action_cause,kind\na,manual\nA,automatic\n")
    assert "Line 3 gives A another kind" in refusal(monkeypatch, SEARCH_CAUSES, file)


@pytest.mark.parametrize("name", ["gone.csv", "."])
def test_a_list_that_cannot_be_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    assert "cannot be read" in refusal(monkeypatch, CLICK_CAUSES, str(tmp_path / name))
