"""A real browser for tests: headless Chromium, controlled through a pipe with its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, final

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_PATIENCE_SECONDS: Final = 60
_KEYS: Final = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, ""), " ": (32, " ")}


@final
class Browser:
    """One page of one browser process. ``requests``: every address that the page requested."""

    def __init__(self, width: int = 1400, height: int = 900) -> None:
        assert CHROMIUM is not None, "callers check CHROMIUM first"
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        # Chromium reads commands from descriptor 3 and writes answers to descriptor 4; a zero byte ends each.
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run"]
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        place = [f"--user-data-dir={self._profile.name}", f"--window-size={width},{height}", "about:blank"]
        shell = f'exec 3<&{theirs_in} 4>&{theirs_out} && exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "-", CHROMIUM, *flags, *place],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._in = os.fdopen(ours_in, "rb")
        self._out = os.fdopen(ours_out, "wb")
        self._unread = b""
        self._number = 0
        self._session = ""
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = next(info for info in self.send("Target.getTargets")["targetInfos"] if info["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop the browser process."""
        self._process.kill()
        self._process.wait(timeout=20)
        self._in.close()
        self._out.close()
        self._profile.cleanup()

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and return its answer. Raises AssertionError if the answer is an error."""
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        self._out.write(json.dumps(command).encode() + b"\0")
        self._out.flush()
        while True:
            message = self._read()
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def wait(self, event: str) -> None:
        """Read messages until the event arrives."""
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            assert select.select([self._in], [], [], _PATIENCE_SECONDS)[0], "the browser does not answer"
            data = os.read(self._in.fileno(), 1 << 20)
            assert data, "the browser ended"
            self._unread += data
        raw, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(message["params"]["exceptionDetails"]))
            case "Log.entryAdded":
                self.errors.append(message["params"]["entry"]["text"])
            case _:
                pass
        return message

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file at a fragment, even if it is already open, and wait until it is loaded."""
        self.send("Page.navigate", url="about:blank")
        self.requests.clear()
        self.errors.clear()
        self.send("Page.navigate", url=path.as_uri() + (f"#{fragment}" if fragment else ""))
        self.wait("Page.loadEventFired")
        while self.js("location.protocol") != "file:" or self.js("document.readyState") != "complete":
            self.wait("Page.loadEventFired")

    def js(self, expression: str) -> Any:
        """The value of an expression in the page. Raises AssertionError if the expression throws."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """The text of the first element that matches."""
        return self.js(f"document.querySelector({json.dumps(selector)}).textContent")

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that match."""
        return self.js(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent)")

    def click(self, selector: str, number: int = 0) -> None:
        """Scroll to the element and click on its middle, as with a mouse."""
        x, y = self.js(
            f"(() => {{ const one = document.querySelectorAll({json.dumps(selector)})[{number}]; one.scrollIntoView({{block: 'center'}});"
            "const box = one.getClientRects()[0]; return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def key(self, key: str) -> None:
        """Press and release a key."""
        code, text = _KEYS.get(key, (ord(key[0].upper()), key))
        down = "keyDown" if text else "rawKeyDown"
        self.send("Input.dispatchKeyEvent", type=down, key=key, windowsVirtualKeyCode=code, text=text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)
        self.settle()

    def settle(self) -> None:
        """Wait until pending events are handled."""
        self.js("new Promise((done) => setTimeout(done, 20))")

    def screenshot(self, path: Path, *, scale: float = 1) -> None:
        """Write the window as a PNG file."""
        self.send("Emulation.setDeviceMetricsOverride", width=0, height=0, deviceScaleFactor=scale, mobile=False)
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))
