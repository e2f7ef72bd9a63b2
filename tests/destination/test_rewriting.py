"""A DuckDB file written anew holds the same, and no bytes of what was deleted."""

import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from coveo_source.destination.opening import Patience
from coveo_source.destination.rewriting import remove_copy, rewrite
from coveo_source.exceptions import ErasureUnfinished
from tests.support.readers import holding

FILE = Path("data.v2.duckdb")
SECRET = "what nobody may find"

CONTENTS = """
    create schema own;
    create schema "odd name";
    create type own.mood as enum ('good', 'bad');
    create sequence own.numbers start 5;
    create table own.people (
        id int primary key,
        name varchar default 'nobody' check (length(name) < 100),
        twice int generated always as (id * 2),
        mood own.mood
    );
    create table own.numbered (number int default nextval('own.numbers'), made timestamptz);
    create table "odd name"."odd table" ("odd column" struct(a int, b varchar[]));
    create table deleted (text varchar);
    create index by_mood on own.people (mood);
    create unique index by_name on own.people (name);
    create view own.names as select name from own.people;
    create view of_all as select * from {database}.own.names;
    create view broken as select * from gone_by_now;
    create macro own.add_one(a) as a + 1;
    create macro own.person(a) as table select * from own.people where id = a;
    comment on table own.people is 'everybody';
    comment on column own.people.name is 'in full';
    comment on view own.names is 'only names';
    insert into own.people (id, name, mood) values (1, 'ann', 'good'), (2, 'bo', 'bad');
    insert into own.numbered (made) values (now()), (null);
    insert into "odd name"."odd table" values ({{'a': 1, 'b': ['x']}});
"""


@pytest.fixture
def file() -> Path:
    with duckdb.connect(str(FILE)) as database:
        [(name,)] = database.execute("select current_database()").fetchall()
        database.execute("create table gone_by_now (a int)")
        database.execute(CONTENTS.format(database=f'"{name}"'))
        database.execute("drop table gone_by_now")
        database.execute(f"insert into deleted values ('{SECRET}')")
    with duckdb.connect(str(FILE)) as database:
        database.execute("delete from deleted")
    assert SECRET.encode() in FILE.read_bytes()
    return FILE


def test_the_new_file_has_no_bytes_of_deleted_rows(file: Path) -> None:
    rewrite(file)
    assert SECRET.encode() not in file.read_bytes()
    assert [path.name for path in Path().iterdir()] == [file.name]


def test_everything_that_a_user_has_made_still_works(file: Path) -> None:
    rewrite(file)
    with duckdb.connect(str(file)) as database:

        def first(query: str) -> object:
            return database.execute(query).fetchall()[0][0]

        assert database.execute("from of_all order by 1").fetchall() == [("ann",), ("bo",)]
        assert first("select own.add_one(1)") == 2
        assert first("select name from own.person(2)") == "bo"
        assert first("select sum(twice) from own.people") == 6
        assert first('select "odd column".b[1] from "odd name"."odd table"') == "x"
        assert first("select count(*) from duckdb_indexes()") == 2
        assert first("select comment from duckdb_views() where view_name = 'names'") == "only names"
        database.execute("insert into own.numbered (made) values (null)")
        assert first("select max(number) from own.numbered") == 7
        with pytest.raises(duckdb.ConstraintException):
            database.execute("insert into own.people (id, name) values (3, 'ann')")
        with pytest.raises(duckdb.CatalogException):
            database.execute("from broken")


def test_mode_owner_and_place_stay(file: Path) -> None:
    file.chmod(0o640)
    link = Path("link.duckdb")
    link.symlink_to(file)
    before = file.stat()
    rewrite(link.resolve())
    after = file.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert link.is_symlink()


def test_what_is_in_the_log_is_kept(file: Path) -> None:
    killed = "import duckdb, os; d = duckdb.connect('data.v2.duckdb');"
    killed += "d.execute(\"insert into own.people (id, name) values (9, 'late')\"); os._exit(1)"
    subprocess.run([sys.executable, "-c", killed], check=False)
    assert Path(f"{file}.wal").exists()
    rewrite(file)
    assert [path.name for path in Path().iterdir()] == [file.name]
    with duckdb.connect(str(file)) as database:
        assert database.execute("select name from own.people where id = 9").fetchall() == [
            ("late",)
        ]


def test_a_database_that_cannot_be_copied_stays_as_it_is(file: Path) -> None:
    with duckdb.connect(str(file)) as database:
        database.execute("create table own.notes (person int references own.people (id))")
        database.execute("insert into own.notes values (1)")
    before = file.read_bytes()
    with pytest.raises(ErasureUnfinished, match="foreign key"):
        rewrite(file)
    assert file.read_bytes() == before
    assert [path.name for path in Path().iterdir()] == [file.name]


def test_a_database_that_another_process_uses_for_too_long_stays_as_it_is(file: Path) -> None:
    with holding(file, "writes to") as reader:
        with pytest.raises(ErasureUnfinished, match="has it open and writes to it") as raised:
            rewrite(file, Patience(timedelta(0)))
        assert reader.name in str(raised.value)
        rewrite(file, Patience(timedelta(minutes=10), lambda text: reader.stop()))


def test_what_a_killed_process_left_is_removed(file: Path) -> None:
    folder = Path(f"{file}.rewriting")
    folder.mkdir()
    (folder / file.name).write_bytes(b"half a copy")
    remove_copy(file)
    assert [path.name for path in Path().iterdir()] == [file.name]
