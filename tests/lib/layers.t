#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""layers.t - the border between core/, edge/ and cli/, and the rules no compiler knows.

Each rule is a function from a source tree to sentences about what breaks it.  Every rule is
first shown a small tree that breaks it in one place and must say so, and one that does not;
only then is it asked about the real tree.  The rules read text with comments and strings
taken out; what the core may call is read from libcore.a as well, so that a name hidden by
a macro is found too.

    MM_SRC    source tree (default: two folders up)
    MM_BUILD  build tree; without libcore.a there the object rules are skipped
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SRC = Path(os.environ.get("MM_SRC") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("MM_BUILD") or SRC)
CC = os.environ.get("CC", "cc").split()
NM = os.environ.get("NM", "nm").split()

FILE_LINES = 600
FUNCTION_LINES = 60

# Headers of libc that hold nothing but values, memory and text.
CORE_HEADERS = set("""assert.h errno.h float.h inttypes.h limits.h math.h stdalign.h
    stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h""".split())

# What those headers declare that reaches further than that.
CORE_OBJECTS = set("FILE stdin stdout stderr environ".split())
CORE_CALLS = set("""fopen fdopen freopen fclose fread fwrite fputs fputc puts putchar
    putc printf vprintf fprintf vfprintf dprintf perror remove rename tmpfile getc getchar
    fgets getline scanf fscanf stdin stdout stderr exit _exit _Exit abort atexit getenv
    setenv putenv system rand srand random srandom drand48 arc4random mkstemp realpath
    setlocale""".split())

# The functions of libc that libcore.a may ask the linker for.
CORE_SYMBOLS = set("""calloc malloc free realloc reallocarray aligned_alloc bsearch qsort
    abs labs llabs memchr memrchr memcmp memcpy memmove memset memmem mempcpy
    explicit_bzero strchr strchrnul strrchr strcmp strncmp strcasecmp strncasecmp strcspn
    strspn strpbrk strlen strnlen strstr strcasestr strdup strndup strtol strtoll strtoul
    strtoull strtoimax strtoumax strtod snprintf vsnprintf stpcpy __errno_location
    __assert_fail ceil floor log log2 exp pow sqrt round ldexp
    _GLOBAL_OFFSET_TABLE_""".split())
# What compilers add: hardening, sanitizers, arithmetic helpers, C23 names of strtol.
CORE_SYMBOL_ADDED = re.compile(
    r"__(stack_chk_|asan_|ubsan_|tsan_|sanitizer_|isoc\d+_strto|\w+_chk$|(u|)(mod|div)\w+3$)")

BANNED = {
    "strcpy": "bounds", "strcat": "bounds", "sprintf": "bounds", "vsprintf": "bounds",
    "gets": "bounds", "strncpy": "may leave no NUL", "strncat": "bounds",
    "stpcpy": "bounds", "alloca": "stack", "strdupa": "stack", "strndupa": "stack",
    "strtok": "hidden state", "gmtime": "hidden state", "localtime": "hidden state",
    "asctime": "hidden state", "ctime": "hidden state",
    "atoi": "no errors", "atol": "no errors", "atoll": "no errors", "atof": "no errors",
}
# Only a main file ends the process.  In a forked child _exit() is the right call, and
# abort() where going on would be wrong.
MAY_EXIT = {"milter/main.c", "milter/cli/main.c"}

# First part of a header's name -> the library it belongs to.
LIBRARIES = {"libmilter": "libmilter", "opendkim": "libopendkim", "hiredis": "hiredis",
             "openssl": "OpenSSL", "confuse.h": "libconfuse", "jansson.h": "jansson",
             "libpsl.h": "libpsl", "ares.h": "c-ares", "idn2.h": "libidn2"}
# Files that name several outside libraries, because that is what they are for.
MANY_LIBRARIES = {"milter/edge/versions.c"}

# Of libopendkim, what signs.  Its other calls verify, leak, crash on what strangers send, or
# bring a defect of their own: tests/unit/signer_rules_test.c says which.
OPENDKIM_CALLS = set("""dkim_init dkim_close dkim_options dkim_sign dkim_header dkim_eoh
    dkim_body dkim_eom dkim_getsighdr_d dkim_free dkim_geterror dkim_getresultstr
    dkim_libversion""".split())
# What verifies, where a process of its own is the price of what it does.
VERIFIER = "milter/edge/verifier_serve.c"
VERIFIER_CALLS = OPENDKIM_CALLS | set("""dkim_verify dkim_chunk dkim_getsiglist
    dkim_set_key_lookup dkim_set_user_context dkim_get_user_context dkim_sig_process
    dkim_sig_getdomain dkim_sig_getselector dkim_sig_getflags dkim_sig_getbh
    dkim_sig_geterror dkim_sig_geterrorstr""".split())
OPENDKIM_OPTIONS = set("""DKIM_OPTS_FLAGS DKIM_OPTS_OVERSIGNHDRS DKIM_OPTS_SIGNATURETTL
    DKIM_OPTS_FIXEDTIME""".split())

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def strip(text):
    """The text with comments and literals blanked out, line for line."""
    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token[0] * 2
        return "\n" * token.count("\n")
    return TOKEN.sub(blank, text)


def sources(root, *folders):
    """(path relative to root, text) of each .c and .h below the folders."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.[ch]")):
            yield path.relative_to(root).as_posix(), path.read_text(errors="replace")


def words(text):
    """(line number, identifier) of what is code."""
    for number, line in enumerate(strip(text).split("\n"), 1):
        if not re.match(r"\s*#\s*include", line):
            for word in re.findall(r"\b[A-Za-z_]\w*", line):
                yield number, word


def calls(text):
    """(line number, name) of what is called, or declared; members of structs are not."""
    for number, line in enumerate(strip(text).split("\n"), 1):
        for name in re.findall(r"(?<![.>\w])([A-Za-z_]\w*)\s*\(", line):
            yield number, name


def includes(text):
    return [(bracket, name) for bracket, name in INCLUDE.findall(text)]


def core_includes(root):
    for path, text in sources(root, "milter/core", "include/core"):
        for bracket, name in includes(text):
            if bracket == '"' and not name.startswith("core/"):
                yield f'{path}: includes "{name}": core knows only core'
            if bracket == "<" and name not in CORE_HEADERS:
                yield f"{path}: includes <{name}>: core is plain C"


def core_effects(root):
    for path, text in sources(root, "milter/core", "include/core"):
        found = [(n, w) for n, w in words(text) if w in CORE_OBJECTS]
        found += [(n, w) for n, w in calls(text) if w in CORE_CALLS]
        for line, word in found:
            yield f"{path}:{line}: {word}: core does no I/O and does not end the process"


def edge_includes(root):
    for path, text in sources(root, "milter/edge", "include/edge"):
        names = [name for _, name in includes(text)]
        for name in names:
            if name.startswith("cli/"):
                yield f'{path}: includes "{name}": edge does not know the command'
        used = {LIBRARIES[n.split("/")[0]] for n in names if n.split("/")[0] in LIBRARIES}
        if len(used) > 1 and path not in MANY_LIBRARIES:
            yield f"{path}: {' and '.join(sorted(used))}: one outside library a file"


def banned_functions(root):
    for path, text in sources(root, "milter", "include"):
        for line, name in calls(text):
            if name in BANNED:
                yield f"{path}:{line}: {name}(): banned ({BANNED[name]})"
            if name == "exit" and path not in MAY_EXIT:
                yield f"{path}:{line}: exit(): only a main file ends the process"


def opendkim_calls(root):
    for path, text in sources(root, "milter", "include"):
        known = VERIFIER_CALLS if path == VERIFIER else OPENDKIM_CALLS
        found = [(n, w) for n, w in calls(text) if w.startswith("dkim_") and w not in known]
        found += [(n, w) for n, w in words(text)
                  if re.match(r"DKIM_(OPTS|LIBFLAGS)_", w) and w not in OPENDKIM_OPTIONS]
        for line, word in found:
            yield f"{path}:{line}: {word}: not among what signing needs of libopendkim"


def sizes(root):
    for path, text in sources(root, "milter", "include"):
        lines = text.count("\n")
        if lines > FILE_LINES:
            yield f"{path}: {lines} lines; at most {FILE_LINES}"
        start = 0
        for number, line in enumerate(text.split("\n"), 1):
            if line == "{":
                start = number
            elif line == "}" and start:
                if number - start - 1 > FUNCTION_LINES:
                    yield (f"{path}:{start}: function of {number - start - 1} lines; "
                           f"at most {FUNCTION_LINES}")
                start = 0


def file_heads(root):
    for path, text in sources(root, "milter", "include", "tests"):
        head = text.split("\n", 1)[0]
        if head != "/* SPDX-License-Identifier: BSD-2-Clause */":
            yield f"{path}: the first line is not the SPDX line"


def config_header(root):
    for path, text in sources(root, "milter"):
        if any(re.match(r"(HAVE_|PACKAGE_)", word) for _, word in words(text)) and \
                ('"', "config.h") not in includes(text):
            yield f'{path}: uses HAVE_ or PACKAGE_ without "config.h": always undefined'


def unlisted(root):
    listed = (root / "Makefile.am").read_text()
    known = set(re.findall(r"[\w./-]+", listed))
    for path in sorted((root / "milter").rglob("*.c")) + \
            sorted((root / "include").rglob("*.h")):
        name = path.relative_to(root).as_posix()
        if name not in known:
            yield f"Makefile.am: {name} is not listed: it is not built, or not in the tarball"
    for path in sorted((root / "tests").rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith("tests/unit/") and name.endswith("_test.c"):
            name = name[:-2]
        elif not (name.endswith(".t") and name.split("/")[1] != "e2e"):
            continue
        elif not os.access(path, os.X_OK):
            yield f"{name}: not executable"
        if name not in known:
            yield f"Makefile.am: {name} is not listed: the test is never run"
    yield from unlisted_steps(root)


def unlisted_steps(root):
    """tests/KIND/NAME without a suffix is too long for make check: the driver runs it, and
    each tests/KIND/long of its own accord."""
    driver = root / "tests/lib/driver.py"
    steps = driver.read_text() if driver.exists() else ""
    for path in sorted((root / "tests").glob("*/*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not path.suffix and path.parent.name != "lib" and \
                path.name != "long" and not re.search(rf"{re.escape(name)}\b", steps):
            yield f"tests/lib/driver.py: {name} is in no step: it is never run"


def symbols(archive):
    """(member, name, class, section) of each symbol."""
    text = subprocess.run(NM + ["-A", "-f", "sysv", str(archive)], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
    for line in text.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 7:
            head = columns[0].split(":")
            yield head[-2], head[-1].strip(), columns[2], columns[6]


def core_globals(archive):
    for member, name, _, section in symbols(archive):
        # Constant tables of pointers are in .data.rel.ro: written by the loader only.
        if re.match(r"\.t?(bss|data)(?!\.rel\.ro)|\*COM\*", section) and \
                not re.match(r"__|\.L|_ZN|\.", name):
            yield f"{member}: {name}: a variable outside functions that can be written to"


def core_symbols(archive):
    found = list(symbols(archive))
    ours = {name for _, name, kind, _ in found if kind not in "Uw"}
    for member, name, kind, _ in found:
        if kind == "U" and name not in ours and name not in CORE_SYMBOLS and \
                not CORE_SYMBOL_ADDED.match(name):
            yield f"{member}: calls {name}(), which is not among what core may call"


def sigwait_exported(program):
    """libmilter's own signal thread must end up in our sigwait()."""
    out = subprocess.run(NM + ["-D", str(program)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, text=True).stdout
    if not re.search(r" T sigwait$", out, re.M):
        yield f"{program.name}: sigwait is not exported: libmilter will take SIGHUP as a stop"


# ------------------------------------------------------------------------- self-tests
GOOD = {
    "milter/core/good.c": """/* SPDX-License-Identifier: BSD-2-Clause */
/* fopen() and "exit(1)" in comments are no calls. */
#include "core/good.h"

#include <string.h>

static const char *const names[] = { "printf(", "strcpy(x)" };

int
good(const char *s)
{
\treturn strcmp(s, names[0]) == 0 || *s == '"';
}
""",
    "include/core/good.h": """/* SPDX-License-Identifier: BSD-2-Clause */
int good(const char *);
""",
    "milter/edge/good.c": """/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <hiredis/hiredis.h>
#include <pthread.h>
#include "core/good.h"
#ifdef HAVE_HIREDIS_SSL
#endif
""",
    "milter/main.c": """/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
int
main(void)
{
\texit(0);
}
""",
    "tests/unit/good_test.c": "/* SPDX-License-Identifier: BSD-2-Clause */\n",
    "Makefile.am": "x = milter/core/good.c include/core/good.h milter/edge/good.c \\\n"
                   "\tmilter/main.c tests/unit/good_test\n",
}
SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"

# rule, file, text planted there, part of the sentence that must come
PLANTED = [
    (core_includes, "milter/core/bad.c", "#include <pthread.h>\n", "<pthread.h>"),
    (core_includes, "milter/core/bad.c", "# include <sys/socket.h>\n", "<sys/socket.h>"),
    (core_includes, "include/core/bad.h", "#include <opendkim/dkim.h>\n", "<opendkim/"),
    (core_includes, "milter/core/bad.c", '#include "edge/logger.h"\n', "edge/logger.h"),
    (core_effects, "milter/core/bad.c", "void f(void) { printf (\"x\"); }\n", "printf"),
    (core_effects, "milter/core/bad.c", "#define OUT stderr\n", "stderr"),
    (edge_includes, "milter/edge/bad.c",
     "#include <hiredis/hiredis.h>\n#include <confuse.h>\n", "hiredis and libconfuse"),
    (edge_includes, "milter/edge/bad.c", '#include "cli/output.h"\n', "cli/output.h"),
    (banned_functions, "milter/edge/bad.c", "int f(char *s) { return atoi(s); }\n", "atoi"),
    (banned_functions, "milter/cli/bad.c", "/* a\n b */ char *g = strcpy (a, b);\n",
     "bad.c:3: strcpy"),
    (banned_functions, "milter/cli/bad.c", "void f(void) { exit(1); }\n", "exit"),
    (opendkim_calls, "milter/edge/bad.c", "void f(DKIM *d) { dkim_signhdrs(d, 0); }\n",
     "dkim_signhdrs"),
    (opendkim_calls, "milter/edge/bad.c", "void f(DKIM_LIB *l) { dkim_verify(l, 0, 0, 0); }\n",
     "dkim_verify"),
    (opendkim_calls, "milter/edge/bad.c", "int i = DKIM_OPTS_SKIPHDRS;\n", "SKIPHDRS"),
    (sizes, "milter/edge/bad.c", "\n" * FILE_LINES, "601 lines"),
    (sizes, "milter/edge/bad.c", "{\n" + "\tx;\n" * (FUNCTION_LINES + 1) + "}\n",
     "function of 61 lines"),
    (file_heads, "milter/edge/bad.c", None, "SPDX"),
    (config_header, "milter/edge/bad.c", "#ifdef HAVE_X\n#endif\n", "config.h"),
    (unlisted, "milter/edge/bad.c", "", "milter/edge/bad.c is not listed"),
    (unlisted, "tests/unit/bad_test.c", "", "tests/unit/bad_test is not listed"),
    (unlisted, "tests/wire/bad.t", "", "tests/wire/bad.t is not listed"),
    (unlisted, "tests/wire/run", "", "tests/wire/run is in no step"),
]
# rule, program text compiled into an archive, part of the sentence
PLANTED_OBJECTS = [
    (core_globals, "int counter; int f(void) { return ++counter; }", "counter"),
    (core_globals, "int f(void) { static int n = 7; return ++n; }", "n."),
    (core_globals, "int f(void) { static _Thread_local int n; return ++n; }", "n."),
    (core_symbols, "#include <time.h>\nlong f(void) { return (long)time(0); }", "time()"),
    (core_symbols, "#include <unistd.h>\nlong f(char *p) { return read(0, p, 1); }",
     "read()"),
]
GOOD_OBJECT = """#include <stdio.h>
static const char *const t[] = { "a", "b" };
int f(char *p, int i) { return snprintf(p, 9, "%s", t[i & 1]); }
"""


def plant(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def archive_of(folder, text):
    (folder / "bad.c").write_text(text)
    subprocess.run(CC + ["-O1", "-fPIE", "-c", "-o", folder / "bad.o", folder / "bad.c"], check=True)
    (folder / "libbad.a").unlink(missing_ok=True)
    subprocess.run(["ar", "cr", folder / "libbad.a", folder / "bad.o"], check=True)
    return folder / "libbad.a"


def self_test_sources(rules):
    """Sentences about rules that let something pass, or that see what is not there."""
    for rule in rules:
        with tempfile.TemporaryDirectory() as scratch:
            plant(Path(scratch), GOOD)
            for found in rule(Path(scratch)):
                yield f"{rule.__name__} complains about a good tree: {found}"
    for rule, name, text, expected in PLANTED:
        with tempfile.TemporaryDirectory() as scratch:
            plant(Path(scratch), GOOD)
            plant(Path(scratch), {name: "int x;\n" if text is None else SPDX + text})
            found = list(rule(Path(scratch)))
            if not any(expected in sentence for sentence in found):
                yield f"{rule.__name__} does not see {expected!r} in {name}: {found}"
    for rule in set(rules) - {planted[0] for planted in PLANTED}:
        yield f"{rule.__name__} has no planted violation"


def self_test_objects():
    with tempfile.TemporaryDirectory() as scratch:
        good = archive_of(Path(scratch), GOOD_OBJECT)
        for rule in (core_globals, core_symbols):
            for found in rule(good):
                yield f"{rule.__name__} complains about a good object: {found}"
        for rule, text, expected in PLANTED_OBJECTS:
            found = list(rule(archive_of(Path(scratch), text)))
            if not any(expected in sentence for sentence in found):
                yield f"{rule.__name__} does not see {expected!r}: {found}"


SOURCE_RULES = [
    (core_includes, "core includes core and plain libc headers only"),
    (core_effects, "core does no I/O and does not end the process"),
    (edge_includes, "an edge file names one outside library, and nothing of cli"),
    (banned_functions, "no banned function"),
    (opendkim_calls, "of libopendkim only what signing needs"),
    (sizes, f"files up to {FILE_LINES} lines, functions up to {FUNCTION_LINES}"),
    (file_heads, "the first line of each C file is its licence"),
    (config_header, "who asks for HAVE_ includes config.h"),
    (unlisted, "every source file and test is in Makefile.am, or a step of tests/run"),
]


def main():
    results = []
    rules = [rule for rule, _ in SOURCE_RULES]
    results.append(("planted violations are found in sources", self_test_sources(rules)))
    for rule, title in SOURCE_RULES:
        results.append((title, rule(SRC)))

    archive, daemon = BUILD / "libcore.a", BUILD / "metermark-milter"
    skip = None if archive.exists() else "libcore.a is not built"
    results.append(("planted violations are found in objects", skip or self_test_objects()))
    results.append(("core has no variable that can be written to",
                    skip or core_globals(archive)))
    results.append(("core calls nothing but text and memory functions",
                    skip or core_symbols(archive)))
    skip = None if daemon.exists() else "metermark-milter is not built"
    results.append(("the daemon exports its own sigwait", skip or sigwait_exported(daemon)))

    print(f"1..{len(results)}")
    for number, (title, outcome) in enumerate(results, 1):
        if isinstance(outcome, str):
            print(f"ok {number} - {title} # SKIP {outcome}")
            continue
        outcome = list(outcome)
        for sentence in outcome:
            print(f"# {sentence}")
        print(f"{'not ok' if outcome else 'ok'} {number} - {title}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
