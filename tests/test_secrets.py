"""Secrets are masked in every spelling, and nothing else is."""

import json
import random
from urllib.parse import quote

import pytest

from coveo_source.demo.faults import SPELLINGS
from coveo_source.secrets import keep_link, keep_passwords, keep_token, scrub, without_token
from tests.support.secrecy import TOKEN, traces_of

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjb3ZlbyJ9." + "aZ09_-" * 120


@pytest.mark.parametrize("token", [TOKEN, JWT], ids=["key", "JWT"])
def test_a_token_is_masked_in_every_spelling(token: str) -> None:
    keep_token(token)
    for name, spell in SPELLINGS.items():
        for before, after in (("", ""), ("said '", "' twice"), ("x=", "&y=1"), ('{"a": "', '"}')):
            text = scrub(f"{before}{spell(token)}{after}")
            assert traces_of(token)[name] not in text.lower(), name
            assert token[:8] not in text, name
            assert "***" in text, name


def test_a_token_is_masked_however_each_character_is_spelled() -> None:
    keep_token(TOKEN)
    spellings = ["{}", "\\u{:04x}", "%{:02X}", "&#{};", "&#x{:x};", "\\x{:02x}", "%25{:02x}"]
    dice = random.Random(3)
    for _ in range(200):
        spelled = [dice.choice(spellings).format(ord(c)) for c in TOKEN]
        mixed = "".join(c if s.isdigit() else s for c, s in zip(TOKEN, spelled, strict=True))
        assert scrub(f"a {mixed} z") == "a *** z"


@pytest.mark.parametrize("length", [8, 12, 20])
def test_a_piece_of_a_token_is_masked_wherever_it_was_cut(length: int) -> None:
    keep_token(TOKEN)
    for start in range(len(TOKEN) - length):
        assert scrub(f"It says: {TOKEN[start : start + length]}") == "It says: ***"


def test_json_stays_json_and_says_the_same_but_for_the_token() -> None:
    keep_token(TOKEN)
    said = {"message": f'"{TOKEN}" \\ said\t"{TOKEN}\\"', TOKEN: [TOKEN, "/x", "é", "\\"], "n": 1.5}
    clean = {"message": '"***" \\ said\t"***\\"', "***": ["***", "/x", "é", "\\"], "n": 1.5}
    plain = json.dumps(said)
    for text in (plain, plain.replace("/", "\\/"), plain.replace("=", "\\u003D")):
        assert json.loads(without_token(text)) == clean


LINKS = {
    "CloudFront": "?Expires=1771&Signature={}&Key-Pair-Id=K2JCJMDEHXQW5F",
    "S3": "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2Fus&X-Amz-Signature=b2&x=1",
    "S3, session": "?X-Amz-Date=20260310T000000Z&X-Amz-Security-Token={}",
    "S3, old": "?AWSAccessKeyId={}&Expires=1771",
    "Google": "?X-Goog-Credential={}&X-Goog-Expires=900",
    "Google, old": "?GoogleAccessId=a@b&Signature={}",
    "Azure": "?sv=2024-11-04&se=2026-03-10T00%3A00%3A00Z&sig={}&sp=r",
    "Akamai": "?hdnea=exp=1771~acl=/*~hmac={}",
    "token": "?access_token={}",
    "API key": "?a=1&apikey={}",
}


@pytest.mark.parametrize("name", LINKS)
def test_what_signs_a_link_is_masked_even_if_nobody_has_kept_it(name: str) -> None:
    secret = "Zm9/b+Jh=" + name.encode().hex()
    link = f"https://storage.example/exports/1.zip{LINKS[name].format(quote(secret, safe=''))}"
    for text in (link, quote(link, safe=""), json.dumps(link).replace("/", "\\/"), f"'{link}',"):
        clean = scrub(f"GET {text} failed")
        assert clean.startswith("GET ")
        assert clean.endswith(" failed")
        assert "storage.example" in clean
        assert name.encode().hex() not in clean


def test_a_link_that_is_kept_is_masked_whatever_its_parameters_are_called() -> None:
    keep_link("https://h/e/4711-0815-4711-0815.zip?id=4711-0815-4711-0815&k=u8A0qPz61mLx0Qw2rTt9")
    clean = scrub("4711-0815-4711-0815: k is 'u8A0qPz61mLx0Qw2rTt9', or u8a0qpz61mlx0qw2%72 cut")
    assert clean == "4711-0815-4711-0815: k is '***', or *** cut"


def test_passwords_are_masked_in_addresses_and_connection_strings() -> None:
    keep_passwords("correct horse/battery", None, "short")
    texts = {
        "postgresql://me:p%40ss:w@db:5432/x is down": "postgresql://***@db:5432/x is down",
        "https://key@host, http://a:b@c/d@e": "https://***@host, http://***@c/d@e",
        "host=db password=hunter2 user=me": "host=db password=*** user=me",
        "UID=me;PWD='hunter2';x=1": "UID=me;PWD='***';x=1",
        "{'user': 'me', 'password': 'hunter2'}": "{'user': 'me', 'password': '***'}",
        "Proxy-Authorization: Basic bWU6aHVudGVyMg==\r\n": "Proxy-Authorization: Basic ***\r\n",
        "it was correct%20horse%2Fbattery.": "it was ***.",
        "a correct battery is short": "a correct battery is short",
    }
    for text, clean in texts.items():
        assert scrub(text) == clean


def test_what_is_no_secret_is_left_as_it_is() -> None:
    keep_token(TOKEN)
    for text in (
        "The export 4cb2dd8e-a4c1-4a5b-8d9c-000000000000 of 2026-03-10 to 2026-03-11 11:45",
        "pass  all_events.event_id is unique",
        "Loaded 1,000,000 rows into C:\\data\\new folder\\coveo.duckdb, 100%25 & more &amp; x",
        "https://docs.coveo.com/en/2849/?q=a b@c #anchor, Bearer tokens, password help",
        "SOURCES__COVEO_SOURCE__API_KEY is missing. Check api_key, org and region.",
        "GET /rest/ua/v15/exports?org=acme&d=coveo_source+coveo%2Fcoveo_ua HTTP/1.1",
        "İstanbul ẞ %C3%A9 \\xe9 &eacute; \x00 \\",
        "",
    ):
        assert scrub(text) == text
        assert without_token(text) == text


@pytest.mark.parametrize(
    "part",
    ["\\", "%25", "&#", "&#x0", "://", "?sig", "password ", "authorization:", "\\u{0", "a=?"],
)
def test_a_hostile_text_is_read_in_no_more_time_than_another(part: str) -> None:
    # a pattern that goes back again and again would not come to an end
    assert scrub(part * (200_000 // len(part)))
