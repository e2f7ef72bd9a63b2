"""The token appears in one header and nowhere else."""

from pathlib import Path

import pytest

from coveo_source.api.client import CoveoClient
from coveo_source.demo import DemoServer, Response
from coveo_source.exceptions import ApiError
from tests.api.calls import CALLS, TOKEN, Serve, answering, client_of
from tests.support.secrecy import tree_of


def test_every_request_names_the_organization_and_has_the_token_only_in_a_header(
    client: CoveoClient, demo: DemoServer
) -> None:
    for call in CALLS.values():
        try:
            call(client)
        except ApiError:
            continue
    assert len(demo.requests) == len(CALLS)
    for request in demo.requests:
        assert request.first("org") == demo.org
        assert request.headers["authorization"] == f"Bearer {demo.api_key}"
        assert demo.api_key not in f"{request.path} {request.query} {request.body!r}"


def test_a_netrc_file_does_not_replace_the_token(
    demo: DemoServer, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = own_folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client_of(demo).exports()
    assert demo.requests[-1].headers["authorization"] == f"Bearer {demo.api_key}"


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize(
    "answer",
    [Response(401), Response(500), Response(200, {}, b"not json"), ConnectionError],
    ids=["401", "500", "200", "broken"],
)
def test_the_token_is_in_no_error(
    serve: Serve, action: str, answer: Response | type[ConnectionError]
) -> None:
    server = serve(intercept=answering(answer))
    try:
        CALLS[action](client_of(server, TOKEN))
    except Exception as raised:
        for error in tree_of(raised):
            assert TOKEN not in f"{error!s} {error!r} {vars(error)}"
            # its headers have the token
            assert getattr(error, "request", None) is None
    else:
        assert action.startswith("delete")


def test_the_token_is_in_no_printed_form_of_a_client() -> None:
    client = CoveoClient("https://platform.cloud.coveo.com", "acme", TOKEN)
    printed = f"{client!r} {client!s} {client._api!r} {client._api.auth!r} {client._api.headers!r}"
    assert TOKEN not in printed
    client.close()
