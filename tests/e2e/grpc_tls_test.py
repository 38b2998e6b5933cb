"""gRPC with TLS on each side of the gateway, with grpcio's secure channels and servers."""

import concurrent.futures
import tempfile
import unittest

import grpc

from certificates import Authority
from grpc_test import SERVICE, Echo
from support import PATIENCE, GatewayTest

CA = "fd02801f-0957-4a15-a55a-c8d9606f30b5"
NAME = "calls.test"


class GrpcTlsTest(GatewayTest):

  @classmethod
  def setUpClass(cls):
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.authority, cls.other = Authority(folder.name), Authority(folder.name, "other")
    cls.of_server, cls.of_gateway = cls.authority.issue("server", "IP:127.0.0.1"), cls.authority.issue(NAME)

  def setUp(self):
    self.echo = Echo()

  def serve(self, secure=True):
    """The port of a server of the calls."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[self.echo])
    if secure:
      certificate, key = self.of_server
      port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key.encode(), certificate.encode())]))
    else:
      port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    self.addCleanup(lambda: server.stop(0))
    return port

  def behind(self, url, listener, authority=None, **route):
    certificate, key = self.of_gateway
    verified = {"ca_certificates": [CA]} if url.startswith("grpcs") else {}
    return self.gateway(
        {"name": "calls", "url": url, "retries": 0, **verified,
         "routes": [{"name": "calls", "protocols": ["grpc", "grpcs"], "paths": [f"/{SERVICE}/"], **route}]},
        ca_certificates=[{"id": CA, "cert": (authority or self.authority).pem.read_text()}],
        certificates=[{"cert": certificate, "key": key, "snis": [{"name": NAME}]}],
        gateway={"workers": 1}, listener=listener)

  def secure_channel(self, gateway, authority=None):
    credentials = grpc.ssl_channel_credentials((authority or self.authority).pem.read_bytes())
    channel = grpc.secure_channel(f"127.0.0.1:{gateway.port}", credentials,
                                  options=[("grpc.ssl_target_name_override", NAME)])
    self.addCleanup(channel.close)
    return channel

  def plain_channel(self, gateway):
    channel = grpc.insecure_channel(f"127.0.0.1:{gateway.port}")
    self.addCleanup(channel.close)
    return channel

  def check(self, channel):
    """A call, a stream each way, and a failure, with all that comes beside messages."""
    answer, call = channel.unary_unary(f"/{SERVICE}/Unary").with_call(b"hello", metadata=[("x-mine", "3")],
                                                                      timeout=PATIENCE)
    self.assertEqual((answer, call.code()), (b"hello", grpc.StatusCode.OK))
    self.assertEqual(self.echo.metadata[-1]["x-mine"], "3")
    self.assertEqual(dict(call.initial_metadata())["x-begin"], "1")
    self.assertEqual(dict(call.trailing_metadata())["x-end"], "2")

    self.assertEqual(list(channel.unary_stream(f"/{SERVICE}/Server")(b"300", timeout=PATIENCE)),
                     [b"%d" % i for i in range(300)])
    both = channel.stream_stream(f"/{SERVICE}/Both")(iter([b"a" * 100_000, b"b"]), timeout=PATIENCE)
    self.assertEqual(list(both), [b"A" * 100_000, b"B"])

    failed = self.failure(channel, "Fail")
    self.assertEqual((failed.code(), failed.details()), (grpc.StatusCode.NOT_FOUND, "no such thing: \u00e9"))

  def failure(self, channel, method):
    with self.assertRaises(grpc.RpcError) as raised:
      channel.unary_unary(f"/{SERVICE}/{method}")(b"", timeout=PATIENCE)
    return raised.exception


class ToUpstreams(GrpcTlsTest):

  def test_a_grpcs_upstream_is_called_over_tls(self):
    gateway = self.behind(f"grpcs://127.0.0.1:{self.serve()}", {"h2c": True})
    self.check(self.plain_channel(gateway))

  def test_one_whose_certificate_is_not_verified_is_unavailable(self):
    gateway = self.behind(f"grpcs://127.0.0.1:{self.serve()}", {"h2c": True}, self.other)
    failed = self.failure(self.plain_channel(gateway), "Unary")
    self.assertEqual(failed.code(), grpc.StatusCode.UNAVAILABLE)
    self.assertEqual(self.echo.metadata, [])
    line = gateway.log_lines(1)[0]
    self.assertEqual(line["error"], "tls_failed")
    self.assertIn("local issuer certificate", line["error_detail"])

  def test_one_without_tls_is_unavailable(self):
    gateway = self.behind(f"grpcs://127.0.0.1:{self.serve(secure=False)}", {"h2c": True})
    self.assertEqual(self.failure(self.plain_channel(gateway), "Unary").code(), grpc.StatusCode.UNAVAILABLE)
    self.assertEqual(gateway.log_lines(1)[0]["error"], "tls_failed")


class FromClients(GrpcTlsTest):

  def test_clients_call_over_tls(self):
    gateway = self.behind(f"grpc://127.0.0.1:{self.serve(secure=False)}", {"tls": {}})
    self.check(self.secure_channel(gateway))
    self.assertTrue(all(line["request"]["tls"]["version"] == "TLSv1.3" for line in gateway.log_lines(4)))

  def test_clients_that_do_not_know_the_gateways_authority_do_not_call(self):
    gateway = self.behind(f"grpc://127.0.0.1:{self.serve(secure=False)}", {"tls": {}})
    failed = self.failure(self.secure_channel(gateway, self.other), "Unary")
    self.assertEqual((failed.code(), self.echo.metadata), (grpc.StatusCode.UNAVAILABLE, []))

  def test_refusals_of_the_gateway_are_statuses_over_tls_too(self):
    gateway = self.behind(f"grpc://127.0.0.1:{self.serve(secure=False)}", {"tls": {}}, plugins=[{"name": "key-auth"}])
    failed = self.failure(self.secure_channel(gateway), "Unary")
    self.assertEqual((failed.code(), failed.details()),
                     (grpc.StatusCode.UNAUTHENTICATED, "No API key found in request"))
    self.assertEqual(self.echo.metadata, [])


class BothSides(GrpcTlsTest):

  def test_calls_pass_with_tls_on_both_sides(self):
    gateway = self.behind(f"grpcs://127.0.0.1:{self.serve()}", {"tls": {}})
    self.check(self.secure_channel(gateway))


if __name__ == "__main__":
  unittest.main()
