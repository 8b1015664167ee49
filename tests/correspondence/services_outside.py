"""LINE and the SMS service on this machine: they speak the documented protocols, and remember what they have taken."""

from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LINE_TOKEN, SMS_USER, SMS_PASSWORD = "line-token", "clinic", "p@ss/word"
WEN_LINE = "U" + "1f" * 16
ANSWERS = {
    429: "The API rate limit has been exceeded. Try again later.",
    500: "Internal error",
    401: "Authentication failed",
}


class Outside:
    """`taken` is what really reached a telephone, in order; `content` what LINE holds, by the number of its message.
    `trouble` holds what befalls the next calls, one each:

    a status to answer with; "lost": it is taken and the line breaks before the answer; "cut": the line breaks at once.
    """

    def __init__(self) -> None:
        self.taken: list[dict] = []
        self.known: dict[str, str] = {}
        self.calls: list[dict] = []
        self.trouble: list[int | str] = []
        self.content: dict[str, bytes] = {}
        self.fetched: list[str] = []

    def forget_keys(self) -> None:
        """As LINE does after a day and the SMS service after twelve hours."""
        self.known.clear()

    # --- LINE: POST /v2/bot/message/push ---------------------------------------------------------------------------

    def line(self, headers, body: bytes) -> tuple[int, dict[str, str], str]:
        if headers["Authorization"] != f"Bearer {LINE_TOKEN}":
            return 401, {}, json.dumps({"message": ANSWERS[401]})
        key, request = str(uuid.UUID(headers["X-Line-Retry-Key"])), str(uuid.uuid4())
        if key in self.known:
            told = {"x-line-request-id": request, "x-line-accepted-request-id": self.known[key]}
            return 409, told, json.dumps({"message": "The retry key is already accepted"})
        said = json.loads(body)
        texts = [m["text"] for m in said["messages"] if m["type"] == "text"]
        if not said["to"].startswith("U") or any(len(t.encode("utf-16-le")) > 10_000 for t in texts):
            return 400, {"x-line-request-id": request}, json.dumps({"message": "The property, 'to', is invalid"})
        self.known[key] = request
        self.taken.append({"to": said["to"], "words": "".join(texts), "key": key})
        return 200, {"x-line-request-id": request}, json.dumps({"sentMessages": [{"id": f"{uuid.UUID(key).int % 10**18}"}]})

    # --- LINE: GET /v2/bot/message/{number}/content, at its other host ----------------------------------------------

    def held(self, headers, path: str) -> tuple[int, bytes]:
        if headers["Authorization"] != f"Bearer {LINE_TOKEN}":
            return 401, b""
        number = path.removeprefix("/v2/bot/message/").removesuffix("/content")
        self.fetched.append(number)
        return (200, self.content[number]) if number in self.content else (404, b'{"message":"Not found"}')

    # --- SMS: POST /b2c/mtk/SmSend ---------------------------------------------------------------------------------

    def sms(self, body: bytes) -> tuple[int, dict[str, str], str]:
        said = {name: value[0] for name, value in parse_qs(body.decode()).items()}
        if (said["username"], said["password"]) != (SMS_USER, SMS_PASSWORD):
            return 200, {}, "[1]\r\nstatuscode=e\r\nError=帳號、密碼錯誤\r\n"
        if not said["dstaddr"].startswith("09"):
            return 200, {}, "[1]\r\nstatuscode=v\r\nError=無效的手機號碼\r\n"
        key, again = said["clientid"], ""
        if key in self.known:
            again = "Duplicate=Y\r\n"
        else:
            self.known[key] = f"#{len(self.taken):010d}"
            self.taken.append(
                {"to": said["dstaddr"], "words": said["smbody"], "key": key, "report": said.get("response", "")}
            )
        return 200, {}, f"[1]\r\nmsgid={self.known[key]}\r\nstatuscode=1\r\nAccountPoint=98\r\n{again}"


class _Handler(BaseHTTPRequestHandler):
    outside: Outside
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = urlsplit(self.path)
        befalls = self.outside.trouble.pop(0) if self.outside.trouble else None
        self.outside.calls.append({"path": self.path, "headers": dict(self.headers), "body": body})
        if befalls == "cut":
            return self._cut()
        if isinstance(befalls, int):
            return self._answer(befalls, {}, json.dumps({"message": ANSWERS.get(befalls, "")}))
        if path.path == "/v2/bot/message/push":
            answer = self.outside.line(self.headers, body)
        elif self.path == "/b2c/mtk/SmSend?CharsetURL=UTF-8":
            answer = self.outside.sms(body)
        else:
            answer = (404, {}, "")
        return self._cut() if befalls == "lost" else self._answer(*answer)

    def do_GET(self) -> None:
        befalls = self.outside.trouble.pop(0) if self.outside.trouble else None
        if befalls == "cut":
            return self._cut()
        status, data = (befalls, b"") if isinstance(befalls, int) else self.outside.held(self.headers, self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if befalls == "lost" else data)
        if befalls == "lost":
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _answer(self, status: int, headers: dict[str, str], text: str) -> None:
        said = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args) -> None:
        pass


class Services:
    def __init__(self) -> None:
        self.outside = Outside()
        handler = type("Handler", (_Handler,), {"outside": self.outside})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.handle_error = lambda *args: None  # a line that was cut on purpose
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
