#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
#
# maildkim.pl DNSFILE MAILFILE < list
#
# Verifies messages with Mail::DKIM.  MAILFILE holds them one after the other,
# CRLF line ends; each line of the list is NAME NUL LENGTH.  DNSFILE has lines
# "selector._domainkey.domain TXT-RECORD".  Prints for each signature: name,
# domain, selector, result, separated by tabs.  Signatures of an algorithm that
# this Mail::DKIM does not know are left out.
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Mail::DKIM::PublicKey;

my ($dns_file, $mail_file) = @ARGV;
my %txt;
open my $dns, '<', $dns_file or die "$dns_file: $!\n";
while (<$dns>) {
	chomp;
	my ($name, $value) = split / /, $_, 2;
	$txt{lc $name} = $value;
}

# The library asks DNS through this one function.
{
	no warnings 'redefine';
	*Mail::DKIM::DNS::query = sub {
		my ($name, $type) = @_;
		my $value = $txt{lc $name};
		return unless defined $value;
		return bless { value => $value, name => $name }, 'FakeRR';
	};
	*Mail::DKIM::DNS::query_async = sub {
		my ($name, $type, %arg) = @_;
		my @found = Mail::DKIM::DNS::query($name, $type);
		my $ok = $arg{Callbacks}{Success};
		return sub { return $ok->(@found) };
	};
}
{
	package FakeRR;
	sub type { return 'TXT' }
	sub name { return $_[0]{name} }
	sub txtdata { return $_[0]{value} }
	sub char_str_list { return ($_[0]{value}) }
}

open my $mail, '<:raw', $mail_file or die "$mail_file: $!\n";
while (my $line = <STDIN>) {
	chomp $line;
	my ($name, $length) = split /\0/, $line;
	my $raw = '';
	while (length $raw < $length) {
		read $mail, $raw, $length - length $raw, length $raw or die "$mail_file: too short\n";
	}
	my $dkim = Mail::DKIM::Verifier->new;
	$dkim->PRINT($raw);
	$dkim->CLOSE;
	for my $s ($dkim->signatures) {
		my $result = $s->result // 'none';
		my $detail = $s->result_detail // $result;
		next if ($s->algorithm // '') =~ /ed25519/ && $result ne 'pass' && $Mail::DKIM::VERSION < 1.20230630;
		my @answer = ($name, $s->domain // '?', $s->selector // '?',
		    $result eq 'pass' ? 'pass' : $detail);
		# Foreign signatures may have any byte in their tags.
		s/[^\x20-\x7e]+/ /g for @answer;
		print join("\t", @answer), "\n";
	}
}
