"""The way in, by browser: front page, languages, sign-up, keyboard."""

from playwright.sync_api import Page, expect


def test_the_front_page_leads_to_a_workspace_with_one_click(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("A Kubernetes cluster of your own, behind glass")
    page.get_by_role("button", name="Start now").click()
    page.wait_for_url("**/sandboxes/*/")
    expect(page.locator("[data-step=create]")).to_be_attached()


def test_the_front_page_speaks_chinese_after_one_choice(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Language").click()
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.get_by_role("button", name="马上开始")).to_be_visible()


def test_a_guest_signs_up_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Start now").click()
    page.wait_for_url("**/sandboxes/*/")
    page.goto("/accounts/sign-up/")
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type("glass-and-moss-42")
    page.keyboard.press("Tab")
    page.keyboard.type("glass-and-moss-42")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lessons/")
    expect(page.get_by_text("Welcome. Your sandboxes and your progress are kept under this name.")).to_be_visible()


def test_no_page_is_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", "/lessons/", "/accounts/sign-up/", "/accounts/sign-in/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
