"""An upstream that speaks TLS and tells who came over which connection."""

import contextlib
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.events

from support import PATIENCE, ok
from wire import Ended, Stream

BODY = b"fine"


class Connection:
  """One handshake that came to its end, and the requests behind it: (host, path) each."""

  def __init__(self, secured, server_name):
    self.secured = secured
    self.server_name = server_name
    self.resumed = secured.session_reused
    shown = secured.getpeercert()
    self.client = shown["subjectAltName"][0][1] if shown else None
    self.requests = []

  @property
  def paths(self):
    return [path for _, path in self.requests]


class TlsUpstream:
  """Answers each request over TLS. Its `kind` says which `version` of TLS it speaks, whether `http2`, and whether it
  `keeps` connections or ends each with its first answer."""

  def __init__(self, test, files, kind, client_authority=None):
    self.kind, self.keeps = kind, kind["keeps"]
    self.connections = []
    self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    self.context.load_cert_chain(*files)
    self.context.minimum_version = self.context.maximum_version = kind["version"]
    if kind["http2"]:
      self.context.set_alpn_protocols(["h2"])
    if client_authority:
      self.context.verify_mode = ssl.CERT_OPTIONAL
      self.context.load_verify_locations(client_authority)
    self.names = threading.local()
    self.context.sni_callback = self._note_name
    self.listening = socket.create_server(("127.0.0.1", 0))
    test.addCleanup(self.listening.close)
    self.port = self.listening.getsockname()[1]
    threading.Thread(target=self._accept, daemon=True).start()

  def _note_name(self, secured, name, context):
    self.names.last = name

  def _accept(self):
    with contextlib.suppress(OSError):
      while True:
        threading.Thread(target=self._serve, args=(self.listening.accept()[0],), daemon=True).start()

  def _serve(self, plain):
    plain.settimeout(PATIENCE)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    self.names.last = None
    with plain, contextlib.suppress(OSError, Ended), self.context.wrap_socket(plain, server_side=True) as secured:
      connection = Connection(secured, self.names.last)
      self.connections.append(connection)
      if secured.selected_alpn_protocol() == "h2":
        self._speak_http_2(connection)
      else:
        self._speak_http_1_1(connection)

  def _speak_http_1_1(self, connection):
    stream = Stream(connection.secured)
    while request := stream.request():
      connection.requests.append((request.get("host"), request.target))
      connection.secured.sendall(ok(BODY, b"" if self.keeps else b"Connection: close\r\n"))
      if not self.keeps:
        return

  def _speak_http_2(self, connection):
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="latin-1"))
    server.initiate_connection()
    connection.secured.sendall(server.data_to_send())
    while data := connection.secured.recv(65536):
      for event in server.receive_data(data):
        if isinstance(event, h2.events.RequestReceived):
          fields = dict(event.headers)
          connection.requests.append((fields[":authority"], fields[":path"]))
          server.send_headers(event.stream_id, [(":status", "200")])
          server.send_data(event.stream_id, BODY, end_stream=True)
          if not self.keeps:
            server.close_connection(last_stream_id=event.stream_id)
      connection.secured.sendall(server.data_to_send())
      if not self.keeps and connection.requests:
        break
    # With something unread, the end would be a reset, before which the client may lose the answer.
    while connection.secured.recv(65536):
      pass
    connection.secured.unwrap()
