"""A language model's server on this machine: it speaks POST /v1/chat/completions and says what it is told to."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Reader:
    """`asked`: bodies it was sent, with their headers. `says`: the content of its next answer; `trouble`: a status, "slow", "huge"."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict, dict]] = []
        self.says: object = {"findings": []}
        self.trouble: int | str = 0

    def answer(self, path: str) -> tuple[int, bytes]:
        if path != "/v1/chat/completions":
            return 404, b"{}"
        if isinstance(self.trouble, int) and self.trouble:
            return self.trouble, b'{"error": {"message": "no"}}'
        content = self.says if isinstance(self.says, str) else json.dumps(self.says, ensure_ascii=False)
        if self.trouble == "huge":
            content += " " * 90_000
        message = {"role": "assistant", "content": content}
        said = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        return 200, json.dumps(said, ensure_ascii=False).encode()


class Running:
    def __init__(self) -> None:
        self.reader = reader = Reader()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                reader.asked.append((json.loads(body), dict(self.headers)))
                status, said = reader.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                if reader.trouble == "slow":
                    self.wfile.write(said[:10])
                    self.wfile.flush()
                    time.sleep(0.5)
                    self.close_connection = True
                    return
                self.wfile.write(said)

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *args: None
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
