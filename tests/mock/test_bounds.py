"""How many bytes of requests Prism's front holds at once is bounded, of all connections together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import prism as prism_module
from support import contract
from support.processes import started
from support.raw import CREATE, LIST, assert_refused, connect, raw, read_answer, request, still_serves

MEGABYTE = 1024 * 1024
UNFINISHED = {
    "a head": b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * MEGABYTE,
    "a path": b"GET /" + b"y" * MEGABYTE,
    "a body": request("POST", CREATE, b"", content_length=str(2 * MEGABYTE)) + b"y" * MEGABYTE,
    "a body in chunks": request("POST", CREATE, b"", content_length="", transfer_encoding="chunked")
    + b"200000\r\n"
    + b"y" * MEGABYTE,
}


@pytest.fixture
def tight(tmp_path: Path) -> Iterator[str]:
    """A front that holds four megabytes."""
    source = prism_module.SERVER.parent / "src"
    program = f"""
        import {{ Budget }} from '{(source / "budget.mjs").as_uri()}'
        import {{ createFront }} from '{(source / "front.mjs").as_uri()}'
        import {{ loadContract }} from '{(source / "prism.mjs").as_uri()}'
        const prism = await loadContract('{contract.ROOT / "openapi.yaml"}')
        const server = createFront(prism, () => {{}}, {{ budget: new Budget({4 * MEGABYTE}) }})
        server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${{server.address().port}}`))
    """
    script = tmp_path / "tight.mjs"
    script.write_text(program, encoding="utf-8")
    with started([prism_module.command()[0], str(script)]) as (_, base_url):
        yield base_url


@pytest.mark.parametrize("kind", UNFINISHED)
def test_requests_that_are_not_finished_take_so_many_bytes_of_all_connections(tight: str, kind: str) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connect(tight)).sendall(UNFINISHED[kind])
        for _ in range(2):
            with connect(tight) as late, late.makefile("rb") as stream:
                late.sendall(UNFINISHED[kind] + b"y" * MEGABYTE)
                assert_refused(read_answer(stream), 503, "as many bytes")
        assert raw(tight, request("GET", LIST))[0] == 200
    still_serves(tight)
    with connect(tight) as again, again.makefile("rb") as stream:
        again.sendall(request("POST", CREATE, b"x" * 3 * MEGABYTE))
        assert read_answer(stream)[0] == 415


def test_one_request_alone_may_have_more_and_a_connection_that_goes_on_starts_anew(tight: str) -> None:
    with connect(tight) as connection, connection.makefile("rb") as stream:
        for _ in range(5):
            connection.sendall(request("POST", CREATE, b"x" * 6 * MEGABYTE, connection="keep-alive"))
            assert_refused(read_answer(stream), 413)
