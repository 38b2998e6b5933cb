"""The attack vectors of tests/vectors (README.md there) as bytes; tests/support/probes.h does the same for C++."""

import random
import re

from support import ROOT

VECTORS = ROOT / "tests" / "vectors"

GENERATED = {
    "<100 KB>": "A" * (100 << 10),
    "<64 KB>": "A" * (64 << 10),
    "<8000 B>": "A" * 8000,
    "<200 x A>": "A" * 200,
    "<1000 overlapping>": ",".join(f"{i}-" for i in range(1000)),
    "<1000 pairs>": "".join(f"k{i}=v; " for i in range(1000)) + "end=v",
    "<X-H-0..9999: value\\r\\n>": "".join(f"X-H-{i}: value\\r\\n" for i in range(10_000)),
}


def table(name):
  """The rows of a file of tests/vectors, without its first line."""
  text = (VECTORS / name).read_text(encoding="latin-1")
  return [line.split("\t") for line in text.splitlines()[1:]]


def unescaped(text):
  names = {"r": "\r", "n": "\n", "t": "\t", "0": "\0"}

  def byte(found):
    return chr(int(found[1][1:], 16)) if found[1][0] == "x" else names.get(found[1], found[1])

  return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", byte, text).encode("latin-1")


def probe_writes(text):
  """The bytes of each write of a row's payload: <...> stands for what is generated, ## for the next write."""
  if text == "<connect, send nothing>":
    return []
  if text == "<256 pseudo-random bytes>":
    return [random.Random(42).randbytes(256)]
  if "  (S = " in text:
    text, smuggled = text[:-1].split("  (S = ")
    smuggled = smuggled.replace("<small>", "5")
    size = f"{len(unescaped(smuggled)):x}"
    text = text.replace("<hex(len(S))>", size).replace("<len(hex)+2>", str(len(size) + 2))
    text = text.replace("\\r\\nS\\r\\n", f"\\r\\n{smuggled}\\r\\n")
  for mark, generated in GENERATED.items():
    text = text.replace(mark, generated)
  body = text.split(" ## ")[0].partition("\\r\\n\\r\\n")[2]
  for mark in ("<len(body)>", "<len(prefix)>"):
    text = text.replace(mark, str(len(unescaped(body))))
  if re.search(r"<[a-z]", text):
    raise AssertionError(f"a placeholder that is not known: {text}")
  return [unescaped(part) for part in text.split(" ## ")]
