"""Every dimension gets a column of its own, and keeps it."""

import random

import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention
from hypothesis import given
from hypothesis import strategies as st

from coveo_source.extract.column_names import called_otherwise, new_columns, plain_column
from coveo_source.tables import COVEO_COLUMNS, TABLES, identifier_columns, is_reserved
from tests.support.dimension_names import NAMES

UNLIMITED = NamingConvention()
POSTGRES = NamingConvention(63)


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        ("c_page_type", "c_page_type"),
        ("c_pageType", "c_page_type"),
        ("c_pagetype c_page_type c_pageType", "c_pagetype c_page_type c_page_type_2"),
        ("c_pageType c_PageType", "c_page_type_2 c_page_type"),
        ("c_page_type_2 c_page_type c_pageType", "c_page_type_2 c_page_type c_page_type_3"),
        ("c_event_type c_eventType", "c_event_type_2 c_event_type_3"),
        ("event_id event_number", "event_id_2 event_number_2"),
        ("event_to_come event_id_2 event_id", "event_to_come_2 event_id_2 event_id_3"),
        ("type_order ms_since_previous_event", "type_order_2 ms_since_previous_event_2"),
        ("_dltLoadId _dlt_load_id", "dlt_load_id_2 dlt_load_id"),
        ("_dlt_id dlt_id", "dlt_id_2 dlt_id"),
        ("event_type Event_Value", "event_type_2 event_value_2"),
        ("user_name userNAME client_id", "user_name_2 user_name_3 client_id_2"),
        ("xmin", "xmin_2"),
        ("__ é", "xx x"),
        ("c__x c_x", "c__x c_x"),
    ],
)
def test_columns_have_names_that_a_person_can_guess(names: str, columns: str) -> None:
    api_names = names.split()
    found = new_columns(api_names, {}, UNLIMITED)
    assert [found[name] for name in api_names] == columns.split()


def test_coveos_own_columns_keep_their_names() -> None:
    assert not new_columns(COVEO_COLUMNS, {}, POSTGRES)
    plain = [plain_column(name, POSTGRES) for name in COVEO_COLUMNS]
    assert len({*plain}) == len(COVEO_COLUMNS)
    assert not [column for column in plain if is_reserved(column)]
    for table in TABLES.values():
        assert COVEO_COLUMNS.issuperset(table.columns)


@pytest.mark.parametrize("naming", [UNLIMITED, POSTGRES])
def test_names_of_all_kinds_stay_apart(naming: NamingConvention) -> None:
    columns = new_columns(NAMES, {}, naming)
    assert columns.keys() == {*NAMES} - COVEO_COLUMNS
    _assert_sound(columns, naming)


@pytest.mark.parametrize("naming", [UNLIMITED, POSTGRES, NamingConvention(30)])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(NAMES),
            st.text("aAbB_- é1", min_size=1, max_size=8).filter(str.strip),
            st.from_regex(r"(c|event|_dlt)_?[aA_]{1,80}", fullmatch=True),
        ),
        max_size=25,
    ),
    st.randoms(),
)
def test_a_name_is_given_once_and_never_changes(
    naming: NamingConvention, names: list[str], order: random.Random
) -> None:
    first = new_columns(names, {}, naming)
    shuffled = order.sample(names, len(names))
    assert new_columns(shuffled, {}, naming) == first
    _assert_sound(first, naming)
    # in several exports, of which each carries some of them
    known: dict[str, str] = {}
    while shuffled:
        part = [shuffled.pop() for _ in range(min(len(shuffled), 1 + order.randrange(6)))]
        known |= new_columns(part, known, naming)
        assert not new_columns(part, known, naming)
    assert known.keys() == first.keys()
    _assert_sound(known, naming)


def _assert_sound(columns: dict[str, str], naming: NamingConvention) -> None:
    coveos = [plain_column(name, naming) for name in COVEO_COLUMNS]
    assert len({*columns.values(), *coveos}) == len(columns) + len(coveos)
    for column in columns.values():
        # dlt takes it as it is
        assert (
            naming.normalize_path(column) == naming.normalize_identifier(column) or "__" in column
        )
        assert naming.normalize_path(column) == column
        assert not is_reserved(column)


def test_only_unexpected_names_are_listed() -> None:
    names = ["c_x", "c_pageType", "c_page_type", "event_id", "visitId", f"c_{'x' * 70}"]
    columns = new_columns(names, {}, POSTGRES)
    listed = called_otherwise(columns)
    assert listed == {name: columns[name] for name in ("c_pageType", "event_id", names[-1])}


def test_a_dimension_that_is_named_like_an_identifier_is_one_whatever_its_column() -> None:
    names = ["user_id", "user_id_2", "userId", "user_id_of_x", "user_idx_2", "visit_id"]
    assert identifier_columns("user_id", names) == ["user_id", "user_id_2", "userId"]
