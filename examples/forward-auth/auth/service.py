# SPDX-License-Identifier: MIT
"""Says who a request is from: the router asks here before it forwards one (traefik.frontend.auth.forward).

200 with X-Auth-User and X-Auth-Role lets the request pass; anything else is what the client gets, body and all.
"""
import json
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# For the example only; a real one checks a signature or asks a session store.
USERS = {
    "let-me-in": {"user": "ada", "role": "registrar"},
    "read-only": {"user": "grace", "role": "reader"},
}


class Verifier(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # the router keeps its connections here open

    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if not token:
            return self.answer(403, {"error": "no token", "asked_for": self.headers.get("X-Forwarded-Uri", "")})
        user = USERS.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            return self.answer(401, {"error": "bad token"}, {"WWW-Authenticate": 'Bearer realm="example"'})
        return self.answer(200, {}, {"X-Auth-User": user["user"], "X-Auth-Role": user["role"],
                                     "X-Auth-Secret": "not in authResponseHeaders, so no service sees it"})

    def answer(self, status, value, headers=None):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    signal.signal(signal.SIGTERM, lambda *_: exit(0))  # process 1 has no default action for it
    ThreadingHTTPServer(("", 9000), Verifier).serve_forever()


if __name__ == "__main__":
    main()
