"""Debian's web client for Transmission in a headless browser, as somebody uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.interop.conftest import Stage
from tests.interop.content import Torrent, make
from tests.interop.daemon import Torrentd
from tests.interop.processes import missing, require, until

FILES = "/usr/share/transmission/web"
SOON = 20.0
REFRESH = "1"
"""Seconds until the client looks again for what it added, its user's choice. By itself it takes 5, for which `expect`
does not wait."""
SELECTED = "#torrent_list li.torrent.selected"


@pytest.fixture
def daemon(stage: Stage) -> Torrentd:
    if not Path(FILES).is_dir():
        missing("transmission-common")
    return stage.run(Torrentd, rpc={"tcp": "127.0.0.1:0"}, web={"folder": FILES})


@pytest.fixture
def torrent(stage: Stage, daemon: Torrentd) -> Torrent:
    return make(daemon.downloads, {"holiday/film.mkv": 300_000, "holiday/notes.nfo": 12_345})


@pytest.fixture
def complaints() -> list[str]:
    """What the page's scripts and the browser complained about."""
    return []


@pytest.fixture
def page(stage: Stage, daemon: Torrentd, complaints: list[str]) -> Iterator[Page]:
    """The client, open."""
    chromium = require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(http_credentials={"username": "me", "password": daemon.token})
        page = context.new_page()
        page.set_default_timeout(SOON * 1000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        url = f"http://{daemon.rpc_address}/transmission/"
        context.add_cookies([{"name": "refresh_rate", "value": REFRESH, "url": url}])
        page.goto(url)
        yield page
        browser.close()


def test_an_afternoon_in_a_browser(
    stage: Stage, daemon: Torrentd, page: Page, torrent: Torrent, complaints: list[str]
) -> None:
    file = stage.folder / "holiday.torrent"
    file.write_bytes(torrent.metainfo)
    rows = page.locator("#torrent_list li.torrent")

    page.click("#toolbar-open")
    page.set_input_files("#torrent_upload_file", file)
    page.click("#upload_confirm_button")
    expect(rows).to_have_count(1)
    expect(rows.locator(".torrent_name")).to_have_text("holiday")
    daemon.wait(torrent)
    expect(rows.locator(".torrent_progress_details")).to_contain_text("312.3 kB")
    expect(rows.locator(".torrent_peer_details")).to_contain_text("Seeding to 0 of 0 peers")

    page.click("#toolbar-open")
    page.fill("#torrent_upload_url", f"magnet:?xt=urn:btih:{'5a' * 20}&dn=elsewhere")
    page.click("#upload_confirm_button")
    expect(rows).to_have_count(2)
    expect(rows.locator(".torrent_name")).to_contain_text(["elsewhere", "holiday"])

    page.click("#torrent_list li.torrent:has-text('holiday')")
    page.click("#toolbar-pause")
    expect(page.locator(SELECTED)).to_contain_text("Paused")
    assert daemon.get(torrent)["state"] == "paused"
    page.click("#toolbar-start")
    expect(page.locator(SELECTED)).to_contain_text("Seeding")

    page.click("#toolbar-inspector")
    expect(page.locator("#inspector-info-hash")).to_have_text(torrent.info_hash)
    expect(page.locator("#inspector-info-size")).to_contain_text("312.3 kB")
    page.click("#inspector-tab-files")
    expect(page.locator("#inspector_file_list")).to_contain_text("film.mkv")

    page.click("#toolbar-remove")
    page.click("#dialog_confirm_button")
    expect(rows).to_have_count(1)
    ids = daemon.rpc("torrent.list", fields=["id"])["torrents"]
    assert ids == [{"id": "5a" * 20}]
    assert torrent.origin.joinpath("holiday/film.mkv").exists()
    assert complaints == []


def test_settings_in_a_browser(daemon: Torrentd, page: Page, complaints: list[str]) -> None:
    page.click("#prefs-button")
    page.click("#prefs-tab-speed")
    with page.expect_response(lambda response: "session-get" in (response.request.post_data or "")):
        page.check("#speed-limit-down-enabled")

    def typed() -> bool:
        """Again, for the page may put back what it read from the daemon just before."""
        page.fill("#speed-limit-down", "70")
        page.press("#speed-limit-down", "Tab")
        return daemon.rpc("limits.get")["down"] == 70_000

    until(typed, "the limit is set", SOON)
    assert complaints == []
