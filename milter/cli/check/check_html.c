/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_html.c - the report of `metermark check` as one page of HTML: no script,
 * nothing loaded from elsewhere, light and dark, wide and narrow.
 *
 * All text of the message is escaped, and the page forbids itself to load anything.
 */
#include <inttypes.h>

#include "cli/check/check.h"
#include "cli/cmd.h"
#include "cli/term.h"

#define VALUE_MAX 400

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Metermark check</title>\n<style>\n"
    ":root{color-scheme:light "
    "dark;--bg:#f6f7f9;--card:#fff;--text:#1c2230;--dim:#667085;"
    "--line:#e3e6eb;--pass:#15803d;--warn:#b45309;--fail:#b91c1c;--na:#98a2b3}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#12151c;--card:#1b202a;--text:#"
    "e6e9ef;"
    "--dim:#98a2b3;--line:#2c3340;--pass:#4ade80;--warn:#fbbf24;--fail:#f87171;"
    "--na:#667085}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--bg);color:var(--text);"
    "font:16px/1.5 system-ui,sans-serif}\n"
    "main{max-width:60rem;margin:0 auto;padding:1.25rem 1rem 3rem}\n"
    "h1{font-size:1.35rem;margin:.2rem 0 1rem;overflow-wrap:anywhere}\n"
    "h2{font-size:1.05rem;margin:1.8rem 0 .6rem}\n"
    ".card,details{background:var(--card);border:1px solid var(--line);"
    "border-radius:.6rem;padding:.8rem 1rem;margin:.5rem 0}\n"
    ".scores{display:grid;gap:.5rem;grid-template-columns:repeat(auto-fit,"
    "minmax(8.5rem,1fr))}\n"
    ".scores .card{margin:0;padding:.7rem .8rem}\n"
    ".scores b{display:block;font-size:1.7rem;line-height:1.2}\n"
    ".scores small{font-size:.8rem}.scores span{white-space:nowrap}\n"
    "small,.dim{color:var(--dim);font-size:.85rem}\n"
    "dl{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.2rem 1rem;"
    "margin:0}\n"
    "dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}\n"
    "@media(max-width:34rem){dl{display:block}dt{margin-top:.4rem;font-size:.85rem}}\n"
    ".pass{color:var(--pass)}.warn{color:var(--warn)}.fail{color:var(--fail)}"
    ".na{color:var(--na)}\n"
    ".bad{border-left:.3rem solid}\n.bad>*{color:var(--text)}\n"
    ".bad p{margin:.3rem 0;overflow-wrap:anywhere}\n"
    ".tag{display:inline-block;border:1px solid;border-radius:1rem;padding:0 .55rem;"
    "margin:.15rem .25rem .15rem 0;font-size:.8rem}\n"
    ".tag.warn{color:var(--warn)}.tag.fail{color:var(--fail)}.tag.pass{color:var(--"
    "pass)}\n"
    "code{font-size:.9em}summary{cursor:pointer}\nul{list-style:none;padding:0;margin:."
    "5rem "
    "0 0}\nli{padding:.25rem 0;border-top:1px solid var(--line)}\n"
    "</style></head><body><main>\n";

static void
escaped(struct buf *out, struct str s)
{
	struct buf clean;

	buf_init(&clean, CHECK_OUT_MAX);
	check_value(&clean, s, true);
	for (size_t i = 0; i < clean.len; i++) {
		char c = clean.p[i];

		if (c == '&')
			buf_adds(out, "&amp;");
		else if (c == '<')
			buf_adds(out, "&lt;");
		else if (c == '>')
			buf_adds(out, "&gt;");
		else if (c == '"')
			buf_adds(out, "&quot;");
		else
			buf_addc(out, c);
	}
	buf_fini(&clean);
}

static void
cut(struct buf *out, struct str s)
{
	s = str_trim(s);
	escaped(out, s.len > VALUE_MAX ? str_make(s.p, VALUE_MAX) : s);
	buf_adds(out, s.len > VALUE_MAX ? "&hellip;" : "");
}

static void
fact(struct buf *out, const char *label, struct str value)
{
	buf_addf(out, "<dt>%s</dt><dd>", label);
	cut(out, value);
	buf_adds(out, "</dd>\n");
}

static void
header(struct buf *out, const struct rule_facts *f)
{
	static const enum rule_field shown[] = { RULE_F_FROM, RULE_F_TO, RULE_F_DATE,
		RULE_F_MESSAGE_ID, RULE_F_LIST_ID, RULE_F_LIST_UNSUBSCRIBE,
		RULE_F_LIST_UNSUBSCRIBE_POST, RULE_F_FEEDBACK_ID };

	buf_adds(out, "<h2>The message</h2><div class=\"card\"><dl>\n");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (f->first[shown[i]] != NULL)
			fact(out, rule_field_name(shown[i]), f->first[shown[i]]->value);
	if (f->sender_domain.len > 0)
		fact(out, "Envelope sender", f->sender_domain);
	for (size_t i = 0; i < f->n_sig; i++) {
		buf_adds(out, "<dt>DKIM</dt><dd>d=");
		cut(out, f->sig[i].domain);
		if (f->sig[i].selector.len > 0) {
			buf_adds(out, " s=");
			cut(out, f->sig[i].selector);
		}
		buf_adds(out,
		    f->sig[i].ours ? ", to be made by metermark</dd>\n" : "</dd>\n");
	}
	buf_addf(out,
	    "<dt>Size</dt><dd>header %zu bytes, body %" PRIu64 "</dd></dl></div>\n",
	    f->header_bytes, f->scan->bytes);
}

static void
scores(struct buf *out, const struct check *c)
{
	buf_adds(out, "<div class=\"scores\">\n");
	for (size_t p = 0; p < RULE_PROVIDERS; p++) {
		struct check_score s;
		enum check_word w;

		check_score(c, (enum rule_provider)p, &s);
		w = s.n[CHECK_FAIL] > 0   ? CHECK_FAIL
		    : s.n[CHECK_WARN] > 0 ? CHECK_WARN
					  : CHECK_PASS;
		buf_addf(out,
		    "<div class=\"card\">%s<b class=\"%s\">%u&thinsp;%%</b>"
		    "<small><span>%u pass,</span> <span>%u warn,</span> "
		    "<span>%u fail</span></small></div>\n",
		    rule_provider_title((enum rule_provider)p), check_word(w),
		    s.percent, s.n[CHECK_PASS], s.n[CHECK_WARN], s.n[CHECK_FAIL]);
	}
	buf_adds(out, "</div>\n");
}

static void
amiss(struct buf *out, const struct check_result *r)
{
	const char *worst = check_word(check_worst(r));

	buf_addf(out,
	    "<div class=\"card bad %s\"><p><b class=\"%s\">%s</b> "
	    "<code>%s</code></p><p>",
	    worst, worst, worst, r->id);
	escaped(out, str_of(r->reason));
	buf_adds(out, "</p><p><b>Fix:</b> ");
	escaped(out, str_of(r->fix));
	buf_adds(out, "</p><p>");
	for (size_t p = 0; p < RULE_PROVIDERS; p++)
		if (r->word[p] > CHECK_PASS)
			buf_addf(out, "<span class=\"tag %s\">%s: %s</span>",
			    check_word(r->word[p]),
			    rule_provider_title((enum rule_provider)p),
			    check_word(r->word[p]));
	buf_adds(out, "</p><small>");
	escaped(out, str_of(r->reference));
	buf_adds(out, "</small></div>\n");
}

static void
list(struct buf *out, const struct check *c, enum check_word w, const char *title)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += check_worst(&c->result[i]) == w ? 1 : 0;
	if (n == 0)
		return;
	buf_addf(out, "<details%s><summary>%s (%u)</summary><ul>\n",
	    w == CHECK_PASS ? " open" : "", title, n);
	for (size_t i = 0; i < c->n; i++) {
		if (check_worst(&c->result[i]) != w)
			continue;
		buf_addf(out, "<li><code class=\"%s\">%s</code> ", check_word(w),
		    c->result[i].id);
		escaped(out,
		    str_of(w == CHECK_PASS ? c->result[i].reason : c->result[i].title));
		buf_adds(out, "</li>\n");
	}
	buf_adds(out, "</ul></details>\n");
}

static void
notes(struct buf *out, const struct check *c)
{
	for (size_t i = 0; i < c->mail.n_notes; i++) {
		buf_adds(out, "<p class=\"dim\">Note: ");
		escaped(out, str_of(c->mail.note[i]));
		buf_adds(out, "</p>\n");
	}
}

static void
page(struct buf *out, const struct check *c)
{
	const struct hdr_field *subject = c->facts.first[RULE_F_SUBJECT];
	bool any = false;

	buf_adds(out, head);
	buf_adds(out, "<small>Metermark check</small><h1>");
	cut(out, subject != NULL ? subject->value : STR("(no subject)"));
	buf_adds(out, "</h1>\n");
	scores(out, c);
	for (int w = CHECK_FAIL; w >= CHECK_WARN; w--)
		for (size_t i = 0; i < c->n; i++) {
			if ((int)check_worst(&c->result[i]) != w)
				continue;
			if (!any)
				buf_adds(out, "<h2>To fix</h2>\n");
			any = true;
			amiss(out, &c->result[i]);
		}
	header(out, &c->facts);
	list(out, c, CHECK_PASS, "Passed");
	list(out, c, CHECK_NA, "Not applicable");
	notes(out, c);
	buf_adds(out, "</main></body></html>\n");
}

int
check_html(const struct check *c)
{
	struct buf out;

	buf_init(&out, CHECK_OUT_MAX);
	page(&out, c);
	if (buf_failed(&out)) {
		term_say("out of memory");
		buf_fini(&out);
		return EX_OSERR;
	}
	term_put(buf_str(&out));
	buf_fini(&out);
	return term_finish();
}
