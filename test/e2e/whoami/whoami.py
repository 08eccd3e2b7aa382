# SPDX-License-Identifier: MIT
"""The server behind the router in these tests: says which container it is and what it was asked.

GET /slow/SECONDS takes that long. On SIGTERM it takes no new connection, finishes what it is answering, and exits 0; with
STUBBORN=SECONDS in its environment it goes on as before for that long first. Each POST is noted on stdout by its X-Id.
"""
import contextlib
import json
import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = socket.gethostname()
STUBBORN_S = float(os.environ.get("STUBBORN", 0))


class Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for the threads of requests
    request_queue_size = 128

    def __init__(self, address):
        super().__init__(address, Answerer)
        self.draining = False
        self.idle = set()  # connections between two requests
        self.lock = threading.Lock()

    def drain(self):
        time.sleep(STUBBORN_S)
        with self.lock:
            self.draining = True
            for connection in self.idle:
                with contextlib.suppress(OSError):  # the client may have left
                    connection.shutdown(socket.SHUT_RD)  # its thread reads an end and closes it
        self.shutdown()


class Answerer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one segment

    def handle_one_request(self):
        with self.server.lock:
            if self.server.draining:
                self.close_connection = True
                return
            self.server.idle.add(self.connection)
        super().handle_one_request()

    def parse_request(self):
        with self.server.lock:  # the request line is here: this connection is busy now
            self.server.idle.discard(self.connection)
        return super().parse_request()

    def finish(self):
        with self.server.lock:
            self.server.idle.discard(self.connection)
        super().finish()

    def do_GET(self):
        if self.path.startswith("/slow/"):
            time.sleep(float(self.path.removeprefix("/slow/")))
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode("latin-1")
        answer = json.dumps({"name": NAME, "method": self.command, "path": self.path, "body": body,
                             "headers": {name.lower(): text for name, text in self.headers.items()}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        if self.server.draining:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer)

    def do_POST(self):
        print(f"POST {self.headers.get('X-Id')}", flush=True)
        self.do_GET()

    def log_message(self, *_):
        pass


def main():
    server = Server(("", 8000))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.drain).start())
    server.serve_forever(poll_interval=0.02)
    server.server_close()


if __name__ == "__main__":
    main()
