"""Generated pipelines that read a JSON web API (P4, P7): paging, secrets, failures."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.servers.http_api import Answer, http_api

if TYPE_CHECKING:
    from tests.connectors.conftest import Project
    from tests.servers.http_api import HttpApi

RECORDS: list[dict[str, object]] = [{"id": i, "v": i + 0.5, "name": f"Nº {i}"} for i in range(1, 6)]
RESULT = "id,v\n1,1.5\n2,2.5\n3,3.5\n4,4.5\n5,5.5\n"


def from_api(address: str, more: str = "", out: str = "out.csv") -> str:
    """A spec that writes the records at an address to a file."""
    return f"""
name: From API
steps:
  - type: source
    name: Records
    config:
      url: {address}
      auth: {{secret: "env:API_TOKEN"}}
      columns: {{id: integer, v: number}}
      {more}
  - {{type: destination, name: Out, config: {{path: {out}}}}}
"""


@pytest.mark.parametrize(
    ("place", "paging", "asked"),
    [
        ("pages", "{kind: page}", ["/pages?page=1", "/pages?page=2", "/pages?page=3", "/pages?page=4"]),
        ("offsets", "{kind: offset, parameter: offset, size: 2, sizeParameter: limit}", [f"/offsets?offset={n}&limit=2" for n in (0, 2, 4, 6)]),
        ("cursors", "{kind: cursor, parameter: after, cursorPath: meta.next}", ["/cursors", "/cursors?after=c2", "/cursors?after=c4"]),
        ("links", "{kind: link}", ["/links", "/links?page=2", "/links?page=3"]),
    ],
)
def test_all_pages_are_read_once(place: str, paging: str, asked: list[str], api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    ended = project.run(from_api(f"{api.url}/{place}", f"recordsPath: data.items\n      paging: {paging}"))
    assert (ended.code, project.text("out.csv"), api.targets) == (0, RESULT, asked)


def test_parameters_and_headers_are_sent_with_every_page(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    more = "recordsPath: data.items\n      params: {status: 'paid & sent'}\n      headers: {X-Shop: north}\n      paging: {kind: page}"
    assert project.run(from_api(f"{api.url}/pages", more)).code == 0
    assert api.targets == [f"/pages?status=paid+%26+sent&page={n}" for n in (1, 2, 3, 4)] or api.targets == [
        f"/pages?status=paid%20%26%20sent&page={n}" for n in (1, 2, 3, 4)
    ]
    assert {a.headers["x-shop"] for a in api.asked} == {"north"}


def test_a_query_in_the_url_is_kept_with_paging(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    assert project.run(from_api(f"{api.url}/pages?status=paid", "recordsPath: data.items\n      paging: {kind: page}")).code == 0
    assert api.targets == [f"/pages?status=paid&page={n}" for n in (1, 2, 3, 4)]


def test_an_api_that_does_not_page_ends_the_run(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    ended = project.run(from_api(f"{api.url}/all", "paging: {kind: page, parameter: seite}"))
    assert (ended.code, len(api.asked)) == (1, 2)
    assert f"{api.url}/all answers with the same records again; it may not know the parameter `seite`" in ended.failure


def test_the_secret_is_sent_and_stands_in_no_output(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    api.next_answers = [Answer(500, "no t0ken-that-is-secret today")]
    ended = project.run(from_api(f"{api.url}/all"))
    assert ended.code == 0
    assert {a.headers["authorization"] for a in api.asked} == {"Bearer t0ken-that-is-secret"}
    written = [p for p in project.folder.rglob("*") if p.is_file() and b"t0ken-that-is-secret" in p.read_bytes()]
    assert written == []


@pytest.mark.parametrize("auth", ['{secret: "env:API_TOKEN"}', '{secret: "env:API_TOKEN", header: X-Api-Key, prefix: ""}'])
def test_a_secret_stays_with_its_server_when_a_link_or_redirect_leads_elsewhere(auth: str, api: HttpApi, project: Project) -> None:
    with http_api() as other:
        other.next_answers = [Answer(body='{"data": {"items": []}}'), Answer(body='{"data": {"items": []}}')]
        api.next_answers = [
            Answer(302, headers={"Location": f"{other.url}/moved"}),
        ]
        spec = from_api(f"{api.url}/links", "recordsPath: data.items\n      paging: {kind: link}").replace('{secret: "env:API_TOKEN"}', auth)
        project.run(spec)
        assert [a.target for a in other.asked] == ["/moved"]
        assert "t0ken" not in str([a.headers for a in other.asked])
        assert "t0ken" in str([a.headers for a in api.asked])


def test_a_secret_of_a_file_is_sent_in_the_header_and_with_the_prefix_of_the_spec(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    project.write("key.txt", "k3y\n")
    spec = from_api(f"{api.url}/all").replace('{secret: "env:API_TOKEN"}', '{secret: "file:key.txt", header: X-Api-Key, prefix: ""}')
    assert project.run(spec).code == 0
    assert [a.headers["x-api-key"] for a in api.asked] == ["k3y"]


def test_throttling_is_waited_out_as_long_as_the_server_asks(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    api.next_answers = [Answer(429, headers={"Retry-After": "7"}), Answer(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})]
    ended = project.run(from_api(f"{api.url}/all"))
    assert (ended.code, project.text("out.csv")) == (0, RESULT)
    assert re.findall(r"attempt \d failed, next in [\d.]+ s", ended.out) == ["attempt 1 failed, next in 7.0 s", "attempt 2 failed, next in 0.0 s"]


def test_the_pause_that_a_server_asks_for_is_really_kept(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    api.next_answers = [Answer(429, headers={"Retry-After": "1"})]
    ended = project.start(from_api(f"{api.url}/all"), waits=True).wait()
    seconds = re.search(r"From API: finished in ([\d.]+) s", ended.out)
    assert seconds
    assert float(seconds[1]) >= 1.0


def test_three_server_errors_are_waited_out(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    api.next_answers = [Answer(500), Answer(502), Answer(500)]
    ended = project.run(from_api(f"{api.url}/all"))
    assert (ended.code, project.text("out.csv"), len(api.asked)) == (0, RESULT, 4)


def test_a_page_that_fails_in_the_middle_is_asked_for_again_and_no_other(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    api.next_answers = [Answer(body=json.dumps({"data": {"items": RECORDS[:2]}})), Answer(cut=True, body=json.dumps({"data": {"items": RECORDS}}))]
    ended = project.run(from_api(f"{api.url}/pages", "recordsPath: data.items\n      paging: {kind: page}"))
    assert (ended.code, project.text("out.csv")) == (0, RESULT)
    assert api.targets == [f"/pages?page={n}" for n in (1, 2, 2, 3, 4)]


def test_a_server_that_keeps_failing_is_given_up_and_the_old_output_stays(api: HttpApi, project: Project) -> None:
    project.write("out.csv", "old\n")
    api.next_answers = [Answer(500) for _ in range(9)]
    ended = project.run(from_api(f"{api.url}/all"))
    assert (ended.code, len(api.asked), project.text("out.csv")) == (1, 5, "old\n")
    assert "500" in ended.failure


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_told_and_not_tried_again(status: int, api: HttpApi, project: Project) -> None:
    api.next_answers = [Answer(status)]
    ended = project.run(from_api(f"{api.url}/all"))
    assert (ended.code, len(api.asked)) == (1, 1)
    assert str(status) in ended.failure
    assert f"{api.url}/all" in ended.failure


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<html>Sign in</html>", "did not answer with JSON"),
        ('{"data": 1}', "holds no list of objects"),
        ('[{"id": 1, "v": "much"}]', "column 'v': 'much' is not a number"),
        ('[{"id": 1}]', "has no column 'v'"),
    ],
)
def test_an_answer_that_does_not_fit_is_told(body: str, told: str, api: HttpApi, project: Project) -> None:
    api.next_answers = [Answer(body=body)]
    ended = project.run(from_api(f"{api.url}/all"))
    assert (ended.code, len(api.asked)) == (1, 1)
    assert told in ended.failure


def test_records_that_are_not_at_the_path_are_told(api: HttpApi, project: Project) -> None:
    api.next_answers = [Answer(body='{"data": {}}')]
    ended = project.run(from_api(f"{api.url}/all", "recordsPath: data.items"))
    assert ended.code == 1
    assert "has nothing at 'data.items': there is no 'items'" in ended.failure


def test_no_records_give_an_empty_file_with_its_columns(api: HttpApi, project: Project) -> None:
    assert project.run(from_api(f"{api.url}/all")).code == 0
    assert project.text("out.csv") == "id,v\n"


def test_a_server_that_does_not_answer_in_time_is_tried_again(api: HttpApi, project: Project) -> None:
    api.records = RECORDS
    api.next_answers = [Answer(delay_s=3.0)]
    program = project.render(from_api(f"{api.url}/all"))
    text = program.read_text()
    assert "HTTP_TIMEOUT_S = 60" in text
    program.write_text(text.replace("HTTP_TIMEOUT_S = 60", "HTTP_TIMEOUT_S = 0.3"))
    ended = project.start_file(program).wait()
    assert (ended.code, project.text("out.csv")) == (0, RESULT)
    assert "timed out" in ended.out


def test_a_server_that_nobody_runs_is_tried_again_and_then_told(project: Project) -> None:
    project.environment["API_TOKEN"] = "t"
    ended = project.run(from_api("http://127.0.0.1:1/all"))
    assert ended.code == 1
    assert ended.out.count("failed, next in") == 4
    assert "refused" in ended.failure
