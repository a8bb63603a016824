# SPDX-License-Identifier: BSD-2-Clause
"""One case: start its filters, load them in turn, check what they did, sum up."""

import glob
import json
import os
import shutil
import statistics
import subprocess

from mmtest.verify import Verifier
from mmtest.protocol import Message, parse_edit

import subjects
from cases import OPENDKIM

SAMPLES = 12


class Failed(Exception):
    """A filter did not do what it was asked; its figures would mean nothing."""


class Racer:
    """An entrant with its running filter and what was measured of it."""

    def __init__(self, entrant, load, filter_):
        self.entrant, self.load, self.filter = entrant, load, filter_
        self.sent = 0
        self.runs = []

    @property
    def signatures(self):
        return self.load.signatures if self.filter.signs else 0


def load_options(load, signatures):
    options = ["--size", load.size, "--sessions", load.sessions, "--recipients",
               load.recipients, "--campaigns", load.campaigns, "--domains", load.domains,
               "--per-session", load.per_session, "--signatures", signatures,
               "--domain", subjects.DOMAIN, "--json"]
    return [str(o) for o in options] + ["--untouched"] * load.untouched


def send(bench, racer, *more):
    """One run of the load generator; its JSON.  Failed when anything went wrong."""
    argv = [bench.program("load"), "--socket", f"unix:{racer.filter.socket}",
            *load_options(racer.load, racer.signatures), "--first", str(racer.sent),
            *[str(m) for m in more]]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    out = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    racer.sent += out.get("messages", 0)
    if done.returncode != 0:
        raise Failed(f"{racer.entrant.label}: {done.stdout.strip()} {done.stderr.strip()}\n"
                     f"{racer.filter.tail()}")
    return out


def warm_up(bench, racer):
    """A few messages, whose signatures are verified; then all campaigns or domains."""
    folder = os.path.join(racer.filter.run, "samples")
    os.makedirs(folder, exist_ok=True)
    first = send(bench, racer, "--messages", max(64, racer.load.sessions * 2),
                 "--sample", folder, "--samples", SAMPLES)
    if racer.signatures:
        verify(bench, folder, first["steps"], racer)
    many = max(racer.load.campaigns, racer.load.domains)
    if many > 1:
        send(bench, racer, "--messages", many * racer.load.warm)
    racer.filter.settle(racer.sent if not racer.load.untouched else 0)
    shutil.rmtree(folder)


def packets(path):
    with open(path, "rb") as f:
        data = f.read()
    while data:
        n = int.from_bytes(data[:4], "big")
        yield data[4:5], data[5:4 + n]
        data = data[4 + n:]


class AnyDomain(Verifier):
    """All domains below ours publish the same keys."""

    def _txt(self, name, timeout=5):
        name = name if isinstance(name, bytes) else name.encode()
        selector, _, _ = name.partition(b"._domainkey.")
        return super()._txt(selector + b"._domainkey." + subjects.DOMAIN.encode(), timeout)


def verify(bench, folder, steps, racer):
    """dkimpy over the sampled messages as they would be delivered."""
    verifier = AnyDomain(bench.keys.dns_file)
    leading_space = steps & 0x100000
    sent = glob.glob(f"{folder}/*.sent")
    if not sent:
        raise Failed(f"{racer.entrant.label}: no samples")
    for path in sent:
        # Without SMFIP_HDR_LEADSPC the MTA supplies the space behind the colon.
        space = b"" if leading_space else b" "
        message = Message()
        for command, data in packets(path):
            if command == b"L":
                name, value = data.split(b"\0")[:2]
                message.fields.append((name, space + value))
            elif command == b"B":
                message.body += data
        edits = []
        for command, data in packets(path[:-4] + "got"):
            if command in b"ihm":
                edits.append(parse_edit(command, data))
                edits[-1].value = space + edits[-1].value
        # As Postfix does it: rspamd inserts where Sendmail would put it elsewhere.
        message.fields = message._renumbering(edits)
        found = verifier.dkimpy(message.delivered())
        if len(found) != racer.signatures or any(verdict for _, _, verdict in found):
            raise Failed(f"{racer.entrant.label}: signatures of {path}: {found}")


def bare(bench, load, seconds, threads=1):
    """Microseconds of each signature and of the hash; operations a second."""
    argv = [bench.program("floor"), "--size", str(load.size), "--seconds", str(seconds),
            "--threads", str(threads)]
    for kind in load.keys:
        argv += ["--key", bench.key(kind)]
    return json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)


def run_once(bench, racer):
    before, threads = racer.filter.cpu_s(), racer.filter.threads_cpu_s()
    out = send(bench, racer, "--seconds", bench.seconds)
    racer.filter.settle(out["messages"] if not racer.load.untouched else 0)
    after = racer.filter.threads_cpu_s()
    out["cpu_us"] = (racer.filter.cpu_s() - before) * 1e6 / out["messages"]
    out["threads_us"] = {name: (spent - threads.get(name, 0)) * 1e6 / out["messages"]
                         for name, spent in after.items()}
    racer.runs.append(out)


def start(bench, case):
    """(running racers, {label: why it does not take part})."""
    racers, absent = [], {}
    try:
        for entrant in case.entrants:
            if bench.only and entrant.kind not in bench.only:
                continue
            load = entrant.load(case.load)
            try:
                run = bench.scratch.dir(bench.unique(entrant.kind))
                filter_ = subjects.KINDS[entrant.kind](bench, load, run)
                filter_.start()
            except subjects.Unfit as e:
                absent[entrant.label] = str(e)
                continue
            racers.append(Racer(entrant, load, filter_))
    except BaseException:
        stop(racers)
        raise
    return racers, absent


def stop(racers):
    for racer in racers:
        racer.filter.stop()


def measure(bench, case):
    """All about one case, as values for JSON."""
    racers, absent = start(bench, case)
    floors = []
    try:
        for racer in racers:
            warm_up(bench, racer)
        for repetition in range(bench.repeat):
            # The bare signature before and after, so that both see the same machine.
            parts = [bare(bench, case.load, 0.2)] if case.floor else []
            for racer in racers:
                bench.progress(f"{case.name}: {repetition + 1}/{bench.repeat} "
                               f"{racer.entrant.label}")
                run_once(bench, racer)
            if case.floor:
                parts.append(bare(bench, case.load, 0.2))
                floors.append({kind: (parts[0][kind]["cpu_us"] + parts[1][kind]["cpu_us"]) / 2
                               for kind in (*case.load.keys, "sha256")})
        peaks = {r.entrant.label: r.filter.peak_kb() for r in racers}
    finally:
        stop(racers)
    return sum_up(case, racers, absent, floors, peaks)


def median(values):
    return statistics.median(values) if values else None


def spread(values):
    return [min(values), max(values)]


def ratio(ours, theirs):
    """Of figures measured in the same round each; the median of the ratios."""
    return median([a / b for a, b in zip(ours, theirs)]) if theirs else None


def sum_up(case, racers, absent, floors, peaks):
    cpu = {r.entrant.label: [run["cpu_us"] for run in r.runs] for r in racers}
    floor = []
    null = [r for r in racers if r.entrant.kind == "null"]
    if case.floor and null:
        floor = [run["cpu_us"] + sum(f[kind] for kind in case.load.keys)
                 + f["sha256"] for run, f in zip(null[0].runs, floors)]
    out = {"case": case.name, "title": case.title, "load": vars(case.load),
           "absent": absent, "base": case.base, "entrants": {}}
    if floor:
        out["floor"] = {"cpu_us": median(floor), "spread": spread(floor), "parts": {
            "null": median(cpu[null[0].entrant.label]),
            **{k: median([f[k] for f in floors])
               for k in (*case.load.keys, "sha256")}}}
    for racer in racers:
        label = racer.entrant.label
        out["entrants"][label] = {
            "kind": racer.entrant.kind, "cpu_us": median(cpu[label]),
            "cpu_us_spread": spread(cpu[label]), "peak_kb": peaks[label],
            "to_floor": ratio(cpu[label], floor),
            "to_opendkim": ratio(cpu[label], cpu.get(OPENDKIM.label)),
            "to_base": ratio(cpu[label], cpu.get(case.base)),
            "messages": racer.sent, "runs": racer.runs,
            **{k: median([run[k] for run in racer.runs])
               for k in ("rate", "p50_us", "p99_us")}}
    return out


def signing_alone(bench, case):
    """Messages/s of metermark's signer without libmilter, with 1 and 2 threads."""
    program = bench.metermark("tests/bench/sign")
    run = bench.scratch.dir(bench.unique("sign"))
    config = os.path.join(run, "metermark.conf")
    with open(config, "w", encoding="ascii") as f:
        f.write(f'user = "daemon"\ndomain "{subjects.DOMAIN}" {{ key {{ selector = "r2026" '
                f'file = "{bench.key("rsa")}" }} }}\n')
    signer, alone = {"1": [], "2": []}, {"1": [], "2": []}
    for repetition in range(bench.repeat):
        for threads, found in signer.items():
            bench.progress(f"{case.name}: {repetition + 1}/{bench.repeat} {threads} threads")
            done = subprocess.run([program, "-c", config, "-n", threads, "-t",
                                   str(bench.seconds)], stdout=subprocess.PIPE, check=True)
            found.append(json.loads(done.stdout))
        # What the machine has to give: the bare signature, which shares nothing.
        for threads, found in alone.items():
            found.append(bare(bench, case.load, bench.seconds, int(threads))["rsa"])
    return {"case": case.name, "title": case.title,
            "signers": {"metermark": threads_of(signer), "bare RSA": threads_of(alone)}}


def threads_of(runs):
    rates = {n: [r["rate"] for r in found] for n, found in runs.items()}
    scaling = [b / a for a, b in zip(rates["1"], rates["2"])]
    return {"rates": {n: median(found) for n, found in rates.items()},
            "cpu_us": {n: median([r["cpu_us"] for r in found]) for n, found in runs.items()},
            "scaling": median(scaling), "scaling_spread": spread(scaling)}
