dnl metermark for Sendmail: include this file in sendmail.mc, above the MAILER lines.
dnl README.md in this directory says how and why; the end-to-end tests run with exactly
dnl these lines.  To use another socket, define METERMARK_SOCKET above the include.
dnl
ifdef(`METERMARK_SOCKET', `', `define(`METERMARK_SOCKET', `unix:/run/metermark/milter.sock')')dnl
dnl
dnl F=T: while metermark is down, mail gets 451 and is tried again.  Without F=T, mail would
dnl leave unsigned and uncounted.  E must be long enough for the end of the largest message.
INPUT_MAIL_FILTER(`metermark', `S=METERMARK_SOCKET, F=T, T=C:10s;S:30s;R:30s;E:2m')dnl
dnl
dnl F=8 for the smtp and esmtp mailers (relay has it already): 8-bit bodies are sent
dnl unchanged.  Without it, Sendmail would convert them to base64 after they were signed.
define(`SMTP_MAILER_FLAGS', ifdef(`SMTP_MAILER_FLAGS', `SMTP_MAILER_FLAGS`'8', `8'))dnl
dnl
dnl 0/0 switches off the search for MIME header lines that are too long.  In this search,
dnl Sendmail also repairs multiparts after they were signed, for instance by adding a missing
dnl closing boundary.
define(`confMAX_MIME_HEADER_LENGTH', `0/0')dnl
dnl
dnl Sendmail looks up no domains of header addresses.  With these look-ups, it would replace
dnl a domain that is a CNAME by the name that the CNAME points to, after signing.
FEATURE(`nocanonify')dnl
