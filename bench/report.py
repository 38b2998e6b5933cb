"""Tables of the benchmark: medians, and medians of per-round ratios, as text and as Markdown."""

import statistics

SIZE_NAMES = {128: "128 B", 16384: "16 KiB", 1048576: "1 MiB"}

COLUMNS = ("proxy", "CPU ns/request", "x floor", "x nginx", "requests/s", "p50 us", "p50 x nginx", "p99 us",
           "generator idle", "errors")


def size_name(size):
  return SIZE_NAMES.get(size, f"{size} B")


def median(rounds, key):
  return statistics.median(result[key] for result in rounds)


def ratio(rounds, others, key="cpu_ns"):
  """The median of per-round ratios: rounds of one run are comparable, medians of a drifting host are not."""
  pairs = [mine[key] / other[key] for mine, other in zip(rounds, others) if other[key]]
  return statistics.median(pairs) if pairs else None


def difference(rounds, others, key="cpu_ns"):
  return statistics.median(mine[key] - other[key] for mine, other in zip(rounds, others))


def log_costs(with_log, without):
  """Lines that say what the access log costs, and whether its goal is met: what a worker has to do for it."""
  worker = difference(with_log, without, "worker_cpu_ns")
  process = difference(with_log, without)
  return [f"access log, worker thread: {worker:+.0f} ns a request (median of per-round differences), goal +300: "
          f"{'met' if worker <= 300 else 'MISSED'}",
          f"access log, whole process: {process:+.0f} ns a request, with the thread that makes and writes the lines"
          ], worker <= 300


def shown(value, digits=2):
  return "-" if value is None else f"{value:,.{digits}f}"


def rows_of(results):
  """One row of texts for each proxy of one size; `results` is {proxy: [round, ...]}."""
  floor = results.get("relay", [])
  nginx = results.get("nginx", [])
  return [(name, shown(median(rounds, "cpu_ns"), 0), shown(ratio(rounds, floor)), shown(ratio(rounds, nginx)),
           shown(median(rounds, "rps"), 0), shown(median(rounds, "p50_us"), 0),
           shown(ratio(rounds, nginx, "p50_us")), shown(median(rounds, "p99_us"), 0),
           shown(median(rounds, "gen_idle")), str(int(sum(result["errors"] for result in rounds))))
          for name, rounds in results.items() if rounds]


def table(results):
  """A Markdown table whose columns are also aligned for a terminal."""
  rows = [COLUMNS, *rows_of(results)]
  widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
  def line(row):
    cells = [cell.ljust(width) if column == 0 else cell.rjust(width)
             for column, (cell, width) in enumerate(zip(row, widths))]
    return "| " + " | ".join(cells) + " |"
  rule = "|" + "|".join("-" * (width + 1) + (":" if column else "-")
                        for column, width in enumerate(widths)) + "|"
  return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


def goals(congestion_control, clients):
  """What Sluice must reach: {size: (x floor, x nginx)}, on a bare route without a log."""
  if clients == "websocket":
    return {128: (1.05, None), 16384: (1.05, None)}
  if clients == "tls":
    return {128: (None, 0.75), 16384: (None, 0.54), 1048576: (None, 0.6)}
  large = 0.36 if congestion_control == "bbr" else 0.22
  return {128: (1.12, 0.75), 16384: (1.12, 0.65), 1048576: (1.05, large)}


def disturbed(results):
  """The smallest share of its CPU that a saturated proxy had in the median, or None when all had theirs."""
  shares = [statistics.median(result["cpu_ns"] * result["rps"] / 1e9 for result in rounds)
            for rounds in results.values() if rounds]
  return min(shares) if shares and min(shares) < 0.9 else None


def verdicts(size, results, congestion_control, clients="http"):
  """Lines that compare Sluice with its goals, and whether all are met. Nothing without Sluice or a goal."""
  limits = goals(congestion_control, clients).get(size)
  if not limits or not results.get("sluice"):
    return [], True
  lines = []
  met = True
  for other, limit in zip(("relay", "nginx"), limits):
    if limit is None or not results.get(other):
      continue
    value = ratio(results["sluice"], results[other])
    met = met and value <= limit
    lines.append(f"sluice at {size_name(size)}: {value:.2f} x {other}, goal {limit:.2f}: "
                 f"{'met' if value <= limit else 'MISSED'}")
  errors = int(sum(result["errors"] for result in results["sluice"]))
  if errors:
    lines.append(f"sluice at {size_name(size)}: {errors} errors, goal 0: MISSED")
  return lines, met and not errors
