"""OCSP responses that come with a certificate: who gets which, and what `sluice check` says of those that are wrong."""

import datetime
import json
import re
import subprocess
import tempfile
import unittest

from certificates import Authority
from support import BINARY, PATIENCE, GatewayTest, ok, service, wait_until


class OcspTest(GatewayTest):

  @classmethod
  def setUpClass(cls):
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.authority = Authority(folder.name)
    cls.stranger = Authority(folder.name, "stranger")
    cls.ec = cls.authority.issue("api.example.com")
    cls.rsa = cls.authority.issue("api.example.com", kind="rsa")
    cls.ec_response = cls.authority.ocsp(cls.ec[0], "ec")
    cls.rsa_response = cls.authority.ocsp(cls.rsa[0], "rsa")

  def certificate(self, with_chain=False, **fields):
    chain = self.authority.pem.read_text() if with_chain else ""
    return {"cert": self.ec[0] + chain, "key": self.ec[1], "snis": [{"name": "api.example.com"}], **fields}

  def started(self, **fields):
    upstream = self.upstream(lambda head, _: ok())
    return self.gateway(service(upstream.port), gateway={"workers": 1}, listener={"tls": {}},
                        certificates=[self.certificate(**fields)])

  def status(self, gateway, *more, name="api.example.com"):
    """What `openssl s_client` says of the response: the serial number that it is about, or None."""
    said = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", name,
                           "-status", "-CAfile", self.authority.pem, *more], input=b"", capture_output=True,
                          timeout=PATIENCE, check=False).stdout.decode("latin-1")
    if "OCSP response: no response sent" in said:
      return None
    self.assertIn("OCSP Response Status: successful", said)
    self.assertIn("Cert Status: good", said)
    return int(re.search(r"Serial Number: (\w+)", said).group(1), 16)

  def check(self, **fields):
    """What `sluice check` says, and whether it accepts the file."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
      json.dump({"_format_version": "3.0", "certificates": [self.certificate(**fields)]}, file)
      file.flush()
      done = subprocess.run([BINARY, "check", file.name], capture_output=True, timeout=PATIENCE, check=False)
    return done.returncode == 0, (done.stdout + done.stderr).decode()

  def with_times(self, since, until, name="changed"):
    """The response with other times; its signature fits no more, which nobody sees without the issuer."""
    der = self.ec_response.read_bytes()
    times = re.findall(rb"\x18\x0f(\d{14}Z)", der)
    changed = [f"{time:%Y%m%d%H%M%SZ}".encode() for time in (since, until)]
    for old, new in ((times[-2], changed[0]), (times[-1], changed[1])):
      at = der.rindex(b"\x18\x0f" + old)
      der = der[:at + 2] + new + der[at + 17:]
    file = self.authority.folder / f"{name}.der"
    file.write_bytes(der)
    return f"file:{file}"


class Stapling(OcspTest):

  def test_each_kind_of_key_has_its_own_response(self):
    gateway = self.started(ocsp=f"file:{self.ec_response}", cert_alt=self.rsa[0], key_alt=self.rsa[1],
                           ocsp_alt=f"file:{self.rsa_response}")
    for version in ("-tls1_2", "-tls1_3"):
      self.assertEqual(self.status(gateway, version, "-sigalgs", "ECDSA+SHA256"), 1001)
      self.assertEqual(self.status(gateway, version, "-sigalgs", "RSA+SHA256:rsa_pss_rsae_sha256"), 1002)
    self.assertIsNone(self.status(gateway, name="other.test"))
    seconds = re.search(r'sluice_ocsp_seconds_left\{sni="api.example.com"\} (\d+)\n', gateway.status("/metrics")[1])
    self.assertIn(int(seconds.group(1)), range(3000, 3601))

  def test_one_of_two_may_be_without(self):
    gateway = self.started(ocsp=f"file:{self.ec_response}", cert_alt=self.rsa[0], key_alt=self.rsa[1])
    self.assertEqual(self.status(gateway, "-sigalgs", "ECDSA+SHA256"), 1001)
    self.assertIsNone(self.status(gateway, "-sigalgs", "RSA+SHA256:rsa_pss_rsae_sha256"))

  def test_the_file_is_read_again_with_each_load(self):
    file = self.authority.folder / "renewed.der"
    file.write_bytes(self.ec_response.read_bytes())
    gateway = self.started(with_chain=True, ocsp=f"file:{file}")
    self.assertEqual(self.status(gateway), 1001)
    file.write_bytes(self.rsa_response.read_bytes())
    gateway.signal(1)
    wait_until(lambda: gateway.configuration()["reloads_failed"] == 1, "the refused reload")
    self.assertIn("must be about the certificate beside it", gateway.configuration()["last_problem"])
    self.assertEqual(self.status(gateway), 1001)
    file.write_bytes(self.authority.ocsp(self.ec[0], "revoked", revoked=True).read_bytes())
    gateway.signal(1)
    wait_until(lambda: gateway.configuration()["reloads"] == 1, "the reload")
    wait_until(lambda: self.status(gateway) is None, "no response")

  def test_a_response_ends_while_the_node_runs(self):
    now = datetime.datetime.now(datetime.timezone.utc)
    ends = now + datetime.timedelta(seconds=5)
    gateway = self.started(ocsp=self.with_times(now, ends, "short"))
    wait_until(lambda: self.status(gateway) is None, "the end of the response")
    self.assertGreaterEqual(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1), ends)
    self.assertIn('sluice_ocsp_seconds_left{sni="api.example.com"} 0\n', gateway.status("/metrics")[1])


class Checks(OcspTest):

  def test_what_is_right_is_accepted_in_silence(self):
    for with_chain in (False, True):
      accepted, said = self.check(with_chain=with_chain, ocsp=f"file:{self.ec_response}")
      self.assertTrue(accepted, said)
      self.assertNotIn("ocsp", said)

  def test_mistakes_are_errors(self):
    forged = self.authority.ocsp(self.ec[0], "forged", pem=self.stranger.pem, key=self.stranger.key)
    now = datetime.datetime.now(datetime.timezone.utc)
    for fields, why in (
        ({"ocsp": f"file:{self.rsa_response}"}, "must be about the certificate beside it"),
        ({"ocsp": f"file:{self.rsa_response}", "with_chain": True}, "must be about the certificate beside it"),
        ({"ocsp": f"file:{forged}", "with_chain": True}, "must be signed by the issuer of the certificate"),
        ({"ocsp": self.with_times(now, now), "with_chain": True}, "must be signed by the issuer of the certificate"),
        ({"ocsp": f"file:{self.authority.pem}"}, "must be a successful response of OCSP in DER"),
        ({"ocsp": "file:/nowhere"}, "must name a readable file of DER"),
        ({"ocsp": "MIIB"}, 'must be a string that starts with "file:"'),
        ({"ocsp_alt": f"file:{self.rsa_response}"}, 'must not be given without "cert_alt"')):
      with self.subTest(why=why):
        accepted, said = self.check(**fields)
        self.assertFalse(accepted)
        self.assertIn(why, said)

  def test_what_ends_by_itself_is_a_warning(self):
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    revoked = self.authority.ocsp(self.ec[0], "revoked", revoked=True)
    for file, why in ((self.with_times(now - 2 * day, now - day), "has expired: it is not stapled"),
                      (f"file:{revoked}", "says that the certificate is revoked or unknown: it is not stapled")):
      accepted, said = self.check(ocsp=file)
      self.assertTrue(accepted, said)
      self.assertIn(why, said)

  def test_a_responder_that_the_issuer_appointed_may_sign(self):
    delegate = self.authority.issue("responder", extensions=["extendedKeyUsage=OCSPSigning"])
    pem, key = self.authority.files(delegate, "responder")
    response = self.authority.ocsp(self.ec[0], "delegated", pem=pem, key=key)
    accepted, said = self.check(with_chain=True, ocsp=f"file:{response}")
    self.assertTrue(accepted, said)
    self.assertNotIn("ocsp", said)


if __name__ == "__main__":
  unittest.main()
