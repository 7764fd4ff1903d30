"""The page Data quality, as a user of Airflow meets it in a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.ui.conftest import Airflow, keep, log_in

pytestmark = pytest.mark.slow

EVENTS = "curated.clickstream_events"
TODAY = datetime.now(UTC).date().isoformat()


def open_through_navigation(page: Page) -> FrameLocator:
    page.get_by_role("link", name="Quality", exact=True).click()
    frame = page.frame_locator("iframe[title=Quality]")
    expect(frame.get_by_role("heading", name="Data quality")).to_be_visible()
    return frame


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_user_logs_in_sees_the_dags_and_finds_out_why_the_gate_is_closed(
    context: BrowserContext, airflow: Airflow, scheme: str
):
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)
    log_in(page, airflow)
    page.get_by_role("link", name="Dags", exact=True).first.click()
    expect(page.get_by_role("link", name="clickstream_promote").first).to_be_visible()
    keep(page, f"dags-{scheme}")

    frame = open_through_navigation(page)
    expect(frame.locator(".verdict")).to_contain_text(f"1 of 3 datasets failed the latest validation: {EVENTS}")
    keep(page, f"quality-in-airflow-{scheme}")

    frame.get_by_role("link", name=re.compile(f"{EVENTS}, {TODAY}: failed, 3 of 7 expectations met")).click()
    expect(frame.get_by_role("heading", name=f"{EVENTS} {TODAY}")).to_be_visible()
    first = frame.locator("article").first
    expect(first).to_contain_text("amount is more than 0")
    expect(first).to_contain_text("Closes the gate")
    expect(first).to_contain_text("41 values (0.4 %)")
    expect(frame.locator("article").last).to_contain_text("Warning")
    expect(frame.get_by_text("clickstream@example.com")).to_be_visible()
    keep(page, f"validation-in-airflow-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_both_pages_fit_the_window(page: Page, airflow: Airflow, width: int, scheme: str):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    for name, path in (("quality", "/sluice/quality"), ("validation", f"/sluice/quality?dataset={EVENTS}&failed=1")):
        page.goto(airflow.url + path)
        if name == "validation":
            page.locator("table.list a").first.click()
            expect(page.locator("article").first).to_be_visible()
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} at {width} px is {overflow} px too wide"
        path = keep(page, f"{name}-{width}-{scheme}")
        assert path.stat().st_size > 10_000


def test_the_newest_day_is_in_view_on_a_narrow_window(page: Page, airflow: Airflow):
    page.set_viewport_size({"width": 420, "height": 900})
    page.goto(f"{airflow.url}/sluice/quality")
    expect(page.get_by_role("link", name=re.compile(f"{EVENTS}, {TODAY}"))).to_be_in_viewport()


def test_the_page_follows_the_theme_chosen_in_airflow(page: Page):
    page.emulate_media(color_scheme="light")
    frame = open_through_navigation(page)
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = frame.locator("html").evaluate(f"() => {background}")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.reload()
    expect(frame.locator("html[data-theme=dark]")).to_be_attached()
    assert frame.locator("html").evaluate(f"() => {background}") != light
    # Switched without a reload, as Airflow's user menu does.
    page.evaluate("document.documentElement.classList.replace('dark', 'light')")
    expect(frame.locator("html[data-theme=light]")).to_be_attached()


def test_a_validation_is_reached_by_keyboard_alone(page: Page, airflow: Airflow):
    page.goto(f"{airflow.url}/sluice/quality?dataset={EVENTS}&failed=1")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('cell')"):
            break
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(f"{EVENTS}, ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Not met")).to_be_visible()


def test_filters_narrow_what_is_shown(page: Page, airflow: Airflow):
    page.goto(f"{airflow.url}/sluice/quality")
    page.get_by_label("Zone").select_option("enriched")
    page.get_by_label("Failed only").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("table.list tbody tr")).to_have_count(1)
    expect(page.locator("table.list tbody tr")).to_contain_text("enriched.clickstream_sessions")
    expect(page.get_by_label("Zone")).to_have_value("enriched")


def test_hostile_data_stays_text_and_nothing_is_loaded_from_elsewhere(page: Page, airflow: Airflow):
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{airflow.url}/sluice/quality?dataset={EVENTS}&failed=1")
    page.locator("table.list a").first.click()
    expect(page.locator("article").first).to_contain_text("<script>document.title='owned'</script>")
    assert "owned" not in page.title()
    assert not complaints

    page.get_by_role("link", name="Open the report").click()
    expect(page.get_by_role("heading", name="Validation of today")).to_be_visible()
    assert page.title() == "GX", "a script of the Data Docs ran"
    page.get_by_role("link", name="Data quality").click()
    expect(page.get_by_role("heading", name="Data quality")).to_be_visible()
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith((airflow.url, "data:"))] == []


def test_a_visitor_without_a_session_logs_in_and_lands_on_the_page(context: BrowserContext, airflow: Airflow):
    page = context.new_page()
    page.goto(f"{airflow.url}/sluice/quality?zone=curated")
    page.get_by_label("Username").fill(airflow.user)
    page.locator("input[type=password]").fill(airflow.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Data quality")).to_be_visible()
    expect(page.get_by_label("Zone")).to_have_value("curated")
