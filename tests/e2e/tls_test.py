"""TLS towards clients: which certificate, which version, resumption, reload, and what is no TLS at all."""

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from certificates import Authority, ByteByByte
from support import BINARY, PATIENCE, GatewayTest, free_port, ok, read_all, service, wait_until


class TlsTest(GatewayTest):

  @classmethod
  def setUpClass(cls):
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.folder = folder.name
    cls.authority = Authority(folder.name)
    cls.exact = cls.authority.issue("api.example.com")
    cls.exact_rsa = cls.authority.issue("api.example.com", kind="rsa")
    cls.wild = cls.authority.issue("*.example.com")
    cls.prefix = cls.authority.issue("example.net", "DNS:example.net", "DNS:example.org")

  def secured(self, *services, tls=None, workers=1, gateway=None, **entities):
    return self.gateway(*services, gateway={"workers": workers, **(gateway or {})}, listener={"tls": tls or {}},
                        **entities)

  def certificates(self):
    return [
        {"cert": self.exact[0], "key": self.exact[1], "cert_alt": self.exact_rsa[0], "key_alt": self.exact_rsa[1],
         "snis": [{"name": "api.example.com"}]},
        {"cert": self.wild[0], "key": self.wild[1], "snis": [{"name": "*.example.com"}]},
        {"cert": self.prefix[0], "key": self.prefix[1], "snis": [{"name": "example.*"}]},
    ]

  def context(self):
    context = ssl.create_default_context(cafile=str(self.authority.pem))
    return context

  def open(self, gateway, name="api.example.com", context=None, session=None):
    connection = (context or self.context()).wrap_socket(gateway.connect(), server_hostname=name, session=session)
    self.addCleanup(connection.close)
    return connection

  @staticmethod
  def ask(connection, path="/", name="api.example.com"):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
      data += connection.recv(65536)
    return data


class Certificates(TlsTest):

  def names_of(self, gateway, server_name):
    connection = self.open(gateway, server_name)
    return {value for _, value in connection.getpeercert()["subjectAltName"]}

  def test_a_name_gets_the_certificate_that_names_it_best(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    self.assertEqual(self.names_of(gateway, "api.example.com"), {"api.example.com"})
    self.assertEqual(self.names_of(gateway, "API.Example.COM"), {"api.example.com"})
    self.assertEqual(self.names_of(gateway, "other.example.com"), {"*.example.com"})
    self.assertEqual(self.names_of(gateway, "example.org"), {"example.net", "example.org"})

  def test_a_name_that_nothing_matches_gets_the_fallback(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    for name in ("unknown.test", "deep.other.example.com", None):
      with self.subTest(name=name):
        self.assertIn("CN = localhost", self.subject(gateway, name))

  def test_the_star_takes_the_place_of_the_fallback(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=[
        {"cert": self.wild[0], "key": self.wild[1], "snis": [{"name": "*"}]}])
    for name in ("unknown.test", None):
      self.assertNotIn("CN = localhost", self.subject(gateway, name))

  def s_client(self, gateway, *more, text=b""):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", *more], input=text,
                          capture_output=True, timeout=PATIENCE, check=False)
    return done.stdout.decode("latin-1") + done.stderr.decode("latin-1")

  def subject(self, gateway, name):
    said = self.s_client(gateway, *(["-servername", name] if name else ["-noservername"]))
    return re.search(r"subject=(.*)", said).group(1)

  def test_a_client_gets_the_kind_of_key_that_it_can_verify(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    for version in ("-tls1_2", "-tls1_3"):
      for algorithms, kind in (("ECDSA+SHA256", "ECDSA"), ("RSA+SHA256:rsa_pss_rsae_sha256", "RSA")):
        with self.subTest(version=version, kind=kind):
          said = self.s_client(gateway, "-servername", "api.example.com", version, "-sigalgs", algorithms)
          self.assertRegex(said, f"Peer signature type: {kind}")

  def test_the_self_signed_certificate_has_a_key_for_everybody(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port))
    self.assertIn("Peer signature type: ECDSA", self.s_client(gateway, "-noservername"))
    for more in (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), ("-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256")):
      wait_until(lambda: "Peer signature type: RSA" in self.s_client(gateway, "-noservername", *more), "a key of RSA")

  def test_old_versions_and_weak_ciphers_are_refused(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), tls={"min_version": 1.3})
    self.assertIn("New, TLSv1.3", self.s_client(gateway, "-tls1_3"))
    self.assertIn("alert protocol version", self.s_client(gateway, "-tls1_2"))
    older = self.secured(service(upstream.port, name="t"))
    self.assertIn("New, TLSv1.2", self.s_client(older, "-tls1_2"))
    self.assertIn("alert protocol version", self.s_client(older, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"))
    for cipher in ("AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"):
      self.assertIn("alert handshake failure", self.s_client(older, "-tls1_2", "-cipher", cipher), cipher)

  def test_who_names_protocols_and_none_of_http_is_refused(self):
    upstream = self.upstream(lambda head, _: ok())
    both, one = self.secured(service(upstream.port)), self.secured(service(upstream.port), tls={"http2": False})
    for gateway, names, said in ((both, "foo", "alert no application protocol"), (both, "foo,h2", "ALPN protocol: h2"),
                                 (both, "http/1.0", "ALPN protocol: http/1.0"),
                                 (one, "h2", "alert no application protocol"),
                                 (one, "h2,http/1.1", "ALPN protocol: http/1.1")):
      self.assertIn(said, self.s_client(gateway, "-alpn", names), names)
    self.assertIn("No ALPN negotiated", self.s_client(both))

  def test_renegotiation_is_refused(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port))
    said = self.s_client(gateway, "-tls1_2", text=b"R\n")
    self.assertRegex(said, "no renegotiation|alert no_renegotiation|unexpected eof|NO RENEGOTIATION")


  def test_the_days_left_of_a_certificate_are_a_metric(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    self.ask(self.open(gateway))  # The client's side of a handshake may be over before the gateway's.
    said = gateway.status("/metrics")[1]
    for name in ("api.example.com", "*.example.com", "example.*"):
      self.assertRegex(said, f'sluice_certificate_days_left{{sni="{re.escape(name)}"}} (29|30)\n')
    self.assertIn('sluice_tls_handshakes_total{result="done"} 1\n', said)

  def test_that_of_the_default_certificate_too(self):
    [certificate, *_] = self.certificates()
    gateway = self.secured(service(1), certificates=[{**certificate, "snis": [{"name": "*"}]}])
    self.assertRegex(gateway.status("/metrics")[1], r'sluice_certificate_days_left{sni="\*"} (29|30)\n')

  def test_certificates_that_no_handshake_could_use_are_refused(self):
    for options, why in ((("rsa:1024",), "ee key too small"),
                         (("ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"), "TLS has no signature for its key")):
      with self.subTest(why):
        made = [os.path.join(self.folder, name) for name in ("weak.key", "weak.crt")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", *options, "-nodes", "-keyout", made[0], "-out", made[1],
                        "-subj", "/CN=weak", "-days", "9"], check=True, capture_output=True, timeout=20)
        file = os.path.join(self.folder, "weak.yaml")
        with open(file, "w", encoding="utf-8") as text:
          json.dump({"_format_version": "3.0",
                     "certificates": [{"cert": f"file:{made[1]}", "key": f"file:{made[0]}"}]}, text)
        done = subprocess.run([BINARY, "check", file], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(why, done.stderr)

  def test_files_are_read_again_and_expired_ones_are_refused(self):
    upstream = self.upstream(lambda head, _: ok())
    certificate, key = self.authority.files(self.wild, "renewed")
    entities = {"certificates": [{"cert": f"file:{certificate}", "key": f"file:{key}",
                                  "snis": [{"name": "api.example.com"}]}]}
    gateway = self.secured(service(upstream.port), **entities)
    self.assertEqual(self.names_of(gateway, "api.example.com"), {"*.example.com"})
    self.authority.files(self.exact, "renewed")
    gateway.reload({"services": [service(upstream.port)], **entities})
    wait_until(lambda: self.names_of(gateway, "api.example.com") == {"api.example.com"}, "the new certificate")
    self.authority.files(self.authority.issue("api.example.com", days=0), "renewed")
    gateway.signal(1)
    wait_until(lambda: gateway.configuration()["reloads_failed"] == 1, "the refused reload")
    self.assertIn("has expired", gateway.configuration()["last_problem"])
    self.assertEqual(self.names_of(gateway, "api.example.com"), {"api.example.com"})


class Connections(TlsTest):

  def test_requests_share_a_connection_and_the_upstream_hears_of_tls(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    connection = self.open(gateway)
    for _ in range(3):
      self.assertIn(b"200 OK", self.ask(connection))
    self.assertEqual(len(upstream.heads), 3)
    self.assertIn("X-Forwarded-Proto: https", upstream.heads[0])
    self.assertIn(f"X-Forwarded-Port: {gateway.port}", upstream.heads[0])
    version, cipher = connection.version(), connection.cipher()[0]
    self.assertEqual(gateway.log_lines(3)[0]["request"]["tls"],
                     {"version": version, "cipher": cipher, "client_verify": "NONE"})

  def test_bodies_of_any_size_come_through_both_ways(self):
    body = os.urandom(3_000_000)
    upstream = self.upstream(lambda head, _: ok(body), reads_bodies=True)
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    file = os.path.join(self.folder, "body")
    with open(file, "wb") as out:
      out.write(body)
    got = subprocess.run(
        ["curl", "-sS", "--http1.1", "--cacert", self.authority.pem, "--resolve",
         f"api.example.com:{gateway.port}:127.0.0.1", "--data-binary", f"@{file}",
         f"https://api.example.com:{gateway.port}/"], capture_output=True, timeout=PATIENCE, check=True).stdout
    self.assertEqual(got, body)
    self.assertEqual(upstream.requests[0].body, body)

  def test_a_client_hello_in_single_bytes_is_read_right(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    client = ByteByByte(gateway.connect(), self.context(), "other.example.com")
    self.assertIn(b"200 OK", client.ask("other.example.com"))
    self.assertIn(("DNS", "*.example.com"), client.tls.getpeercert()["subjectAltName"])

  def test_http_without_tls_is_told_so(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port))
    answer = gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
    self.assertIn(b"The plain HTTP request was sent to HTTPS port", answer)
    self.assertEqual(upstream.heads, [])
    self.assertEqual(gateway.log_lines(1)[0]["error"], "plain_http")

  def test_what_is_neither_does_no_harm(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    for bytes_ in (b"\x16\x03\x01\x00\x05hello", b"\x16" + b"\xff" * 70_000, b"\x80\x2e\x01\x00\x02" + b"x" * 41,
                   b"\0" * 100, b"\x15\x03\x01\x00\x02\x02\x28", b""):
      connection = gateway.connect()
      with contextlib.suppress(OSError):
        connection.sendall(bytes_)
        connection.shutdown(socket.SHUT_WR)
        read_all(connection)
    self.assertIn(b"200 OK", self.ask(self.open(gateway)))

  def test_who_does_not_finish_the_handshake_is_dropped(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), gateway={"timeouts": {"tls_handshake": 0.3}})
    for beginning in (b"", b"\x16\x03\x01"):
      connection = gateway.connect()
      connection.sendall(beginning)
      self.assertEqual(read_all(connection), b"")

  def test_the_answer_ends_with_close_notify(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    connection = self.context().wrap_socket(gateway.connect(), server_hostname="api.example.com",
                                            suppress_ragged_eofs=False)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    self.assertIn(b"fine", read_all(connection))  # A ragged end would raise.

  def test_a_request_that_is_cut_is_not_taken_for_whole(self):
    upstream = self.upstream(lambda head, _: ok(), reads_bodies=True)
    gateway = self.secured(service(upstream.port), certificates=self.certificates())
    connection = self.open(gateway)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    wait_until(lambda: upstream.heads, "the request at the upstream")
    connection.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: upstream.ended, "the end at the upstream")
    self.assertEqual(upstream.requests, [])

  def test_sessions_are_resumed_on_every_worker(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), workers=3, certificates=self.certificates())
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
      context = self.context()
      context.maximum_version = version
      first = self.open(gateway, context=context)
      self.ask(first)  # TLS 1.3 sends its tickets behind the handshake.
      session = first.session
      reused = []
      for _ in range(24):
        connection = self.open(gateway, context=context, session=session)
        self.ask(connection)
        reused.append(connection.session_reused)
      self.assertEqual(reused, [True] * 24, version)
    # Each worker has connections of its own to the upstream, of which requests one by one need one.
    self.assertEqual(len(upstream.streams), 3, "the workers that answered")

  def test_a_reload_changes_certificates_and_drops_no_connection(self):
    upstream = self.upstream(lambda head, _: ok())
    gateway = self.secured(service(upstream.port), certificates=[
        {"cert": self.wild[0], "key": self.wild[1], "snis": [{"name": "api.example.com"}]}])
    before = self.open(gateway)
    self.assertIn(b"200 OK", self.ask(before))
    gateway.reload({"services": [service(upstream.port)], "certificates": self.certificates()})
    self.assertIn(b"200 OK", self.ask(before))
    after = wait_until(lambda: self.uses_new(gateway), "the new certificate")
    self.assertIn(b"200 OK", self.ask(after))

  def uses_new(self, gateway):
    connection = self.open(gateway)
    return connection if ("DNS", "api.example.com") in connection.getpeercert()["subjectAltName"] else None


class Upstreams(TlsTest):
  """TLS towards upstreams: what is verified, and what is said when it fails."""

  def serve(self, pair, client_authority=None):
    """A server of TLS on a free port; its sockets after the handshake are in the list that it returns."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self.authority.files(pair, f"server{free_port()}"))
    if client_authority:
      context.verify_mode = ssl.CERT_REQUIRED
      context.load_verify_locations(client_authority)
    listening = socket.create_server(("127.0.0.1", 0))
    self.addCleanup(listening.close)
    seen = []

    def serve(connection):
      with contextlib.suppress(OSError, ssl.SSLError):
        secured = context.wrap_socket(connection, server_side=True)
        secured.resumed = secured.session_reused
        seen.append(secured)
        data = b""
        while True:
          more = secured.recv(65536)
          if not more:
            return
          data += more
          while b"\r\n\r\n" in data:
            _, _, data = data.partition(b"\r\n\r\n")
            secured.sendall(ok())

    def accept():
      with contextlib.suppress(OSError):
        while True:
          threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listening.getsockname()[1], seen

  def behind(self, port, **fields):
    identifier = "fd02801f-0957-4a15-a55a-c8d9606f30b5"
    return self.gateway(
        {"name": "s", "url": f"https://127.0.0.1:{port}", "retries": 0, "routes": [{"name": "r", "paths": ["/"]}],
         "ca_certificates": [identifier], **fields},
        ca_certificates=[{"id": identifier, "cert": self.authority.pem.read_text()}],
        certificates=[{"id": "0a02801f-0957-4a15-a55a-c8d9606f30b6", "cert": self.wild[0], "key": self.wild[1]}],
        gateway={"workers": 1})

  def test_a_certificate_for_the_right_name_is_accepted(self):
    port, seen = self.serve(self.authority.issue("local", "IP:127.0.0.1"))
    gateway = self.behind(port)
    client = gateway.client()
    for _ in range(3):
      self.assertEqual(client.get().body, b"fine")
    self.assertEqual(len(seen), 1, "the connection is kept")

  def refused(self, gateway, why):
    self.assertEqual(gateway.client().get().status, 502)
    line = gateway.log_lines(1)[0]
    self.assertEqual(line["error"], "tls_failed")
    self.assertIn(why, line["error_detail"])

  def test_the_error_says_which_check_failed(self):
    right = self.authority.issue("local", "IP:127.0.0.1")
    with self.subTest("name"):
      self.refused(self.behind(self.serve(self.exact)[0]), "IP address mismatch")
    with self.subTest("authority"):
      self.refused(self.behind(self.serve(right)[0], ca_certificates=None), "local issuer certificate")
    with self.subTest("expired"):
      expired = self.authority.issue("local", "IP:127.0.0.1", days=0)
      self.refused(self.behind(self.serve(expired)[0]), "certificate has expired")
    with self.subTest("names"):
      self.refused(self.behind(self.serve(right)[0], tls_sans=["api.example.com"]), "ostname mismatch")

  def test_a_listed_name_is_enough(self):
    port, _ = self.serve(self.exact)
    self.assertEqual(self.behind(port, tls_sans=["other.test", "api.example.com"]).client().get().body, b"fine")

  def test_verification_can_be_turned_off(self):
    port, _ = self.serve(self.exact)
    self.assertEqual(self.behind(port, tls_verify=False).client().get().body, b"fine")

  def test_a_server_without_tls_is_no_upstream(self):
    with socket.create_server(("127.0.0.1", 0)) as plain:

      def answer():
        connection, _ = plain.accept()
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()

      threading.Thread(target=answer, daemon=True).start()
      self.refused(self.behind(plain.getsockname()[1]), "wrong version number")

  def test_the_client_certificate_is_shown(self):
    right = self.authority.issue("local", "IP:127.0.0.1")
    port, seen = self.serve(right, client_authority=str(self.authority.pem))
    gateway = self.behind(port, client_certificate={"id": "0a02801f-0957-4a15-a55a-c8d9606f30b6"})
    self.assertEqual(gateway.client().get().body, b"fine")
    self.assertIn(("DNS", "*.example.com"), seen[0].getpeercert()["subjectAltName"])
    without = self.behind(port)
    self.assertEqual(without.client().get().status, 502)

  def test_an_upstream_shows_its_certificate_where_the_service_has_none(self):
    """Each certificate has connections of its own, also where a plugin leads to another upstream."""
    port, seen = self.serve(self.authority.issue("local", "IP:127.0.0.1"), client_authority=str(self.authority.pem))
    pairs = {"of-first": self.authority.issue("of-first"), "of-second": self.authority.issue("of-second"),
             "of-service": self.authority.issue("of-service")}
    ids = {name: f"0a02801f-0957-4a15-a55a-c8d9606f30b{i}" for i, name in enumerate(pairs)}
    identifier = "fd02801f-0957-4a15-a55a-c8d9606f30b5"
    upstreams = [{"name": name, "targets": [{"target": f"127.0.0.1:{port}"}], **({
        "client_certificate": {"id": ids[f"of-{name}"]}} if name != "bare" else {})}
                 for name in ("first", "second", "bare")]
    rules = [{"condition": {"x-to": name}, "upstream_name": name} for name in ("second", "bare")]
    services = [{"name": name, "host": "first", "protocol": "https", "retries": 0, "ca_certificates": [identifier],
                 "routes": [{"name": name, "paths": [f"/{name}"]}],
                 "plugins": [{"name": "route-by-header", "config": {"rules": rules}}], **more}
                for name, more in (("plain", {}), ("own", {"client_certificate": {"id": ids["of-service"]}}))]
    gateway = self.gateway(*services, upstreams=upstreams, gateway={"workers": 1}, certificates=[
        {"id": ids[name], "cert": pair[0], "key": pair[1]} for name, pair in pairs.items()],
                           ca_certificates=[{"id": identifier, "cert": self.authority.pem.read_text()}])
    client = gateway.client()
    for _ in range(2):
      for path, to, status in (("/plain", "", 200), ("/plain", "second", 200), ("/plain", "bare", 502),
                               ("/own", "", 200), ("/own", "second", 200)):
        self.assertEqual(client.get(path, fields=f"x-to: {to}\r\n" if to else "").status, status, (path, to))
    shown = [connection.getpeercert()["subjectAltName"][0][1] for connection in seen]
    self.assertEqual(shown, ["of-first", "of-second", "of-service"])

  def test_sessions_are_used_again(self):
    port, seen = self.serve(self.authority.issue("local", "IP:127.0.0.1"))
    gateway = self.behind(port)
    client = gateway.client()
    for _ in range(3):
      self.assertEqual(client.get().body, b"fine")
      count = len(seen)
      seen[-1].close()
      wait_until(lambda count=count: client.get().body == b"fine" and len(seen) > count, "a new connection")
    self.assertEqual([each.resumed for each in seen], [False] + [True] * (len(seen) - 1))


if __name__ == "__main__":
  unittest.main()
