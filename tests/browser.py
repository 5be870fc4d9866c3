"""Headless Chromium for tests of pages."""

import base64
import json
import os
import shlex
import subprocess
from itertools import count


class Browser:
    """Headless Chromium, spoken to in its own protocol over two pipes."""

    def __init__(self, binary, folder):
        there, self.write = os.pipe()
        self.read, back = os.pipe()
        command = [binary, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
                   f"--user-data-dir={folder}", "about:blank"]  # fmt: skip
        pipes = f"exec {shlex.join(command)} 3<&{there} 4>&{back}"
        self.process = subprocess.Popen(
            ["bash", "-c", pipes], pass_fds=[there, back], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(there)
        os.close(back)
        self.numbers, self.buffer, self.events, self.session = count(1), b"", [], None
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def next(self):
        while b"\0" not in self.buffer:
            part = os.read(self.read, 1 << 20)
            assert part, "Chromium ended"
            self.buffer += part
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, path, width=1200, height=900, dark=False):
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self("Emulation.setEmulatedMedia", features=scheme)
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.events.clear()
        self("Page.navigate", url=path.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.next())

    def value(self, expression):
        answer = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self):
        return base64.b64decode(self("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def complaints(self):
        self.value("1")  # what is on its way arrives before the answer
        methods = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        fetched = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        outside = [e for e in fetched if not e["params"]["request"]["url"].startswith(("file:", "data:", "blob:"))]
        return [event for event in self.events if event.get("method") in methods] + outside
