"""RFC 9113 §8 and RFC 7541 as rows: what makes a request of HTTP, and what makes a section of HPACK."""

from h2_rules import (COMPRESSION, PROTOCOL, STREAM_CLOSED, Rule, answered, at_upstream, block, connection_error, head,
                      refused_message, served, setting, stream_error, upload)
from h2_wire import ACK, DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, frame, literal, request_block


def pseudo(*names):
  """A section of the given pseudo fields alone."""
  values = {":method": "GET", ":scheme": "http", ":path": "/", ":authority": "h"}
  return b"".join(literal(name, values[name]) for name in names)


def row(section, what, *fields, **pseudo_fields):
  """A head that is no request."""
  return Rule(section, what, (head(1, *fields, **pseudo_fields),), refused_message())


def trailers(*fields):
  return frame(HEADERS, END_HEADERS | END_STREAM, 1, b"".join(literal(name, value) for name, value in fields))


MESSAGES = (
    Rule("8.1", "a second head that does not end the stream",
         (upload(), at_upstream(), frame(DATA, 0, 1, b"x"), frame(HEADERS, END_HEADERS, 1, literal("a", "b"))),
         stream_error(PROTOCOL)),
    Rule("8.1", "trailers", (upload(), frame(DATA, 0, 1, b"x"), trailers(("x-check", "1"))), served()),
    Rule("8.1", "trailers without data", (upload(), trailers(("x-check", "1"))), served()),
    Rule("8.1", "a pseudo field in trailers", (upload(), at_upstream(), frame(DATA, 0, 1, b"x"),
                                               trailers((":path", "/evil"))), stream_error(PROTOCOL)),
    Rule("8.1", "an upper-case name in trailers", (upload(), at_upstream(), trailers(("X-Up", "1"))),
         stream_error(PROTOCOL)),
    Rule("8.1", "connection in trailers", (upload(), at_upstream(), trailers(("connection", "close"))),
         stream_error(PROTOCOL)),
    Rule("8.1", "data behind trailers", (upload(path="/held"), trailers(("x-check", "1")), frame(DATA, 0, 1, b"x")),
         connection_error(STREAM_CLOSED), "a stream error, which RFC 9113 §5.4.1 lets be one of the connection"),
    row("8.2.1", "an upper-case name", ("X-Upper", "1")),
    row("8.2.1", "a name with a space", ("a b", "1")),
    row("8.2.1", "a name with a colon inside", ("a:b", "1")),
    row("8.2.1", "an empty name", ("", "1")),
    row("8.2.1", "a name with DEL", ("a\x7f", "1")),
    row("8.2.1", "a name with a byte above 127", ("a\xe9", "1")),
    row("8.2.1", "a value with NUL", ("a", "b\0")),
    row("8.2.1", "a value with CR", ("a", "b\rc")),
    row("8.2.1", "a value with LF", ("a", "b\nc")),
    row("8.2.1", "a value that begins with a blank", ("a", " b")),
    row("8.2.1", "a value that ends with a tab", ("a", "b\t")),
    row("8.2.2", "connection", ("connection", "keep-alive")),
    row("8.2.2", "proxy-connection", ("proxy-connection", "keep-alive")),
    row("8.2.2", "keep-alive", ("keep-alive", "timeout=1")),
    row("8.2.2", "transfer-encoding", ("transfer-encoding", "chunked")),
    row("8.2.2", "upgrade", ("upgrade", "h2c")),
    row("8.2.2", "TE that is not trailers", ("te", "trailers, deflate;q=0.5")),
    Rule("8.2.2", "TE: trailers", (head(1, ("te", "trailers")),), served()),
    Rule("8.2.3", "cookies in pieces", (head(1, ("cookie", "a=1"), ("cookie", "b=2")),), served()),
    *(Rule("8.2.3", f"cookies in {count} pieces", (head(1, *(("cookie", f"a{i}=b") for i in range(count))),), served())
      for count in (180, 400)),
    Rule("8.2.3", "cookies in pieces beyond limits.header_bytes",
         (block(1, request_block() + b"\x1f\x11\3a=b" * 1700),), answered("431")),
    row("8.3", "a pseudo field behind others", ("a", "1"), (":scheme", "http")),
    row("8.3", "a pseudo field that nobody knows", (":test", "1")),
    row("8.3", "a pseudo field of answers", (":status", "200")),
    Rule("8.3.1", "no :method", (block(1, pseudo(":scheme", ":path", ":authority")),), refused_message()),
    Rule("8.3.1", "no :scheme", (block(1, pseudo(":method", ":path", ":authority")),), refused_message()),
    Rule("8.3.1", "no :path", (block(1, pseudo(":method", ":scheme", ":authority")),), refused_message()),
    Rule("8.3.1", "no :authority and no Host", (block(1, pseudo(":method", ":scheme", ":path")),), refused_message()),
    Rule("8.3.1", "Host in place of :authority",
         (block(1, pseudo(":method", ":scheme", ":path") + literal("host", "h")),), served()),
    row("8.3.1", "an empty :path", path=""),
    row("8.3.1", "an empty :method", method=""),
    row("8.3.1", "Host that contradicts :authority", ("host", "other")),
    row("8.3.1", ":authority with a user", authority="user@h"),
    row("8.3.1", "two :method", (":method", "GET")),
    row("8.3.1", "two :path", (":path", "/")),
    row("8.3.1", "two :scheme", (":scheme", "http")),
    row("8.3.1", "two :authority", (":authority", "h")),
    Rule("8.3.1", "OPTIONS *", (head(1, method="OPTIONS", path="*"),), answered("404"), "no route has that path"),
    row("8.3.1", "GET *", path="*"),
    Rule("8.5", "CONNECT with :path", (block(1, literal(":method", "CONNECT") + literal(":authority", "h:1") +
                                             literal(":path", "/"), END_HEADERS),), refused_message()),
    Rule("8.5", "CONNECT with :scheme", (block(1, literal(":method", "CONNECT") + literal(":authority", "h:1") +
                                               literal(":scheme", "http"), END_HEADERS),), refused_message()),
    Rule("8.5", "CONNECT without :authority", (block(1, literal(":method", "CONNECT"), END_HEADERS),),
         refused_message()),
    *(Rule("RFC 8441 4", f"a tunnel with a length of {length}",
           (block(1, pseudo(":scheme", ":path", ":authority") + literal(":method", "CONNECT") +
                  literal(":protocol", "websocket") + literal("content-length", length), END_HEADERS), *data),
           refused_message())
      for length, data in (("0", ()), ("5", (frame(DATA, 0, 1, b"hello"),)))),
    row("RFC 8441 4", ":protocol without CONNECT", (":protocol", "websocket")),
    row("8.1.1", "a length without data", ("content-length", "1")),
    Rule("8.1.1", "less data than the length says",
         (upload(1, ("content-length", "2")), frame(DATA, END_STREAM, 1, b"x")), stream_error(PROTOCOL)),
    Rule("8.1.1", "more data than the length says",
         (upload(1, ("content-length", "1")), frame(DATA, END_STREAM, 1, b"xy")), stream_error(PROTOCOL)),
    Rule("8.1.1", "more data in a second frame",
         (upload(1, ("content-length", "1")), frame(DATA, 0, 1, b"x"), frame(DATA, END_STREAM, 1, b"y")),
         stream_error(PROTOCOL)),
    Rule("8.1.1", "trailers before all the data", (upload(1, ("content-length", "2")), frame(DATA, 0, 1, b"x"),
                                                   trailers(("x-check", "1"))), stream_error(PROTOCOL)),
    row("8.1.1", "a length that is no number", ("content-length", "1x")),
    row("8.1.1", "two lengths", ("content-length", "0"), ("content-length", "1")),
    Rule("8.1.1", "the length that comes",
         (upload(1, ("content-length", "2")), frame(DATA, 0, 1, b"x"), frame(DATA, END_STREAM, 1, b"y")), served()),
)

# Of the static table: 2 is ":method: GET", 4 ":path: /", 6 ":scheme: http", 1 the name ":authority".
SHORT = b"\x82\x84\x86\x01\1h"
HUFFMAN_W = b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"  # RFC 7541 §C.4.1: www.example.com

COMPRESSED = (
    Rule("7541 6.1", "indexed fields", (block(1, SHORT),), served()),
    Rule("7541 6.2.1", "with indexing, a new name, then by its index",
         (block(1, SHORT + b"\x40\1a\1b"), block(3, SHORT + b"\xbe")), served(3)),
    Rule("7541 6.2.1", "with indexing, an indexed name",
         (block(1, b"\x82\x84\x86\x41\1h"), block(3, b"\x82\x84\x86\xbe")), served(3)),
    Rule("7541 6.2.2", "without indexing", (block(1, SHORT + b"\0\1a\1b"),), served()),
    Rule("7541 6.2.3", "never indexed", (block(1, SHORT + b"\x10\1a\1b"),), served()),
    Rule("7541 5.2", "Huffman's code", (block(1, b"\x82\x84\x86\x01\x8c" + HUFFMAN_W),), served()),
    Rule("7541 5.1", "an index in several bytes", (block(1, SHORT + b"\x0f\x1e\1b"),), served()),
    Rule("7541 6.3", "a smaller table", (block(1, b"\x20" + SHORT), block(3, b"\x3f\xe1\x1f" + SHORT)), served(3)),
    Rule("7541 4.2", "two changes of the table's size", (block(1, b"\x20\x3f\xe1\x1f" + SHORT),), served()),
    Rule("7541 4.2", "an entry that is larger than the table empties it",
         (block(1, b"\x3f\x01" + SHORT + b"\x40\1a\x28" + b"v" * 40), block(3, SHORT)), served(3)),
    Rule("7541 4.2", "a change of the table's size at the end of a section", (block(1, SHORT + b"\x20"),),
         connection_error(COMPRESSION)),
    Rule("7541 2.3.3", "an index above both tables", (block(1, SHORT + b"\xff\x80\x01"),),
         connection_error(COMPRESSION)),
    Rule("7541 2.3.3", "the first index of an empty table", (block(1, SHORT + b"\xbe"),),
         connection_error(COMPRESSION)),
    Rule("7541 2.3.3", "a name of an index above both tables", (block(1, SHORT + b"\x7f\x80\x01\1v"),),
         connection_error(COMPRESSION)),
    Rule("7541 6.1", "index 0", (block(1, SHORT + b"\x80"),), connection_error(COMPRESSION)),
    Rule("7541 5.2", "padding of more than seven bits",
         (block(1, b"\x82\x84\x86\x01\x8d" + HUFFMAN_W + b"\xff"),), connection_error(COMPRESSION)),
    Rule("7541 5.2", "padding of zeros", (block(1, b"\x82\x84\x86\x01\x8c" + HUFFMAN_W[:-1] + b"\x80"),),
         connection_error(COMPRESSION)),
    Rule("7541 5.2", "the code of the end of a string", (block(1, b"\x82\x84\x86\x01\x90" + HUFFMAN_W + b"\xff" * 4),),
         connection_error(COMPRESSION)),
    Rule("7541 5.1", "a number without an end", (block(1, SHORT + b"\xff" + b"\x80" * 20),),
         connection_error(COMPRESSION)),
    Rule("7541 5.2", "a string that is longer than its section", (block(1, SHORT + b"\0\x7f\xff\xff\x7f"),),
         connection_error(COMPRESSION)),
    Rule("7541 6.3", "a table larger than the settings allow", (block(1, b"\x3f\xe2\x1f" + SHORT),),
         connection_error(COMPRESSION)),
    Rule("7541 4.2", "our own table is no larger than the default, whatever the peer allows",
         (setting((1, 0xffffffff)), block(1, SHORT)), served()),
    Rule("7541 4.2", "our own table is empty where the peer allows none",
         (setting((1, 0)), lambda client: client.until(lambda kind, flags, *_: kind == SETTINGS and flags & ACK),
          block(1, SHORT), block(3, SHORT)), served(3)),
)
