"""The demo is reached without the proxy that may be set."""

import os

import pytest

from coveo_source.api.proxies import proxy_of
from coveo_source.demo import reached_directly


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy", None])
def test_only_its_host_is_reached_without_the_proxy_and_only_meanwhile(
    monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    if variable:
        monkeypatch.setenv(variable, "intranet")
    before = dict(os.environ)
    with reached_directly("http://127.0.0.1:8300"):
        assert proxy_of("http://127.0.0.1:8300/rest") is None
        assert proxy_of("http://example.com") is not None
        assert (proxy_of("http://intranet") is None) == bool(variable)
    assert dict(os.environ) == before
