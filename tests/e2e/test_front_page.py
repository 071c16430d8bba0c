"""The front proxy's status page in a real browser."""

import re

import pytest

from browser import CHROMIUM, Browser
from front import Backend, Front

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's package chromium")


@pytest.fixture(scope="module")
def front(binary, tmp_path_factory):
    """Of three servers one is up, one drained, one down."""
    proxy = Front(binary, tmp_path_factory.mktemp("page"))
    backends = [Backend(f"vault{n}.example.com") for n in (1, 2, 3)]
    servers = "".join(f'server "{b.name}" {{ address = "127.0.0.1:{b.port}" }}\n' for b in backends)
    proxy.write(f'check {{ inter = "100ms" }}\n{servers}')
    proxy.start()
    backends[2].stop()
    proxy.wait_state(backends[2].name, "down")
    assert proxy.post(f"/backends/nodes/servers/{backends[1].name}/drain") == 200
    held = proxy.connect()
    assert held.greeting() == backends[0].name
    yield proxy
    held.__exit__()
    proxy.stop()
    for backend in backends[:2]:
        backend.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


def page(front):
    return f"http://127.0.0.1:{front.status_port}/"


def rows(browser, heading):
    """The cells of the table below that heading, as they are seen."""
    return browser.value(f"""[...document.querySelectorAll("h2")].find(h => h.innerText.startsWith({heading!r}))
      .nextElementSibling.querySelectorAll("tr:not(.head)").values().toArray()
      .map(row => [...row.cells].map(cell => cell.innerText.trim()))""")


def test_what_the_page_shows(front, browser):
    browser.window(1400)
    browser.open(page(front))
    assert browser.value("document.title") == "coffer front"
    assert rows(browser, "Frontends") == [["main", f"127.0.0.1:{front.port}", "nodes", "1", "20000", "1"]]
    assert "roundrobin, checks: tcp, 1 of 3 up" in browser.value("document.querySelectorAll('h2')[1].innerText")
    up, drained, down = rows(browser, "Backend nodes")
    assert (up[0], up[2], up[4], up[-1]) == ("vault1.example.com", "up", "1", "Drain")
    assert re.fullmatch(r"good, [\d.]+ ms, \d+ s ago", up[-2])
    assert (drained[0], drained[2], drained[-1]) == ("vault2.example.com", "drain", "Take back")
    assert down[2] == "down" and down[-2].startswith("Connection refused, ")
    colours = browser.value("[...document.querySelectorAll('td.state')].map(cell => getComputedStyle(cell).color)")
    assert len(set(colours)) == 3, colours


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1400, True), (800, False), (390, True)])
def test_it_fits_its_window_and_can_be_read(front, browser, tmp_path, width, dark):
    browser.window(width, dark=dark)
    browser.open(page(front))
    assert browser.value("document.documentElement.scrollWidth") <= width
    # Every button can be reached without scrolling sideways.
    assert browser.value("[...document.querySelectorAll('button')].every(b => b.getBoundingClientRect().right <= innerWidth)")
    ground = browser.value("""(() => { const c = document.createElement("canvas").getContext("2d");
      c.fillStyle = "Canvas"; document.body.style.background = "Canvas";
      return getComputedStyle(document.body).backgroundColor; })()""")
    light = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) / 3
    assert light < 60 if dark else light > 200, ground
    browser.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


def test_it_renews_itself_and_its_buttons_work(front, browser):
    browser.window(1400)
    browser.open(page(front))
    browser.value("document.querySelectorAll('button')[1].click()")
    browser.until("document.querySelectorAll('td.state')[1].innerText === 'up'")
    assert front.servers()["vault2.example.com"]["state"] == "up"
    # What happens elsewhere is seen without a click.
    with front.connect():
        browser.until("document.querySelector('td.number').innerText === '2'")
    assert front.post("/backends/nodes/servers/vault2.example.com/drain") == 200
    browser.until("document.querySelectorAll('td.state')[1].innerText === 'drain'")


def test_it_says_when_the_proxy_is_gone(browser, binary, tmp_path):
    other = Front(binary, tmp_path)
    other.write('server "a" { address = "127.0.0.1:1" }')
    other.start()
    browser.window(1400)
    browser.open(page(other))
    assert browser.value("document.querySelector('p.stale').checkVisibility()") is False
    other.stop()
    browser.until("document.querySelector('p.stale').checkVisibility()")
