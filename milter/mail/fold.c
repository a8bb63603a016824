/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fold.c - folds in the value of a header field.  See the header.
 */
#include "mail/fold.h"

#include <string.h>

/*
 * Where to fold a line that is too long: the last white space at most room bytes in
 * that has something in front of it and behind it, since a line of only white space is
 * no fold (RFC 5322 3.2.2).  0: nowhere.
 */
static size_t
fold_place(struct str line, size_t room)
{
	size_t end = line.len, first = 0;

	while (end > 0 && ascii_iswsp(line.p[end - 1]))
		end--;
	while (first < end && ascii_iswsp(line.p[first]))
		first++;
	for (size_t i = room + 1 < end ? room + 1 : end; i > first + 1; i--)
		if (line.p[i - 1] == ' ' || line.p[i - 1] == '\t')
			return i - 1;
	return 0;
}

int
fold_value(
    struct str name, struct str value, size_t limit, struct arena *a, struct str *out)
{
	/* Each fold adds one byte and needs a white space: twice the length is enough.
	 */
	char *p = arena_alloc(a, value.len * 2 + 1);
	size_t n = 0, room;

	*out = (struct str) { p, 0 };
	if (p == NULL || name.len + 1 >= limit)
		return -1;
	room = limit - (name.len + 1);
	while (value.len > 0) {
		size_t len = str_find(value, '\n');
		struct str line = str_make(value.p, len);
		size_t at = len;

		if (len > room) {
			at = fold_place(line, room);
			if (at == 0)
				return -1;
		}
		memcpy(p + n, value.p, at);
		n += at;
		if (at < value.len)
			p[n++] = '\n';
		value = str_skip(value, at == len ? len + 1 : at);
		room = limit;
	}
	p[n] = '\0';
	out->len = n;
	return 0;
}
