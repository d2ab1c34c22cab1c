"""A Flagsmith API server for tests, on loopback, which can be told to misbehave.

    server.py [--port 0]        prints "listening PORT", then runs until it is killed

It is the API, the events service and the real-time service at once, and in another mode the edge proxy. Flags are
evaluated by the vendor's own engine. It starts with an environment that has no flags, `server_key` "ser.test".

The control API is JSON. Faults never touch it, and it is not recorded.

    PUT    /_control/document          replaces the document, raw bytes, and sends an event
               ?touch=0                the time of the last change stays, as for identity overrides; otherwise it is now
               ?updated_at=T           that time is T seconds, or with T = "document" what the document says
               ?event=0                sends no event
    PUT    /_control/config            any of server_key, client_key (null: the document's api_key), page_size (null: all),
                                       gzip, edge_proxy, experiments {feature: {"id", "name"}}; answers with all of them
    PUT    /_control/fault             {"kind", "path_prefix", "count", "status", "retry_after", "body", "seconds"};
                                       replaces that of the same prefix; the first that fits applies; count null: for ever
    DELETE /_control/fault             all of them, and lets go of what hangs
    GET    /_control/requests          [{"method", "path", "headers", "body", "status", "connection"}]; DELETE forgets them;
                                       status is null before an answer and without one
    GET    /_control/analytics         {feature: count}
    GET    /_control/events            [event]
    GET    /_control/identities        {identifier: {trait: value}}
    GET    /_control/streams           how many are open
    POST   /_control/cut_streams       closes them in the middle, ?clean=1 ends them properly
    POST   /_control/event             sends an event whose data is the body as it is

Kinds of fault: status (an error of that status), retry_after (503 with that header), garbage (200 that is no JSON), close
(no answer), hang (no answer, and the connection stays), truncate (half of the true answer), slow (the true answer over
"seconds"). Only the last two do what was asked. A stream can have the others.
"""

import argparse
import json
import select
import socketserver
import sys
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

from service import Api, Answer, Document, EdgeProxy, Refusal, Request, State, Stream, now


class Control:
    """What the tests ask of the server."""

    def __init__(self, state):
        self.state = state

    def answer(self, request):
        method = getattr(self, f"{request.method}_{request.path.removeprefix('/_control/')}".lower(), None)
        if method is None:
            return Answer.of({"error": "no such control"}, 404)
        try:
            with self.state.lock:
                return Answer.of(method(request))
        except (ValueError, KeyError, TypeError, Refusal) as error:
            return Answer.of({"error": repr(error)}, 400)

    def put_document(self, request):
        time_of_change = now() if request.query.get("touch") != "0" else self.state.document.updated_at
        document = Document(request.body, time_of_change)
        stated = request.query.get("updated_at")
        if stated:
            document.updated_at = document.own_updated_at if stated == "document" else float(stated)
        self.state.document = document
        if request.query.get("event") != "0":
            self.state.send_event(json.dumps({"updated_at": document.updated_at}))
        return {"updated_at": document.updated_at}

    def put_config(self, request):
        given = request.json()
        unknown = given.keys() - self.state.config.keys()
        if unknown:
            raise ValueError(f"unknown: {sorted(unknown)}")
        self.state.config = self.state.config | given
        return self.state.config

    def put_fault(self, request):
        fault = {"path_prefix": "/", "status": None, "count": None, "retry_after": "1", "body": None, "seconds": 2} | request.json()
        if fault["kind"] not in ("status", "retry_after", "garbage", "close", "hang", "truncate", "slow"):
            raise ValueError(f"unknown kind: {fault['kind']}")
        self.state.faults[fault["path_prefix"]] = fault
        return fault

    def delete_fault(self, request):
        self.state.faults = {}
        self.state.faults_cleared += 1
        return {}

    def get_requests(self, request):
        return self.state.requests

    def delete_requests(self, request):
        self.state.requests = []
        return {}

    def get_analytics(self, request):
        return self.state.analytics

    def get_events(self, request):
        return self.state.events

    def get_identities(self, request):
        return self.state.identities

    def get_streams(self, request):
        return len(self.state.streams)

    def post_cut_streams(self, request):
        self.state.cut_streams(request.query.get("clean") == "1")
        return {}

    def post_event(self, request):
        self.state.send_event(request.body.decode())
        return {}


def faulty(fault):
    """The answer of a fault that has one of its own."""
    body = None if fault["body"] is None else fault["body"].encode()
    if fault["kind"] == "garbage":
        return Answer(fault["status"] or 200, b'{"api_key": "cl' if body is None else body, {"Content-Type": "application/json"})
    headers = {"Content-Type": "application/json"}
    if fault["kind"] == "retry_after":
        headers["Retry-After"] = str(fault["retry_after"])
    status = fault["status"] or (503 if fault["kind"] == "retry_after" else 500)
    return Answer(status, b'{"detail": "told to fail"}' if body is None else body, headers)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "flagsmith-test"
    disable_nagle_algorithm = True
    # Buffered, so that head and body leave together.
    wbufsize = -1
    # The record of the request that has no answer yet.
    recorded = None

    @property
    def state(self):
        return self.server.state

    def do_GET(self):
        request = Request(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, self.read_body())
        if request.path.startswith("/_control/"):
            return self.send(Control(self.state).answer(request))
        self.record(request)
        fault = self.state.fault_for(request.target)
        kind = fault and fault["kind"]
        if kind in ("close", "hang"):
            return self.leave(hang=kind == "hang")
        if kind in ("status", "retry_after", "garbage"):
            return self.send(faulty(fault))
        if request.path.startswith("/sse/"):
            return self.serve_stream(request)
        self.send(self.true_answer(request), fault)

    do_POST = do_PUT = do_DELETE = do_GET

    def read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def record(self, request):
        """Before the answer, so that a test sees a request that hangs."""
        self.recorded = {
            "method": request.method,
            "path": request.target,
            "headers": request.headers,
            "body": request.body.decode(errors="replace"),
            "status": None,
            "connection": self.client_address[1],
        }
        with self.state.lock:
            self.state.requests.append(self.recorded)

    def true_answer(self, request):
        try:
            return (EdgeProxy if self.state.config["edge_proxy"] else Api)(self.state).answer(request)
        except Exception:
            # As of a real server: the flaw is told to whoever runs it, not to the client.
            traceback.print_exc()
            return Answer(500, b"<h1>Server Error (500)</h1>", {"Content-Type": "text/html"})

    def send(self, answer, fault=None):
        if self.recorded:
            # Before the answer leaves: whoever has it may ask at once.
            self.recorded["status"] = answer.status
            self.recorded = None
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.send_body(answer.body, fault)

    def send_body(self, body, fault):
        if fault and fault["kind"] == "truncate":
            body = body[: len(body) // 2]
            self.close_connection = True
        pieces = 10 if fault and fault["kind"] == "slow" else 1
        size = -(-len(body) // pieces)
        for piece in range(pieces):
            if pieces > 1:
                self.wfile.flush()
                time.sleep(fault["seconds"] / pieces)
            self.wfile.write(body[piece * size : (piece + 1) * size])

    def leave(self, hang):
        """No answer; one that hangs, until the client leaves or the faults are cleared."""
        self.close_connection = True
        cleared = self.state.faults_cleared
        while hang and self.state.faults_cleared == cleared:
            ready, _, _ = select.select([self.connection], [], [], 0.05)
            if ready and not self.connection.recv(65536):
                return

    def serve_stream(self, request):
        if request.method != "GET" or request.path != f"/sse/environments/{quote(str(self.state.client_key), safe='')}/stream":
            return self.send(Answer.of({"detail": "Not found."}, 404))
        self.recorded["status"] = 200
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        stream = Stream()
        with self.state.lock:
            # Before the head leaves: whoever has it misses no event.
            self.state.streams.add(stream)
        try:
            self.wfile.flush()
            self.forward(stream)
        finally:
            with self.state.lock:
                self.state.streams.discard(stream)
            stream.inlet.close()
            stream.outlet.close()

    def forward(self, stream):
        while True:
            ready, _, _ = select.select([self.connection, stream.outlet], [], [])
            if stream.outlet in ready:
                data = stream.outlet.recv(65536)
                if not data:
                    break
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()
            elif not self.connection.recv(65536):
                return
        if stream.clean:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format, *values):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port):
        self.state = State()
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self):
        # The parent's asks the resolver for a name that nobody needs.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address

    def handle_error(self, request, client_address):
        """Clients that leave early are no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    server = Server(parser.parse_args().port)
    print("listening", server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
