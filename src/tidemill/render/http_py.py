"""The body of the function that reads a JSON web API, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.render.python_text import text_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tidemill.domain.connectors import HttpJsonSource, HttpPaging


def http_lines(config: HttpJsonSource, constant: Callable[[str, str], str], columns: str, more: str) -> list[str]:
    """The lines of the function; `constant` adds a constant to the top of the file and gives its name."""
    url = constant("URL", text_source(config.url))
    params = constant("PARAMS", _texts(config.params)) if config.params else "{}"
    headers = _headers(config, constant)
    records = constant("RECORDS_PATH", text_source(config.records_path)) if config.records_path else '""'
    hooks = f'event_hooks={{"request": [_only_to({url}, {text_source(config.auth.header)})]}}, ' if config.auth else ""
    client = f"httpx.Client({f'headers={headers}, ' if headers else ''}{hooks}timeout=HTTP_TIMEOUT_S, follow_redirects=True)"
    lines = ["records: list[Mapping[str, object]] = []", f"with {client} as client:"]
    lines += [f"    {line}" for line in _pages(config.paging, url, params, records, constant)]
    return [*lines, f"return _table_of(con, records, {columns}, place={url}{more})"]


def _texts(texts: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{text_source(k)}: {text_source(v)}" for k, v in texts.items()) + "}"


def _headers(config: HttpJsonSource, constant: Callable[[str, str], str]) -> str:
    plain = constant("HEADERS", _texts(config.headers)) if config.headers else ""
    if config.auth is None:
        return plain
    secret = f"_secret({constant('SECRET', text_source(config.auth.secret))})"
    value = f"{text_source(config.auth.prefix)} + {secret}" if config.auth.prefix else secret
    return f"{{{f'**{plain}, ' if plain else ''}{text_source(config.auth.header)}: {value}}}"


def _pages(paging: HttpPaging | None, url: str, params: str, records: str, constant: Callable[[str, str], str]) -> list[str]:
    page = f"page = _records(_answer(response), {records}, {url})"
    if paging is None:
        return [f"response = _get(client, {url}, {params})", f"records += _records(_answer(response), {records}, {url})"]
    size = f", {text_source(paging.size_parameter)}: str({constant('PAGE_SIZE', str(paging.size))})" if paging.size_parameter else ""
    fixed = f"{params} | " if params != "{}" else ""
    if paging.kind == "page":
        asked = f"{fixed}{{{text_source(paging.parameter)}: str(number){size}}}"
        return [
            f"for number in itertools.count({paging.start}):",
            f"    response = _get(client, {url}, {asked})",
            f"    {page}",
            *_until_empty(paging.parameter, url),
        ]
    if paging.kind == "offset":
        step = constant("PAGE_SIZE", str(paging.size))
        asked = f"{fixed}{{{text_source(paging.parameter)}: str(offset){size}}}"
        return [
            f"for offset in itertools.count(0, {step}):",
            f"    response = _get(client, {url}, {asked})",
            f"    {page}",
            *_until_empty(paging.parameter, url),
        ]
    if paging.kind == "cursor":
        return _by_cursor(paging, url, params, records, size)
    first = f"{fixed}{{{size.removeprefix(', ')}}}" if size else params
    return [
        f"address, params = {url}, {first}",
        "while address:",
        "    response = _get(client, address, params)",
        f"    records += _records(_answer(response), {records}, {url})",
        "    # The address of the next page holds the parameters already.",
        '    following = response.links.get("next", {}).get("url", "")',
        '    address, params = str(response.url.join(following)) if following else "", {}',
    ]


def _until_empty(parameter: str, url: str) -> list[str]:
    """Ends at an empty page; an API that does not know the parameter gives the same page for ever, which ends the run."""
    told = text_source(f" answers with the same records again; it may not know the parameter `{parameter}`")
    return [
        "    if not page:",
        "        break",
        "    if page == records[-len(page) :]:",
        f"        raise PipelineError({url} + {told})",
        "    records += page",
    ]


def _by_cursor(paging: HttpPaging, url: str, params: str, records: str, size: str) -> list[str]:
    first = f"{{**{params}{size}}}" if params != "{}" else f"{{{size.removeprefix(', ')}}}"
    return [
        f"params = {first}",
        "while True:",
        f"    answer = _answer(_get(client, {url}, params))",
        f"    records += _records(answer, {records}, {url})",
        f"    cursor = _at(answer, {text_source(paging.cursor_path or 'next')})",
        f"    if not cursor or str(cursor) == params.get({text_source(paging.parameter)}):",
        "        break",
        f"    params = params | {{{text_source(paging.parameter)}: str(cursor)}}",
    ]
