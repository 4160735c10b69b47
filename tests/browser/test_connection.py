"""The websocket: what is lost comes back by itself, what is gone is left alone."""

from __future__ import annotations

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.workspace import open_workspace

GONE = 4404


def test_a_sandbox_that_is_gone_is_not_asked_for_again(page: Page) -> None:
    open_workspace(page)
    connections: list[WebSocketRoute] = []

    def refuse(socket: WebSocketRoute) -> None:
        connections.append(socket)
        socket.close(code=GONE, reason="There is no such sandbox.")

    page.route_web_socket("**/ws/sandboxes/**", refuse)
    page.reload()
    expect(page.locator("[data-connection]")).to_have_text("This sandbox is not there any more.")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1500)  # a lost connection is made again after 0.4 s
    assert len(connections) == 1


def test_a_connection_that_is_lost_is_made_again(page: Page) -> None:
    open_workspace(page)
    connections: list[WebSocketRoute] = []

    def lose_the_first(socket: WebSocketRoute) -> None:
        connections.append(socket)
        if len(connections) == 1:
            socket.close(code=1012)
        else:
            socket.connect_to_server()

    page.route_web_socket("**/ws/sandboxes/**", lose_the_first)
    page.reload()
    expect(page.locator(".xterm-rows").first).to_contain_text("$")
    assert len(connections) == 2
