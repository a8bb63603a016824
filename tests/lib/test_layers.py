#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rooms and what each may name, and the rules no compiler knows.

Each rule is a function from a source tree to sentences about what breaks it.  Every rule is
first shown a small tree that breaks it in one place and must say so, and one that does not;
only then is it asked about the real tree.  The rules read text with comments and strings
taken out.  What a room names and what pure code calls is read from the objects as well, so
that a name hidden by a macro is found too.

    MM_SRC    source tree (default: two folders up)
    MM_BUILD  build tree; without libpure.a there the object rules are skipped
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

FILE_LINES = 800
FUNCTION_LINES = 60
ROOM_FILES = 20  # .c files of a folder

# The house, from the ground up: room -> the rooms it may name, the outside libraries it may
# name.  A room may only name rooms that stand above it in this table.
ROOMS = {
    "text": ("", ""),
    "system": ("text", "OpenSSL jansson"),
    "mail": ("text", "libpsl libidn2"),
    "campaign": ("mail system text", "jansson"),
    "redis": ("system text", "hiredis OpenSSL"),
    "rules": ("mail text", ""),
    "token": ("campaign mail system text", "OpenSSL"),
    "counting": ("campaign redis rules system text", ""),
    "show": ("text", ""),
    "config": ("campaign mail redis rules show text token", "libconfuse"),
    "dkim": ("config mail system text", "libopendkim OpenSSL"),
    "tracking": ("config mail system text token", ""),
    "journal": ("campaign config counting system text", ""),
    "numbers": ("campaign counting redis system text", "hiredis"),
    "dns": ("config dkim mail rules system text", "c-ares jansson"),
    "flush": ("config counting journal redis system text", "hiredis jansson"),
    "message": ("campaign config counting dkim mail redis rules system text token tracking", ""),
    "daemon": ("campaign config counting dkim dns flush mail message redis system text "
               "token tracking", "libmilter libopendkim hiredis OpenSSL libconfuse jansson libpsl "
                           "c-ares libidn2"),
    "cli": ("campaign config counting daemon dkim dns flush mail message numbers redis rules "
            "show system text token tracking", "OpenSSL jansson"),
}


# Headers of libc that hold nothing but values, memory and text.
PURE_HEADERS = set("""arpa/nameser.h assert.h errno.h float.h inttypes.h limits.h math.h stdalign.h
    stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h""".split())

# What those headers declare that reaches further than that.
PURE_OBJECTS = set("FILE stdin stdout stderr environ".split())
PURE_CALLS = set("""fopen fdopen freopen fclose fread fwrite fputs fputc puts putchar
    putc printf vprintf fprintf vfprintf dprintf perror remove rename tmpfile getc getchar
    fgets getline scanf fscanf stdin stdout stderr exit _exit _Exit abort atexit getenv
    setenv putenv system rand srand random srandom drand48 arc4random mkstemp realpath
    setlocale""".split())

# The functions of libc that libpure.a may ask the linker for.
PURE_SYMBOLS = set("""calloc malloc free realloc reallocarray aligned_alloc bsearch qsort
    abs labs llabs memchr memrchr memcmp memcpy memmove memset memmem mempcpy
    qsort_r explicit_bzero strchr strchrnul strrchr strcmp strncmp strcasecmp strncasecmp strcspn
    strspn strpbrk strlen strnlen strstr strcasestr strdup strndup strtol strtoll strtoul
    strtoull strtoimax strtoumax strtod snprintf vsnprintf stpcpy __errno_location
    __assert_fail ceil floor log log2 exp pow sqrt round ldexp
    _GLOBAL_OFFSET_TABLE_""".split())
# The functions of outside libraries that libpure.a may ask the linker for: their results
# follow from their arguments.  What a library keeps for itself (OpenSSL its providers, jansson
# the seed of its hashes) shows in no result.
PURE_LIBRARY_SYMBOLS = {
    # Messages of DNS, taken apart.
    "libc": "ns_get16 ns_initparse ns_msg_getflag ns_name_uncompress ns_parserr",
    "libidn2": "idn2_free idn2_to_ascii_8z",
    "libpsl": "psl_builtin psl_registrable_domain",
    # Over memory: no json_load_file(), no json_dump_file().
    "jansson": """json_array_get json_array_size json_delete json_integer_value json_loadb
        json_object_iter json_object_iter_key json_object_iter_next json_object_iter_value
        json_object_key_to_iter json_real_value json_string_length json_string_value""",
    # Digests, MACs, HKDF, AES-SIV, public keys.  Nothing that makes a key or a signature, which
    # takes random numbers, and no BIO.
    "OpenSSL": """CRYPTO_free CRYPTO_memcmp ERR_clear_error HMAC OPENSSL_cleanse
        EVP_CIPHER_CTX_ctrl EVP_CIPHER_CTX_free EVP_CIPHER_CTX_new EVP_CIPHER_fetch
        EVP_CIPHER_free EVP_CipherInit_ex2 EVP_DecryptFinal_ex EVP_DecryptUpdate
        EVP_EncryptFinal_ex EVP_EncryptUpdate
        EVP_Digest EVP_DigestFinal_ex EVP_DigestInit_ex EVP_DigestUpdate EVP_DigestVerify
        EVP_DigestVerifyInit EVP_EncodeBlock EVP_MD_CTX_copy_ex EVP_MD_CTX_free EVP_MD_CTX_new
        EVP_MD_fetch EVP_MD_free EVP_sha1 EVP_sha256
        EVP_KDF_CTX_free EVP_KDF_CTX_new EVP_KDF_derive EVP_KDF_fetch EVP_KDF_free
        EVP_PKEY_CTX_free EVP_PKEY_CTX_new EVP_PKEY_CTX_set_rsa_padding
        EVP_PKEY_CTX_set_signature_md EVP_PKEY_eq EVP_PKEY_free EVP_PKEY_get_bits
        EVP_PKEY_get_raw_public_key EVP_PKEY_is_a EVP_PKEY_new_raw_public_key
        EVP_PKEY_verify EVP_PKEY_verify_init d2i_PUBKEY d2i_PublicKey i2d_PUBKEY
        OSSL_PARAM_construct_end OSSL_PARAM_construct_octet_string
        OSSL_PARAM_construct_utf8_string""",
}
PURE_SYMBOLS.update(*(names.split() for names in PURE_LIBRARY_SYMBOLS.values()))
# A wrong digest would be worse than an end: abort() there is what assert() is elsewhere.
PURE_ABORTS = "milter/system/crypto.c"
# What compilers add: hardening, sanitizers, arithmetic helpers, C23 names of strtol.
PURE_SYMBOL_ADDED = re.compile(
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
# How the names of a library's functions begin, as far as no other library has such names.
LIBRARY_NAMES = {"smfi_": "libmilter", "dkim_": "libopendkim", "redis": "hiredis",
                 "cfg_": "libconfuse", "json_": "jansson", "psl_": "libpsl",
                 "ares_": "c-ares", "idn2_": "libidn2", "EVP_": "OpenSSL",
                 "SHA256": "OpenSSL", "PEM_": "OpenSSL", "BIO_": "OpenSSL",
                 "HMAC": "OpenSSL", "RAND_": "OpenSSL", "OPENSSL_": "OpenSSL",
                 "CRYPTO_": "OpenSSL", "OSSL_": "OpenSSL", "ERR_": "OpenSSL",
                 "d2i_": "OpenSSL", "i2d_": "OpenSSL"}
# Files that name several outside libraries, because that is what they are for.
MANY_LIBRARIES = {"milter/daemon/versions.c"}

# Of libopendkim, what signs.  Its other calls verify, leak, crash on what strangers send, or
# bring a defect of their own: tests/unit/signer_rules_test.c says which.
OPENDKIM_CALLS = set("""dkim_init dkim_close dkim_options dkim_sign dkim_header dkim_eoh
    dkim_body dkim_eom dkim_getsighdr_d dkim_free dkim_geterror dkim_getresultstr
    dkim_libversion""".split())
# What verifies, where a process of its own is the price of what it does.
VERIFIER = "milter/dkim/verifier_serve.c"
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


def room_of(path):
    """The room of a path below milter/ or include/; milter/main.c is the daemon's."""
    parts = Path(path).parts
    return parts[1] if len(parts) > 2 else "daemon"


def pure_sources(root):
    """The files of libpure.a, as Makefile.am lists them."""
    listed = (root / "Makefile.am").read_text()
    for block in re.findall(r"^libpure_a_SOURCES \+?=((?:.*\\\n)*.*)", listed, re.M):
        yield from re.findall(r"[\w./-]+\.[ch]", block)


def rooms_in_order(root, rooms=None):
    """The table of the rooms is a house: names go down only."""
    above = set()
    for room, (names, _) in (rooms or ROOMS).items():
        for name in names.split():
            if name not in above:
                yield f"ROOMS: {room} names {name}, which does not stand below it"
        above.add(room)


def room_includes(root):
    for path, text in sources(root, "milter", "include"):
        room = room_of(path)
        if room not in ROOMS:
            yield f"{path}: {room} is not among the rooms of test_layers.py"
            continue
        may, libraries = (set(words.split()) for words in ROOMS[room])
        for bracket, name in includes(text):
            first = name.split("/")[0]
            if bracket == "<" and LIBRARIES.get(first, "") not in libraries | {""}:
                yield f"{path}: includes <{name}>: {room} does not name {LIBRARIES[first]}"
            if bracket != '"' or "/" not in name or first == room:
                continue
            if first not in may:
                yield f'{path}: includes "{name}": {room} does not name {first}'
            elif (root / "milter" / name).exists():
                yield f'{path}: includes "{name}", a private header of {first}'


def room_sizes(root):
    folders = {}
    for path, _ in sources(root, "milter", "include"):
        if path.endswith(".c"):
            folders.setdefault(Path(path).parent.as_posix(), []).append(path)
    for folder, files in folders.items():
        if len(files) > ROOM_FILES:
            yield f"{folder}: {len(files)} files; at most {ROOM_FILES}"


def pure_includes(root):
    for path in pure_sources(root):
        for bracket, name in includes((root / path).read_text(errors="replace")):
            if bracket == "<" and name not in PURE_HEADERS and \
                    name.split("/")[0] not in LIBRARIES:
                yield f"{path}: includes <{name}>: pure code is plain C"


def pure_effects(root):
    for path in pure_sources(root):
        text = (root / path).read_text(errors="replace")
        found = [(n, w) for n, w in words(text) if w in PURE_OBJECTS]
        found += [(n, w) for n, w in calls(text)
                  if w in PURE_CALLS and not (w == "abort" and path == PURE_ABORTS)]
        for line, word in found:
            yield f"{path}:{line}: {word}: pure code does no I/O and does not end the process"


def says_pure(text):
    """True if the first paragraph of a header's head comment ends in "Pure."."""
    head = re.match(r"/\* SPDX[^\n]*\n/\*\n((?: \* [^\n]*\n)*)", text)
    return head is not None and re.search(r"\bPure\.\n$", head[1]) is not None


def pure_headers(root):
    """A header says that its module is pure exactly if libpure.a has it."""
    pure = set(pure_sources(root))
    for path, text in sources(root, "milter", "include"):
        if path.endswith(".h") and says_pure(text) != (path in pure):
            yield (f'{path}: its first paragraph does not end in "Pure.", but it is in libpure.a'
                   if path in pure else f'{path}: says "Pure.", but is not in libpure.a')


def one_library(root):
    for path, text in sources(root, "milter", "include"):
        names = [name for _, name in includes(text)]
        used = {LIBRARIES[n.split("/")[0]] for n in names if n.split("/")[0] in LIBRARIES}
        if len(used) > 1 and path not in MANY_LIBRARIES and room_of(path) != "cli":
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
        elif not re.fullmatch(r"tests/\w+/test_\w+\.py", name):
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


def objects(build):
    """{path of the source: (names it defines, names it wants)} of all objects whose source
    is still there."""
    paths = [path for path in sorted((build / "milter").rglob("*.o"))
             if any((root / path.relative_to(build).with_suffix(".c")).exists()
                    for root in (SRC, build))]
    found = {path.relative_to(build).with_suffix(".c").as_posix(): (set(), set())
             for path in paths}
    text = subprocess.run(NM + ["-A", *map(str, paths)], check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True).stdout
    for line in text.splitlines():
        path, _, row = line.rpartition(":")
        own, wanted = found[Path(path).relative_to(build).with_suffix(".c").as_posix()]
        row = row.split()
        if row[-2] in "TDBRVWC":
            own.add(row[-1])
        elif row[-2] == "U":
            wanted.add(row[-1])
    return found


def references(build):
    """(source, source of what it names, the name) over all objects."""
    found = objects(build)
    defined = {name: path for path, (names, _) in found.items() for name in names}
    for path, (own, wanted) in found.items():
        for name in sorted(wanted - own):
            yield path, defined.get(name), name


def room_references(build):
    """What links: an include may be too much, a name never is."""
    for path, other, name in references(build):
        room = room_of(path)
        if room not in ROOMS:
            continue
        may, libraries = (set(words.split()) for words in ROOMS[room])
        if other is not None:
            if room_of(other) not in may | {room}:
                yield f"{path}: {name}() of {other}: {room} does not name {room_of(other)}"
            continue
        library = next((library for begin, library in LIBRARY_NAMES.items()
                        if name.startswith(begin)), None)
        if library is not None and library not in libraries:
            yield f"{path}: {name}(): {room} does not name {library}"


def circles(build):
    """Files that refer to each other in a circle have one subject, or a word too many."""
    uses = {path: set() for path in objects(build)}
    for path, other, _ in references(build):
        if path in uses and other in uses:
            uses[path].add(other)

    def reached(start):
        found, left = set(), [start]
        while left:
            for path in uses[left.pop()] - found:
                found.add(path)
                left.append(path)
        return found
    reach = {path: reached(path) for path in uses}
    for path in sorted(uses):
        circle = sorted(other for other in reach[path] if path in reach[other])
        if len(circle) > 1 and path == circle[0]:
            yield f"{', '.join(circle)} refer to each other in a circle"


def pure_globals(archive):
    for member, name, _, section in symbols(archive):
        # Constant tables of pointers are in .data.rel.ro: written by the loader only.
        if re.match(r"\.t?(bss|data)(?!\.rel\.ro)|\*COM\*", section) and \
                not re.match(r"__|\.L|_ZN|\.", name):
            yield f"{member}: {name}: a variable outside functions that can be written to"


def pure_symbols(archive):
    found = list(symbols(archive))
    ours = {name for _, name, kind, _ in found if kind not in "Uw"}
    for member, name, kind, _ in found:
        if kind == "U" and name not in ours and name not in PURE_SYMBOLS and \
                not PURE_SYMBOL_ADDED.match(name) and \
                not (name == "abort" and member == Path(PURE_ABORTS).stem + ".o"):
            yield f"{member}: calls {name}(), which is not among what pure code may call"


# Of what unit tests share, what the test of a pure module may name although it reads a file:
# settings as text stand for a struct conf that the test would fill by hand, and the parser is
# done before the module under test is called.
PURE_TESTS_MAY = {"conf_from"}


def pure_tests(build):
    """The unit test of a pure module asks the linker for nothing of libeffects.a, nor, but for
    PURE_TESTS_MAY, for what unit tests share, which may hide effects."""
    pure = {name for _, name, kind, _ in symbols(build / "libpure.a") if kind not in "Uw"}
    shared = build / "tests/unit/lib/libunit.a"
    effects = {name for library in (build / "libeffects.a", shared) if library.exists()
               for _, name, kind, _ in symbols(library) if kind in "TDBRVWC"} - PURE_TESTS_MAY
    modules = {Path(path).relative_to("milter").with_suffix("").as_posix()
               for path in pure_sources(SRC if build == BUILD else build) if path.endswith(".c")}
    for path in sorted((build / "tests/unit").rglob("*_test.o")):
        name = path.relative_to(build / "tests/unit").as_posix()
        if name.removesuffix("_test.o") not in modules:
            continue
        found = list(symbols(path))
        own = {symbol for _, symbol, kind, _ in found if kind not in "Uw"}
        for symbol in sorted({symbol for _, symbol, kind, _ in found if kind == "U"} - own - pure):
            if symbol in effects:
                yield f"tests/unit/{name}: {symbol}() is not pure, the module under test is"


def sigwait_exported(program):
    """libmilter's own signal thread must end up in our sigwait()."""
    out = subprocess.run(NM + ["-D", str(program)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, text=True).stdout
    if not re.search(r" T sigwait$", out, re.M):
        yield f"{program.name}: sigwait is not exported: libmilter will take SIGHUP as a stop"


# ------------------------------------------------------------------------- self-tests
GOOD = {
    "milter/text/good.c": """/* SPDX-License-Identifier: BSD-2-Clause */
/* fopen() and "exit(1)" in comments are no calls. */
#include "text/good.h"

#include <string.h>

static const char *const names[] = { "printf(", "strcpy(x)" };

int
good(const char *s)
{
\treturn strcmp(s, names[0]) == 0 || *s == '"';
}
""",
    "include/text/good.h": """/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * good.h - a comparison.  Thread-safe.  Pure.
 *
 * More about it.
 */
int good(const char *);
""",
    "milter/text/own.h": """/* SPDX-License-Identifier: BSD-2-Clause */
int own(void);
""",
    "milter/redis/good.c": """/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <hiredis/hiredis.h>
#include <pthread.h>
#include "text/good.h"
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
    "Makefile.am": "libpure_a_SOURCES += milter/text/good.c include/text/good.h\n"
                   "x = milter/redis/good.c milter/main.c tests/unit/good_test\n",
}
SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"

# rule, file, text planted there, part of the sentence that must come
PLANTED = [
    (pure_includes, "milter/text/good.c", "#include <pthread.h>\n", "<pthread.h>"),
    (pure_includes, "milter/text/good.c", "# include <sys/socket.h>\n", "<sys/socket.h>"),
    (pure_effects, "milter/text/good.c", "void f(void) { printf (\"x\"); }\n", "printf"),
    (pure_effects, "milter/text/good.c", "#define OUT stderr\n", "stderr"),
    (pure_headers, "include/text/good.h", "/*\n * good.h - a comparison.\n *\n * Pure.\n */\n",
     "does not end in"),
    (pure_headers, "include/text/good.h", "int good(const char *);\n", "does not end in"),
    (pure_headers, "include/text/bad.h", "/*\n * bad.h - a clock.  Pure.\n */\n",
     "bad.h: says"),
    (room_includes, "include/mail/bad.h", "#include <opendkim/dkim.h>\n",
     "mail does not name libopendkim"),
    (room_includes, "milter/text/bad.c", '#include "system/logger.h"\n',
     "text does not name system"),
    (room_includes, "milter/attic/bad.c", "int x;\n", "attic is not among the rooms"),
    (room_includes, "milter/mail/bad.c", '#include "text/own.h"\n',
     "a private header of text"),
    (one_library, "milter/redis/bad.c",
     "#include <hiredis/hiredis.h>\n#include <confuse.h>\n", "hiredis and libconfuse"),
    (banned_functions, "milter/daemon/bad.c", "int f(char *s) { return atoi(s); }\n", "atoi"),
    (banned_functions, "milter/cli/bad.c", "/* a\n b */ char *g = strcpy (a, b);\n",
     "bad.c:3: strcpy"),
    (banned_functions, "milter/cli/bad.c", "void f(void) { exit(1); }\n", "exit"),
    (opendkim_calls, "milter/daemon/bad.c", "void f(DKIM *d) { dkim_signhdrs(d, 0); }\n",
     "dkim_signhdrs"),
    (opendkim_calls, "milter/daemon/bad.c", "void f(DKIM_LIB *l) { dkim_verify(l, 0, 0, 0); }\n",
     "dkim_verify"),
    (opendkim_calls, "milter/daemon/bad.c", "int i = DKIM_OPTS_SKIPHDRS;\n", "SKIPHDRS"),
    (sizes, "milter/daemon/bad.c", "\n" * FILE_LINES, f"{FILE_LINES + 1} lines"),
    (sizes, "milter/daemon/bad.c", "{\n" + "\tx;\n" * (FUNCTION_LINES + 1) + "}\n",
     "function of 61 lines"),
    (file_heads, "milter/daemon/bad.c", None, "SPDX"),
    (config_header, "milter/daemon/bad.c", "#ifdef HAVE_X\n#endif\n", "config.h"),
    (unlisted, "milter/daemon/bad.c", "", "milter/daemon/bad.c is not listed"),
    (unlisted, "tests/unit/bad_test.c", "", "tests/unit/bad_test is not listed"),
    (unlisted, "tests/wire/test_bad.py", "", "tests/wire/test_bad.py is not listed"),
    (unlisted, "tests/wire/run", "", "tests/wire/run is in no step"),
]
# rule, program text compiled into an archive, part of the sentence
PLANTED_OBJECTS = [
    (pure_globals, "int counter; int f(void) { return ++counter; }", "counter"),
    (pure_globals, "int f(void) { static int n = 7; return ++n; }", "n."),
    (pure_globals, "int f(void) { static _Thread_local int n; return ++n; }", "n."),
    (pure_symbols, "#include <time.h>\nlong f(void) { return (long)time(0); }", "time()"),
    (pure_symbols, "#include <unistd.h>\nlong f(char *p) { return read(0, p, 1); }",
     "read()"),
    (pure_symbols, "#include <stdlib.h>\nvoid f(void) { abort(); }", "abort()"),
    # Of each library a function that acts, beside one that computes.
    (pure_symbols, "void *ns_initparse(void), *res_query(void);\n"
                   "void *f(void) { return ns_initparse() ? res_query() : 0; }", "res_query()"),
    (pure_symbols, "void *psl_builtin(void), *psl_load_file(void);\n"
                   "void *f(void) { return psl_builtin() ? psl_load_file() : 0; }",
     "psl_load_file()"),
    (pure_symbols, "void *idn2_free(void), *idn2_to_ascii_lz(void);\n"
                   "void *f(void) { return idn2_free() ? idn2_to_ascii_lz() : 0; }",
     "idn2_to_ascii_lz()"),
    (pure_symbols, "void *json_loadb(void), *json_load_file(void);\n"
                   "void *f(void) { return json_loadb() ? json_load_file() : 0; }",
     "json_load_file()"),
    (pure_symbols, "void *json_delete(void), *json_dump_file(void);\n"
                   "void *f(void) { return json_delete() ? json_dump_file() : 0; }",
     "json_dump_file()"),
    (pure_symbols, "void *EVP_Digest(void), *RAND_bytes(void);\n"
                   "void *f(void) { return EVP_Digest() ? RAND_bytes() : 0; }", "RAND_bytes()"),
    (pure_symbols, "void *EVP_sha256(void), *EVP_PKEY_Q_keygen(void);\n"
                   "void *f(void) { return EVP_sha256() ? EVP_PKEY_Q_keygen() : 0; }",
     "EVP_PKEY_Q_keygen()"),
]
GOOD_OBJECT = """#include <stdio.h>
static const char *const t[] = { "a", "b" };
void *psl_builtin(void), *json_loadb(void), *EVP_Digest(void);
void *g(int i) { return i == 0 ? psl_builtin() : i == 1 ? json_loadb() : EVP_Digest(); }
int f(char *p, int i) { return snprintf(p, 9, "%s", t[i & 1]); }
"""


# Objects of rooms: text names system and libmilter, and two of its files name each other.
PLANTED_REFERENCES = {
    "text/a.c": "void down(void); void c(void); void smfi_x(void);\n"
                "void a(void) { down(); c(); smfi_x(); }\n",
    "text/c.c": "void a(void); void c(void) { a(); }\n",
    "system/b.c": "void down(void) { }\n",
    "mail/d.c": "void a(void); void d(void) { a(); }\n",
}


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
    if not list(rooms_in_order(None, {"low": ("high", ""), "high": ("low", "")})):
        yield "rooms_in_order does not see a room that names one above it"
    with tempfile.TemporaryDirectory() as scratch:
        plant(Path(scratch), {f"milter/text/bad{i}.c": SPDX for i in range(ROOM_FILES + 1)})
        if not list(room_sizes(Path(scratch))):
            yield "room_sizes does not see a folder with too many files"
    for rule in set(rules) - {planted[0] for planted in PLANTED} - {rooms_in_order, room_sizes}:
        yield f"{rule.__name__} has no planted violation"


def self_test_objects():
    with tempfile.TemporaryDirectory() as scratch:
        good = archive_of(Path(scratch), GOOD_OBJECT)
        for rule in (pure_globals, pure_symbols):
            for found in rule(good):
                yield f"{rule.__name__} complains about a good object: {found}"
        for rule, text, expected in PLANTED_OBJECTS:
            found = list(rule(archive_of(Path(scratch), text)))
            if not any(expected in sentence for sentence in found):
                yield f"{rule.__name__} does not see {expected!r}: {found}"
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in PLANTED_REFERENCES.items():
            path = Path(scratch) / "milter" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            subprocess.run(CC + ["-c", "-o", path.with_suffix(".o"), path], check=True)
        for rule, expected in ((room_references, ["down() of milter/system/b.c",
                                                  "does not name libmilter"]),
                               (circles, ["milter/text/a.c", "in a circle"])):
            found = "\n".join(rule(Path(scratch)))
            for part in expected:
                if part not in found:
                    yield f"{rule.__name__} does not see {part!r}: {found}"
            if "milter/mail/d.c" in found:
                yield f"{rule.__name__} complains about a good object: {found}"


# Two modules with their tests: that of the pure one names an effect, and both functions that
# tests share.
PLANTED_TESTS = {
    "milter/text/p.c": "int p(void) { return 1; }\n",
    "milter/system/e.c": "int e(void) { return 1; }\n",
    "tests/unit/lib/s.c": "int conf_from(void) { return 1; }\nint s(void) { return 1; }\n",
    "tests/unit/text/p_test.c": "int p(void), e(void), s(void), conf_from(void);\n"
                                "int main(void) { return p() + e() + s() + conf_from(); }\n",
    "tests/unit/system/e_test.c": "int e(void); int main(void) { return e(); }\n",
}


def self_test_tests():
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        plant(root, {**PLANTED_TESTS, "Makefile.am": "libpure_a_SOURCES += milter/text/p.c\n"})
        for name in PLANTED_TESTS:
            subprocess.run(CC + ["-c", "-o", (root / name).with_suffix(".o"), root / name],
                           check=True)
        for library, name in (("libpure.a", "milter/text/p.o"),
                              ("libeffects.a", "milter/system/e.o"),
                              ("tests/unit/lib/libunit.a", "tests/unit/lib/s.o")):
            subprocess.run(["ar", "cr", root / library, root / name], check=True)
        found = list(pure_tests(root))
        if [row.split("() ")[0].split("/")[-1] for row in found] != \
                ["p_test.o: e", "p_test.o: s"]:
            yield f"pure_tests does not see e() and s() in p_test.o alone: {found}"


SOURCE_RULES = [
    (rooms_in_order, "a room names only rooms below it"),
    (room_includes, "a room includes what its row of the table allows"),
    (room_sizes, f"a folder has up to {ROOM_FILES} files"),
    (pure_includes, "pure code includes plain headers only"),
    (pure_effects, "pure code does no I/O and does not end the process"),
    (pure_headers, 'a header says "Pure." exactly if its module is'),
    (one_library, "a file names one outside library"),
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

    archive, daemon = BUILD / "libpure.a", BUILD / "metermark-milter"
    skip = None if archive.exists() else "libpure.a is not built"
    results.append(("planted violations are found in objects", skip or self_test_objects()))
    results.append(("pure code has no variable that can be written to",
                    skip or pure_globals(archive)))
    results.append(("pure code calls nothing but pure functions",
                    skip or pure_symbols(archive)))
    results.append(("planted violations are found in tests", skip or self_test_tests()))
    built = list((BUILD / "tests/unit").rglob("*_test.o"))
    results.append(("the unit test of a pure module names pure modules only",
                    skip or (pure_tests(BUILD) if built else "no unit test is built")))
    results.append(("a room names what its row of the table allows",
                    skip or room_references(BUILD)))
    results.append(("files do not refer to each other in circles", skip or circles(BUILD)))
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
