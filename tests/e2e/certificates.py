"""Keys and certificates for tests, made by the openssl command line, and a client that is slow with them."""

import pathlib
import socket
import ssl
import subprocess

KINDS = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}


class Authority:
  """Issues certificates in a folder of a test; keeps its own in `pem`."""

  def __init__(self, folder, name="authority"):
    self.folder = pathlib.Path(folder)
    self.pem, self.key = self._request(name, "ec", [], ["-x509", "-days", "30"])
    self.serial = 0

  def _request(self, name, kind, names, more):
    key, out = self.folder / f"{name}.key", self.folder / f"{name}.pem"
    self.run("req", "-newkey", *KINDS[kind], "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", out, *more,
             *(["-addext", "subjectAltName=" + ",".join(names)] if names else []))
    return out, key

  @staticmethod
  def run(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

  def issue(self, name, *names, kind="ec", days=30, extensions=()):
    """(certificate, key) as texts; `names` as in subjectAltName, "DNS:name" by default; `extensions` as lines of
    openssl's configuration."""
    self.serial += 1
    file = f"{name.replace('*', 'any')}-{kind}-{self.serial}"
    request, key = self._request(file, kind, [], [])
    names_file = self.folder / f"{file}.names"
    names_file.write_text("subjectAltName=" + ",".join(names or [f"DNS:{name}"]) + "\n" + "\n".join(extensions),
                          encoding="utf-8")
    out = self.folder / f"{file}.crt"
    self.run("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-set_serial", 1000 + self.serial,
             "-extfile", names_file, "-out", out, *(["-days", days] if days > 0 else ["-days", "-1"]))
    return out.read_text(), key.read_text()

  def ocsp(self, certificate, name, revoked=False, **signer):
    """The path of a response, good for an hour, about a certificate that this authority issued."""
    file, request, response = (self.folder / f"{name}.{kind}" for kind in ("ocsp.crt", "ocsp.req", "ocsp.der"))
    file.write_text(certificate, encoding="utf-8")
    self.run("ocsp", "-issuer", self.pem, "-cert", file, "-reqout", request)
    serial = subprocess.run(["openssl", "x509", "-in", file, "-noout", "-serial"], check=True, capture_output=True,
                            text=True).stdout.strip().removeprefix("serial=")
    index = self.folder / f"{name}.index"
    state = "R\t300101000000Z\t250101000000Z" if revoked else "V\t300101000000Z\t"
    index.write_text(f"{state}\t{serial}\tunknown\t/CN={name}\n", encoding="utf-8")
    self.run("ocsp", "-index", index, "-CA", self.pem, "-rsigner", signer.get("pem", self.pem), "-rkey",
             signer.get("key", self.key), "-reqin", request, "-respout", response, "-nmin", "60")
    return response

  def intermediate(self, name):
    """An authority that this one vouches for."""
    pair = self.issue(name, extensions=["basicConstraints=critical,CA:TRUE"])
    child = Authority.__new__(Authority)
    child.folder, child.serial = self.folder, self.serial * 100
    child.pem, child.key = map(pathlib.Path, self.files(pair, name))
    return child

  def files(self, pair, name):
    """Writes a pair to files; (certificate, key) as paths."""
    certificate, key = self.folder / f"{name}.used.crt", self.folder / f"{name}.used.key"
    certificate.write_text(pair[0], encoding="utf-8")
    key.write_text(pair[1], encoding="utf-8")
    return str(certificate), str(key)


class ByteByByte:
  """A client of TLS whose every byte is a segment of its own."""

  def __init__(self, connection, context, server_name):
    self.connection, self.incoming, self.outgoing = connection, ssl.MemoryBIO(), ssl.MemoryBIO()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=server_name)

  def run(self, step):
    """What `step` returns at last: a function that calls self.tls once."""
    while True:
      try:
        result = step()
      except ssl.SSLWantReadError:
        result = None
      for byte in self.outgoing.read():
        self.connection.sendall(bytes([byte]))
      if result is not None:
        return result
      more = self.connection.recv(65536)
      if not more:
        raise ConnectionError("closed")
      self.incoming.write(more)

  def ask(self, host):
    """The beginning of the answer to a GET."""
    self.run(lambda: self.tls.do_handshake() or True)
    self.run(lambda: self.tls.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()))
    return self.run(lambda: self.tls.read(65536))
