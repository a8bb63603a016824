dnl metermark for Sendmail: include this file in sendmail.mc, above the MAILER lines.
dnl README.md beside this file says how and why; the end-to-end tests run with exactly
dnl these lines.  Another socket: define METERMARK_SOCKET above the include.
dnl
ifdef(`METERMARK_SOCKET', `', `define(`METERMARK_SOCKET', `unix:/run/metermark/milter.sock')')dnl
dnl
dnl F=T: metermark away means 451, try again.  Without it mail would leave unsigned and
dnl uncounted.  E must cover the end of the largest message.
INPUT_MAIL_FILTER(`metermark', `S=METERMARK_SOCKET, F=T, T=C:10s;S:30s;R:30s;E:2m')dnl
dnl
dnl F=8 for the smtp and esmtp mailers (relay has it): 8-bit bodies go as they are, where
dnl Sendmail would otherwise turn them into base64 after they were signed.
define(`SMTP_MAILER_FLAGS', ifdef(`SMTP_MAILER_FLAGS', `SMTP_MAILER_FLAGS`'8', `8'))dnl
dnl
dnl Off: looking for over-long MIME header lines.  While Sendmail looks it repairs multiparts,
dnl as by adding a closing boundary that is missing, after they were signed.
define(`confMAX_MIME_HEADER_LENGTH', `0/0')dnl
dnl
dnl No look-up of the domains in header addresses: where one is a CNAME Sendmail would write
dnl the name it stands for, after it was signed.
FEATURE(`nocanonify')dnl
