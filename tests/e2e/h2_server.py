"""An upstream of HTTP/2 by prior knowledge, on python3-h2, which checks what the gateway sends."""

import contextlib
import socket
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from support import PATIENCE


class Call:
  """One request, and what it is answered; `body` and `trailers` are whole when it has ended."""

  def __init__(self, server, connection, event):
    self.server, self.connection, self.stream = server, connection, event.stream_id
    self.fields = event.headers
    self.body = b""
    self.trailers = []

  def get(self, name):
    return dict(self.fields).get(name)

  def head(self, status, *fields, ends=False):
    """The answer's head, or that of an informational one before it."""
    self.server.send_headers(self.stream, [(":status", status), *fields], end_stream=ends)
    self._flush()

  def data(self, data, ends=True):
    self.server.send_data(self.stream, data, end_stream=ends)
    self._flush()

  def end(self, *trailers):
    self.server.send_headers(self.stream, trailers, end_stream=True)
    self._flush()

  def _flush(self):
    self.connection.sendall(self.server.data_to_send())


class Server:
  """Calls `begun(call)` with the head of each request and `ended(call)` with all of it, on the thread of its
  connection; the calls that have ended are kept."""

  def __init__(self, test, begun=None, ended=None):
    self.begun, self.ended = begun, ended
    self.calls = []
    self.faults = []
    test.addCleanup(lambda: test.assertEqual(self.faults, [], "what the gateway sent is no HTTP/2"))
    self.listening = socket.create_server(("127.0.0.1", 0))
    test.addCleanup(self.listening.close)
    self.port = self.listening.getsockname()[1]
    threading.Thread(target=self._accept, daemon=True).start()

  def service(self, **fields):
    """A service that is here, at all paths."""
    return {"name": "s", "url": f"http://127.0.0.1:{self.port}", "protocol_version": "2", "retries": 0,
            "routes": [{"name": "r", "paths": ["/"]}], **fields}

  def _accept(self):
    with contextlib.suppress(OSError):
      while True:
        threading.Thread(target=self._serve, args=(self.listening.accept()[0],), daemon=True).start()

  def _serve(self, connection):
    connection.settimeout(PATIENCE)
    with connection, contextlib.suppress(OSError):
      try:
        self._speak(connection)
      except h2.exceptions.ProtocolError as fault:
        self.faults.append(repr(fault))

  def _speak(self, connection):
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="latin-1"))
    server.initiate_connection()
    connection.sendall(server.data_to_send())
    open_calls = {}
    while data := connection.recv(65536):
      for event in server.receive_data(data):
        call = open_calls.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.RequestReceived):
          call = open_calls[event.stream_id] = Call(server, connection, event)
          if self.begun:
            self.begun(call)
        elif isinstance(event, h2.events.DataReceived):
          call.body += event.data
          server.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
          call.trailers = event.headers
        elif isinstance(event, h2.events.StreamEnded):
          self.calls.append(call)
          if self.ended:
            self.ended(call)
      connection.sendall(server.data_to_send())
