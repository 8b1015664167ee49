#!/usr/bin/perl
# A second verifier for bundles, written apart from verify.py: Perl's core modules, and openssl for signatures.
#
#   second.pl [--pin FINGERPRINT] [--receipt FILE] [--tsa CERTIFICATE] BUNDLE …
#   second.pl --batch       reads lines of "bundle<TAB>pin<TAB>receipt", the last two may be empty
#
# One line a bundle: path, TAB, 0|1|2|3, TAB, why. With one bundle the exit code is its verdict, otherwise the worst.
use strict;
use warnings;
no warnings 'recursion';
use feature 'fc';
use Compress::Raw::Zlib ();
use Digest::SHA qw(sha256 sha256_hex);
use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64);
use Unicode::Normalize qw(NFC);

my $CHUNK = 1 << 20;
my $HEX   = qr/[0-9a-f]{64}/;
my $TIME  = qr/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z/;
my @FIXED = ('MANIFEST.json', "README-\xe9\xa9\x97\xe8\xad\x89.txt", qw(anchors.json bundle.json checkpoint.sig checkpoint.txt
    custody.csv events.ndjson heads.json keys.json proofs.json pubkey.pem verify.py));
my %FIXED = map { $_ => 1 } @FIXED;
my $DIR = tempdir(CLEANUP => 1);
my (%signature_known, $written);

sub bad        { die { code => 1, why => join(' ', @_) } }
sub unreadable { die { code => 2, why => join(' ', @_) } }

# --- JSON: a reader that takes the canonical spelling only. A node is [kind, value, first byte, byte after].

sub json {
    my ($text, $where) = @_;
    my $copy = $text;
    bad($where, 'not UTF-8') if !utf8::decode($copy) || $copy =~ /[\x{D800}-\x{DFFF}]|[^\x{0}-\x{10FFFF}]/;
    pos($text) = 0;
    my $node = node(\$text, $where, 0);
    bad($where, 'something follows') if pos($text) != length $text;
    return $node;
}

my %SHORT = ('"' => '"', '\\' => '\\', n => "\n", r => "\r", t => "\t", f => "\f", b => "\b");

sub string {
    my ($text, $where) = @_;
    $$text =~ /\G"((?:[^"\\\x00-\x1f]++|\\(?:["\\nrtfb]|u00[01][0-9a-f]))*+)"/gc or bad($where, 'not a string');
    my $value = $1;
    bad($where, 'spelt another way') if $value =~ /(?<!\\)(?:\\\\)*\\u00(?:0[89acd])/;
    $value =~ s/\\(?:u00(..)|(.))/defined $1 ? chr hex $1 : $SHORT{$2}/ge;
    return $value;
}

sub node {
    my ($text, $where, $depth) = @_;
    bad($where, 'too deep') if $depth > 400;
    my $begin = pos $$text;
    if ($$text =~ /\G\{/gc) {
        my (%held, $last);
        until ($$text =~ /\G\}/gc) {
            $$text =~ /\G,/gc or bad($where, 'no comma') if defined $last;
            my $name = string($text, $where);
            bad($where, 'names not ascending') if defined $last && $last ge $name;
            $$text =~ /\G:/gc or bad($where, 'no colon');
            $held{$name} = node($text, $where, $depth + 1);
            $last = $name;
        }
        return ['object', \%held, $begin, pos $$text];
    }
    if ($$text =~ /\G\[/gc) {
        my @held;
        until ($$text =~ /\G\]/gc) {
            $$text =~ /\G,/gc or bad($where, 'no comma') if @held;
            push @held, node($text, $where, $depth + 1);
        }
        return ['list', \@held, $begin, pos $$text];
    }
    return ['string', string($text, $where), $begin, pos $$text] if $$text =~ /\G(?=")/gc;
    if ($$text =~ /\G(-?(?:0|[1-9][0-9]*))(?![0-9.eE])/gc) {
        bad($where, 'number') if $1 eq '-0' || length $1 > 1000;
        return ['number', $1, $begin, pos $$text];
    }
    return ['bool', $1, $begin, pos $$text] if $$text =~ /\G(true|false)/gc;
    return ['null', undef, $begin, pos $$text] if $$text =~ /\Gnull/gc;
    bad($where, 'not JSON');
}

sub list   { my ($node, $where) = @_; bad($where, 'not a list') if $node->[0] ne 'list'; return @{ $node->[1] } }
sub digest { my ($node) = @_; return $node->[0] eq 'string' && $node->[1] =~ /\A$HEX\z/ }

# The values of an object that has exactly these names and kinds.
sub fields {
    my ($node, $where, %kinds) = @_;
    bad($where, 'not an object') if $node->[0] ne 'object';
    my $held = $node->[1];
    bad($where, 'other names') if join("\0", sort keys %$held) ne join("\0", sort keys %kinds);
    for my $name (keys %kinds) {
        bad($where, $name, 'is of another kind') if $held->{$name}[0] ne $kinds{$name};
        bad($where, $name) if $name eq 'at' && $held->{at}[1] !~ /\A$TIME\z/;
    }
    return map { $_ => $kinds{$_} =~ /object|list/ ? $held->{$_} : $held->{$_}[1] } keys %kinds;
}

# A number that fits into a native integer, or -1.
sub small { my ($digits) = @_; return $digits =~ /\A[0-9]{1,15}\z/ ? $digits + 0 : -1 }

# --- signatures -----------------------------------------------------------------------------------------------------

my %SMALL_ORDER = map { $_ => 1 } (
    '00' x 32, '01' . '00' x 31, 'ec' . 'ff' x 30 . '7f',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
);

sub proper_point {
    my ($encoded) = @_;
    my @bytes = unpack 'C*', $encoded;
    $bytes[31] &= 0x7f;
    my $over = $bytes[31] == 0x7f && $bytes[0] >= 0xed && !grep { $_ != 0xff } @bytes[1 .. 30];
    return !$over && !$SMALL_ORDER{ unpack 'H*', pack 'C*', @bytes };
}

sub put { my ($name, $content) = @_; open my $out, '>:raw', "$DIR/$name" or die; print $out $content; close $out; return "$DIR/$name" }

sub signed {
    my ($public, $message, $signature) = @_;
    return 0 if length $public != 32 || length $signature != 64;
    return $signature_known{"$public$signature$message"} //= do {
        proper_point($public) && proper_point(substr $signature, 0, 32) && do {
            my @files = (put('key', "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00$public"), put('message', $message), put('signature', $signature));
            my $pid = fork // die;
            if (!$pid) {
                open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
                exec qw(openssl pkeyutl -verify -pubin -keyform DER -rawin -inkey), $files[0], '-in', $files[1], '-sigfile', $files[2];
                exit 127;
            }
            waitpid $pid, 0;
            $? == 0;
        } ? 1 : 0;
    };
}

# --- the log: the recursive definitions of RFC 6962 ------------------------------------------------------------------

sub two { return sha256("\x01" . $_[0] . $_[1]) }
sub split_at { my ($n) = @_; my $k = 1; $k *= 2 while $k * 2 < $n; return $k }

sub root_from {
    my ($m, $n, $leaf, @proof) = @_;
    return @proof ? undef : $leaf if $n == 1;
    my $other = pop @proof // return undef;
    my $k = split_at($n);
    my $mine = $m < $k ? root_from($m, $k, $leaf, @proof) : root_from($m - $k, $n - $k, $leaf, @proof);
    return undef if !defined $mine;
    return $m < $k ? two($mine, $other) : two($other, $mine);
}

# (older root, newer root) that a consistency proof leads to; nothing when it is not one.
sub grown {
    my ($m, $n, $known, @proof) = @_;
    if ($m == $n) {
        return @proof ? () : ($known, $known) if defined $known;
        return @proof == 1 ? ($proof[0], $proof[0]) : ();
    }
    my $other = pop @proof // return ();
    my $k = split_at($n);
    if ($m <= $k) {
        my ($older, $newer) = grown($m, $k, $known, @proof) or return ();
        return ($older, two($newer, $other));
    }
    my ($older, $newer) = grown($m - $k, $n - $k, undef, @proof) or return ();
    return (two($other, $older), two($other, $newer));
}

# --- the container ---------------------------------------------------------------------------------------------------

sub piece {
    my ($in, $at, $size) = @_;
    seek $in, $at, 0 or unreadable("seek");
    my $bytes;
    my $got = read $in, $bytes, $size;
    unreadable('read') if !defined $got;
    return $bytes;
}

sub container {
    my ($in) = @_;
    my $length = -s $in;
    unreadable('not a bundle') if $length <= 22 || piece($in, $length - 22, 4) ne "PK\5\6";
    my ($count, $size, $at) = unpack 'vVV', piece($in, $length - 12, 10);
    ($count, $size, $at) = unpack 'Q<Q<Q<', piece($in, $length - 66, 24) if $count == 0xFFFF && $length > 98;
    bad('container: end') if $count > 200_000 || $size > 64 << 20 || $at > $length || $at + $size >= $length;
    my ($list, $rebuilt, $offset, $zip64, $before, %entries, @names, %folded) = (piece($in, $at, $size), '', 0, 0, '');
    my $place = 0;
    for (1 .. $count) {
        bad('container: directory') if $place + 46 > $size;
        my ($crc, $bytes, $name_length, $extra_length) = (unpack 'VVVvv', substr $list, $place + 16, 16)[0, 2, 3, 4];
        my $name = substr $list, $place + 46, $name_length;
        if ($extra_length) {
            bad('container: extra') if $extra_length != 28 || $place + 46 + $name_length + 28 > $size;
            $bytes = unpack 'Q<', substr $list, $place + 50 + $name_length, 8;
        }
        $place += 46 + $name_length + $extra_length;
        my $big = $bytes >= 0xFFFFFFFF || $offset >= 0xFFFFFFFF;
        $zip64 ||= $big;
        my $version = $big ? 45 : 20;
        my $said = $big ? 0xFFFFFFFF : $bytes;
        my $local = pack('VvvvvvVVVvv', 0x04034b50, $version, 0x0800, 0, 0, 33, $crc, $said, $said, length $name, $big ? 20 : 0)
            . $name . ($big ? pack 'vvQ<Q<', 1, 16, $bytes, $bytes : '');
        $rebuilt .= pack('VvvvvvvVVVvvvvvVV', 0x02014b50, 3 * 256 + $version, $version, 0x0800, 0, 0, 33, $crc, $said, $said,
            length $name, $big ? 28 : 0, 0, 0, 0, 0100644 << 16, $big ? 0xFFFFFFFF : $offset)
            . $name . ($big ? pack 'vvQ<Q<Q<', 1, 24, $bytes, $bytes, $offset : '');
        bad('container: header of', $name) if piece($in, $offset, length $local) ne $local;
        my $start = $offset + length $local;
        bad('container: size of', $name) if $start + $bytes > $at;
        my ($sum, $sha, $left) = (Compress::Raw::Zlib::crc32(''), Digest::SHA->new(256), $bytes);
        seek $in, $start, 0;
        while ($left) {
            my $chunk;
            my $got = read($in, $chunk, $left < $CHUNK ? $left : $CHUNK) or bad('container: too short');
            $left -= $got;
            $sum = Compress::Raw::Zlib::crc32($chunk, $sum);
            $sha->add($chunk);
        }
        bad('container: checksum of', $name) if $sum != $crc;
        name_check($name, $before);
        my $text = $name; utf8::decode($text);
        bad('name twice:', $name) if $folded{ fc $text }++;
        $entries{$name} = { start => $start, size => $bytes, sha256 => $sha->hexdigest };
        push @names, $name;
        ($offset, $before) = ($start + $bytes, $name);
    }
    bad('container: directory') if $list ne $rebuilt || $offset != $at;
    my $tail = pack 'VvvvvVVv', 0x06054b50, 0, 0, $count, $count, $size, $at, 0;
    if ($zip64 || $count >= 0xFFFF || $at >= 0xFFFFFFFF || $size >= 0xFFFFFFFF) {
        $tail = pack('VQ<vvVVQ<Q<Q<Q<', 0x06064b50, 44, 3 * 256 + 45, 45, 0, 0, $count, $count, $size, $at)
            . pack('VVQ<V', 0x07064b50, 0, $at + $size, 1)
            . pack('VvvvvVVv', 0x06054b50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0);
    }
    bad('container: end') if $length != $at + $size + length $tail || piece($in, $at + $size, length $tail) ne $tail;
    return { in => $in, entries => \%entries, names => \@names };
}

sub name_check {
    my ($name, $before) = @_;
    my $text = $name;
    bad('name') if !utf8::decode($text) || $text =~ /[\x{D800}-\x{DFFF}]/;
    bad('name:', $name) if $name le $before || length $name > 200 || $text ne NFC($text);
    bad('name:', $name) if $text =~ m{\.\.|\\|[\x00-\x1f\x7f]|\A/|/\z|//};
    return if $FIXED{$name};
    return if $name =~ m{\Aearlier/[1-9][0-9]*-[0-9a-f]{16}\.(?:txt|sig)\z};
    return if $name =~ m{\Aanchors/(?:0|[1-9][0-9]*)\.(?:tsr|cosignature\.(?:txt|sig|pub))\z};
    return if $name =~ m{\Apayload/(?:texts/$HEX\.txt|files/$HEX|papers/[^/]+\.pdf)\z};
    bad('has no place here:', $name);
}

sub content {
    my ($zip, $name, $most) = @_;
    my $entry = $zip->{entries}{$name} or bad('missing:', $name);
    bad('too large:', $name) if $entry->{size} > ($most // 64 << 20);
    return piece($zip->{in}, $entry->{start}, $entry->{size});
}

# --- what it says ----------------------------------------------------------------------------------------------------

sub manifest {
    my ($zip) = @_;
    my $node = json(content($zip, 'MANIFEST.json'), 'MANIFEST.json');
    bad('MANIFEST.json') if $node->[0] ne 'object';
    my $format = $node->[1]{format};
    unreadable('another format') if !$format || $format->[0] ne 'string' || $format->[1] ne 'suyuan bundle 1';
    my %held = fields($node, 'MANIFEST.json', format => 'string', files => 'list');
    my @others = grep { $_ ne 'MANIFEST.json' } @{ $zip->{names} };
    my @listed = list($held{files});
    bad('manifest: not these files') if @listed != @others;
    for my $name (@others) {
        my %file = fields(shift @listed, 'MANIFEST.json', path => 'string', size => 'number', sha256 => 'string');
        my $entry = $zip->{entries}{$name};
        bad('manifest:', $name) if $file{path} ne $name || $file{size} ne $entry->{size} || $file{sha256} ne $entry->{sha256};
    }
    for (@FIXED) { bad('missing:', $_) if !$zip->{entries}{$_} }
}

sub keys_read {
    my ($zip) = @_;
    my (%public, @order);
    for (list(json(content($zip, 'keys.json'), 'keys.json'), 'keys.json')) {
        my %k = fields($_, 'keys.json', map { $_ => 'string' } qw(key public at after signature));
        bad('keys: public') if $k{public} !~ /\A$HEX\z/;
        my $raw = pack 'H*', $k{public};
        bad('keys: fingerprint') if sha256_hex($raw) ne $k{key} || $public{ $k{key} };
        if (!@order) { bad('keys: first') if $k{after} ne '' || $k{signature} ne '' }
        else {
            bad('keys: order') if $k{after} ne $order[-1] || $k{signature} !~ /\A[0-9a-f]{128}\z/;
            my $text = "suyuan key 1\nkey $k{key}\npublic $k{public}\nat $k{at}\nafter $k{after}\n";
            bad('keys: not signed by the one before') if !signed($public{ $order[-1] }, $text, pack 'H*', $k{signature});
        }
        $public{ $k{key} } = $raw;
        push @order, $k{key};
    }
    return { public => \%public, order => \@order };
}

sub note {
    my ($zip, $stem, $keys) = @_;
    my $text = content($zip, "$stem.txt", 4096);
    my $decoded = $text;
    bad($stem, 'not UTF-8') if !utf8::decode($decoded) || $decoded =~ /[\x{D800}-\x{DFFF}]/;
    my @line = split /\n/, $decoded, -1;
    bad($stem, 'lines') if @line != 12 || $line[11] ne '';
    my @form = (
        qr/suyuan log 1/, qr/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/, qr/([1-9][0-9]{0,17})/, qr/($HEX)/, qr/heads ($HEX)/,
        qr/epoch ([1-9][0-9]{0,8})/, qr/at ($TIME)/, qr/clock (system|ntp|stepped back [0-9]{1,18})/, qr/software (.{1,200})/s,
        qr/previous ($HEX)/, qr/key ($HEX)/,
    );
    my @said;
    for (0 .. $#form) { $line[$_] =~ /\A$form[$_]\z/ or bad($stem, 'line', $_ + 1); push @said, $1 }
    my %n = (
        installation => $said[1], size => $said[2], root => pack('H*', $said[3]), heads => pack('H*', $said[4]),
        key => $said[10], digest => sha256_hex($text),
    );
    my $public = $keys->{public}{ $n{key} } or bad($stem, 'signed by a stranger');
    bad($stem, 'signature') if !signed($public, $text, content($zip, "$stem.sig", 64));
    return \%n;
}

sub about {
    my ($zip, $checkpoint) = @_;
    my %a = fields(json(content($zip, 'bundle.json'), 'bundle.json'), 'bundle.json', (map { $_ => 'string' } qw(format reference made_at purpose)),
        size => 'number', map { $_ => 'list' } qw(streams left_out files));
    bad('bundle.json') if $a{format} ne 'suyuan bundle 1' || $a{made_at} !~ /\A$TIME\z/ || $a{size} ne $checkpoint->{size};
    my (%tokens, @streams, %files, $cases);
    for (list($a{streams})) {
        my %s = fields($_, 'bundle.json', stream => 'string', token => 'string', events => 'number', noun => 'string');
        $s{stream} =~ /\A([a-z][a-z0-9_]*):([0-9A-Za-z-]+)\z/ && $1 eq $s{noun} or bad('bundle.json: stream');
        $s{uid} = $2;
        bad('bundle.json: events') if $s{events} =~ /\A-|\A0\z/;
        bad('token') if $s{token} ne sha256_hex("suyuan stream 1\0$s{stream}") || $tokens{ $s{token} }++;
        $cases ||= $s{noun} eq 'case';
        push @streams, \%s;
    }
    bad('bundle.json: no streams') if !@streams;
    bad('reference of nothing') if $a{reference} ne '' && !$cases;
    fields($_, 'bundle.json', what => 'string', why => 'string') for list($a{left_out});
    for (list($a{files})) {
        my %f = fields($_, 'bundle.json', sha256 => 'string', size => 'number', name => 'string', type => 'string', shown => 'bool');
        bad('bundle.json: file twice') if $files{ $f{sha256} };
        $files{ $f{sha256} } = \%f;
    }
    return { reference => $a{reference}, streams => \@streams, files => \%files };
}

sub named {
    my ($found, $name, $node) = @_;
    my ($kind, $value) = @$node;
    if ($kind eq 'object') {
        if (join(',', sort keys %$value) eq 'chars,sha256,text' && digest($value->{sha256})) {
            $found->{texts}{ $value->{sha256}[1] } = $value->{chars};
        }
        else { named($found, $_, $value->{$_}) for keys %$value }
    }
    elsif ($name eq 'files' && $kind eq 'list') {
        for (@$value) {
            next if $_->[0] ne 'list' || @{ $_->[1] } != 2 || !digest($_->[1][1]);
            $found->{digests}{ $_->[1][1][1] } = 1;
        }
    }
    elsif ($name =~ /\A(?:sha256|file)\z|_sha256\z/ && digest($node)) { $found->{digests}{$value} = 1 }
}

sub events {
    my ($zip, $about, $checkpoint, $inclusion, $wanted) = @_;
    my $text = content($zip, 'events.ndjson', 1 << 40);
    bad('events.ndjson: last line') if length $text && substr($text, -1) ne "\n";
    my @lines = split /\n/, $text, -1;
    pop @lines;
    my ($found, %ends, $receipted) = ({ texts => {}, digests => {} });
    for my $stream (@{ $about->{streams} }) {
        my $prev = '0' x 64;
        my $position = 0;
        while ($position < $stream->{events}) {
            my $where = "$stream->{stream} #" . ++$position;
            my $line = shift @lines // bad($where, 'missing');
            my $node = json($line, $where);
            my %e = fields($node, $where, (map { $_ => 'string' } qw(token prev at leaf)), position => 'number', index => 'number',
                commitments => 'list', shown => 'object');
            my @digests = map { digest($_) ? $_->[1] : bad($where, 'digest') } list($e{commitments});
            bad($where, 'no fields') if !@digests;
            for (1 .. $#digests) { bad($where, 'digests not ascending') if $digests[$_ - 1] ge $digests[$_] }
            my $body = '{"at":"' . $e{at} . '","commitments":[' . join(',', map {qq("$_")} @digests) . '],"position":' . $e{position}
                . ',"prev":"' . plain($e{prev}, $where) . '","token":"' . plain($e{token}, $where) . '","v":1}';
            bad($where, 'leaf') if $e{leaf} ne sha256_hex("\0$body");
            bad($where, 'place') if $e{token} ne $stream->{token} || $e{position} ne $position || $e{prev} ne $prev;
            my %known = map { $_ => 1 } @digests;
            my $shown = $e{shown}[1];
            for my $name (keys %$shown) {
                my @pair = list($shown->{$name}, $where);
                bad($where, 'shown') if @pair != 2 || $pair[0][0] ne 'string' || $pair[0][1] !~ /\A[0-9a-f]{32}\z/;
                my $value = substr $line, $pair[1][2], $pair[1][3] - $pair[1][2];
                my $made = "\2" . pack('H*', $pair[0][1]) . '[' . quoted($name) . ',' . $value . ']';
                bad($where, $name, 'was never committed') if !$known{ sha256_hex($made) };
            }
            my $said = sub { my $f = $shown->{ $_[0] } or return ''; my $v = $f->[1][1]; return $v->[0] eq 'string' ? $v->[1] : '' };
            bad($where, 'type closed') if !$shown->{type} || $shown->{type}[1][1][0] ne 'string';
            for my $name (keys %$shown) {
                next if $name eq 'sha256' && $said->('type') =~ /\A(?:access\.day_closed|erasure\.ordered|pack\.loaded)\z/;
                named($found, $name, $shown->{$name}[1][1]);
            }
            if ($position == 1) {
                bad($where, 'another stream') if $said->('stream_noun') ne $stream->{noun} || $said->('stream_uid') ne $stream->{uid};
                bad($where, 'another reference')
                    if $stream->{noun} eq 'case' && (!$shown->{reference} || $shown->{reference}[1][1][0] ne 'string' || $said->('reference') ne $about->{reference});
            }
            my $proof = shift @$inclusion // bad($where, 'no proof');
            my $index = small($e{index});
            bad($where, 'index') if $index < 0 || $index >= $checkpoint->{size};
            my $root = root_from($index, $checkpoint->{size} + 0, pack('H*', $e{leaf}), @$proof);
            bad($where, 'not in the log') if !defined $root || $root ne $checkpoint->{root};
            $prev = $e{leaf};
            $receipted = \%e if $wanted && $wanted->{token} eq $e{token} && $wanted->{position} eq $position;
        }
        $ends{ $stream->{token} } = qq(["$stream->{token}",$position,"$prev"]);
    }
    bad('events: more than said') if @lines || @$inclusion;
    return ($found, \%ends, $receipted);
}

sub plain  { my ($text, $where) = @_; bad($where, 'digest') if $text !~ /\A$HEX\z/; return $text }
sub quoted {
    my ($text) = @_;
    my %long = ("\n" => '\n', "\r" => '\r', "\t" => '\t', "\f" => '\f', "\b" => '\b', '"' => '\"', '\\' => '\\\\');
    $text =~ s/([\x00-\x1f"\\])/$long{$1} \/\/ sprintf '\u%04x', ord $1/ge;
    return qq("$text");
}

sub proofs {
    my ($zip) = @_;
    my %p = fields(json(content($zip, 'proofs.json', 1 << 32), 'proofs.json'), 'proofs.json', inclusion => 'list', consistency => 'list');
    my $raw = sub { [map { digest($_) ? pack 'H*', $_->[1] : bad('proofs.json: digest') } list($_[0], 'proofs.json')] };
    my (%consistency, $last);
    for (list($p{consistency})) {
        my %c = fields($_, 'proofs.json', from => 'number', proof => 'list');
        my $from = small($c{from});
        bad('proofs.json: from') if $from < 0 || (defined $last && $last >= $from);
        $consistency{$from} = $raw->($c{proof});
        $last = $from;
    }
    return ([map { $raw->($_) } list($p{inclusion})], \%consistency);
}

sub heads {
    my ($zip, $checkpoint, $ends) = @_;
    my $text = content($zip, 'heads.json');
    my %wanted = map { hex(substr $_, 0, 4) => 1 } keys %$ends;
    my @wanted = sort { $a <=> $b } keys %wanted;
    for (list(json($text, 'heads.json'), 'heads.json')) {
        my %h = fields($_, 'heads.json', bucket => 'number', entries => 'list', path => 'list');
        my $number = shift @wanted // bad('heads: too many');
        bad('heads: bucket') if $h{bucket} ne $number;
        my ($last, %there) = ('');
        for my $entry (list($h{entries})) {
            my ($token, $position, $leaf) = my @parts = list($entry, 'heads.json');
            bad('heads: entry') if @parts != 3 || !digest($token) || !digest($leaf) || $position->[0] ne 'number' || $position->[1] =~ /\A(?:-|0\z)/;
            bad('heads: order') if $token->[1] le $last || hex(substr $token->[1], 0, 4) != $number;
            $there{ substr $text, $entry->[2], $entry->[3] - $entry->[2] } = 1;
            $last = $token->[1];
        }
        my $digest = sha256("\3" . substr $text, $h{entries}[2], $h{entries}[3] - $h{entries}[2]);
        my @path = map { digest($_) ? pack 'H*', $_->[1] : bad('heads: path') } list($h{path});
        bad('heads: path') if @path != 16;
        for my $level (0 .. 15) {
            $digest = sha256("\4" . (($number >> $level) % 2 ? $path[$level] . $digest : $digest . $path[$level]));
        }
        bad('heads: root') if $digest ne $checkpoint->{heads};
        for (grep { hex(substr $_, 0, 4) == $number } keys %$ends) { bad('heads: not the last event') if !$there{ $ends->{$_} } }
    }
    bad('heads: too few') if @wanted;
}

sub earlier {
    my ($zip, $checkpoint, $keys, $proofs) = @_;
    my %known = ($checkpoint->{digest} => $checkpoint);
    my %used;
    for my $name (grep {m{\Aearlier/}} @{ $zip->{names} }) {
        my ($stem) = $name =~ /\A(.*)\.(?:txt|sig)\z/;
        bad($stem, 'half missing') if !$zip->{entries}{"$stem.txt"} || !$zip->{entries}{"$stem.sig"};
        next if $name !~ /\.txt\z/;
        my $old = note($zip, $stem, $keys);
        bad($stem, 'name') if $stem ne "earlier/$old->{size}-" . substr $old->{digest}, 0, 16;
        bad($stem, 'of another installation') if $old->{installation} ne $checkpoint->{installation};
        bad($stem, 'longer than the log') if $old->{size} > $checkpoint->{size};
        if ($old->{size} == $checkpoint->{size}) {
            bad($stem, 'another root') if $old->{root} ne $checkpoint->{root} || $old->{heads} ne $checkpoint->{heads};
        }
        else {
            my $proof = $proofs->{ $old->{size} } or bad($stem, 'no proof');
            my ($was, $is) = grown($old->{size} + 0, $checkpoint->{size} + 0, $old->{root}, @$proof);
            bad($stem, 'history was rewritten') if !defined $was || $was ne $old->{root} || $is ne $checkpoint->{root};
            $used{ $old->{size} } = 1;
        }
        $known{ $old->{digest} } = $old;
    }
    bad('proofs.json: of no checkpoint') if keys %used != keys %$proofs;
    return \%known;
}

sub anchors {
    my ($zip, $known, $tsa) = @_;
    my ($last, %used) = (-1);
    for (list(json(content($zip, 'anchors.json'), 'anchors.json'), 'anchors.json')) {
        my %a = fields($_, 'anchors.json', n => 'number', kind => 'string', checkpoint => 'string');
        my $n = small($a{n});
        my $seen = $known->{ $a{checkpoint} };
        bad('anchors: of nothing here') if !$seen || $n <= $last;
        $last = $n;
        my $stem = "anchors/$n";
        if ($a{kind} eq 'rfc3161') {
            my $answer = content($zip, "$stem.tsr");
            $answer =~ /\x30[\x2f\x31]\x30[\x0b\x0d]\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01(?:\x05\x00)?\x04\x20(.{32})/s or bad($stem, 'no imprint');
            bad($stem, 'of something else') if unpack('H*', $1) ne $seen->{digest};
            stamped($answer, $seen->{digest}, $tsa) or bad($stem, 'openssl refuses it') if $tsa;
            $used{"$stem.tsr"} = 1;
        }
        elsif ($a{kind} eq 'cosignature') {
            $stem .= '.cosignature';
            my ($text, $public) = (content($zip, "$stem.txt", 4096), content($zip, "$stem.pub", 32));
            my $decoded = $text;
            bad($stem, 'not UTF-8') if !utf8::decode($decoded) || $decoded =~ /[\x{D800}-\x{DFFF}]/;
            my $key = sha256_hex($public);
            $decoded =~ /\Asuyuan cosignature 1\ncheckpoint $seen->{digest}\nby [^\n]{1,200}\nat $TIME\nkey $key\n\z/ or bad($stem, 'text');
            bad($stem, 'signature') if !signed($public, $text, content($zip, "$stem.sig", 64));
            $used{"$stem.$_"} = 1 for qw(txt sig pub);
        }
        else { bad('anchors: of an unknown kind') }
    }
    my $here = grep {m{\Aanchors/}} @{ $zip->{names} };
    bad('anchors: more than listed') if $here != keys %used;
}

sub stamped {
    my ($answer, $digest, $tsa) = @_;
    my $file = put('answer', $answer);
    return system("openssl ts -verify -digest $digest -in $file -CAfile '$tsa' -untrusted '$tsa' >/dev/null 2>&1") == 0;
}

sub payload {
    my ($zip, $about, $found) = @_;
    my %here;
    for my $sha (keys %{ $found->{texts} }) {
        my ($name, $chars) = ("payload/texts/$sha.txt", $found->{texts}{$sha});
        my $text = content($zip, $name, 4 << 20);
        bad($name, 'not UTF-8') if !utf8::decode($text) || $text =~ /[\x{D800}-\x{DFFF}]/;
        bad($name, 'length') if $chars->[0] ne 'number' || $chars->[1] ne length $text;
    }
    for my $file (values %{ $about->{files} }) {
        my $entry = $zip->{entries}{"payload/files/$file->{sha256}"};
        bad('file that no event names') if !$found->{digests}{ $file->{sha256} };
        bad('file shown and not here, or the reverse') if ($entry ? 'true' : 'false') ne $file->{shown};
        bad('file of another size') if $entry && $entry->{size} ne $file->{size};
    }
    for my $name (grep {m{\Apayload/}} @{ $zip->{names} }) {
        my $sha = $zip->{entries}{$name}{sha256};
        my $fits = $name eq "payload/texts/$sha.txt" ? exists $found->{texts}{$sha}
            : $name eq "payload/files/$sha" ? exists $about->{files}{$sha}
            : $name =~ m{\Apayload/papers/} && $found->{digests}{$sha};
        bad('payload that no event names:', $name) if !$fits;
        $here{$sha} = 1;
    }
    for (keys %{ $found->{digests} }) { bad('named, not here and not listed', $_) if !$here{$_} && !$about->{files}{$_} }
}

sub receipt_read {
    my ($path) = @_;
    open my $in, '<:raw', $path or unreadable('receipt');
    read $in, my $text, 4096;
    $text =~ s/\A\xef\xbb\xbf//;
    my @lines = map { join ' ', split } grep {/\S/} split /\r\n|\n|\r/, $text;
    my @form = (qr/suyuan receipt 1/, qr/token (\w{64})/a, qr/position ([0-9]{1,18})/, qr/leaf (\w{64})/a, qr/at (\S+)/, qr/key (\w{64})/a,
        qr/signature ([0-9a-f]{128})/);
    unreadable('receipt') if @lines != @form;
    my @said;
    for (0 .. $#form) { $lines[$_] =~ /\A$form[$_]\z/ or unreadable('receipt'); push @said, $1 }
    return { token => $said[1], position => $said[2] + 0, leaf => $said[3], at => $said[4], key => $said[5],
        text => join('', map {"$_\n"} @lines[0 .. 5]), signature => pack 'H*', $said[6] };
}

# --- one bundle ------------------------------------------------------------------------------------------------------

sub verdict {
    my ($path, $pin, $receipt_path, $tsa) = @_;
    my $result = eval {
        $pin = lc($pin // '') =~ s/[\s:-]//gr;
        unreadable('pin') if $pin ne '' && $pin !~ /\A$HEX\z/;
        my $receipt = $receipt_path ? receipt_read($receipt_path) : undef;
        -f $path && open my $in, '<:raw', $path or unreadable('cannot be opened');
        my $zip = container($in);
        manifest($zip);
        my $keys = keys_read($zip);
        my $checkpoint = note($zip, 'checkpoint', $keys);
        my $der = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00" . $keys->{public}{ $checkpoint->{key} };
        bad('pubkey.pem') if content($zip, 'pubkey.pem', 4096) ne "-----BEGIN PUBLIC KEY-----\n" . encode_base64($der, "\n") . "-----END PUBLIC KEY-----\n";
        my $about = about($zip, $checkpoint);
        my ($inclusion, $consistency) = proofs($zip);
        my ($found, $ends, $event) = events($zip, $about, $checkpoint, $inclusion, $receipt);
        heads($zip, $checkpoint, $ends);
        my $known = earlier($zip, $checkpoint, $keys, $consistency);
        anchors($zip, $known, $tsa);
        payload($zip, $about, $found);
        if ($receipt) {
            my $public = $keys->{public}{ $receipt->{key} } or bad('receipt: signed by a stranger');
            bad('receipt: signature') if !signed($public, $receipt->{text}, $receipt->{signature});
            bad('receipt: its event is not here') if !$event;
            bad('receipt: its event is another now') if $event->{leaf} ne $receipt->{leaf} || $event->{at} ne $receipt->{at};
        }
        my $pinned = 0;
        for (@{ $keys->{order} }) { $pinned ||= $_ eq $pin; last if $_ eq $checkpoint->{key} }
        { code => $pinned ? 0 : 3, why => $pinned ? 'valid' : 'not pinned' };
    };
    my $failed = $@;
    return $result if $result;
    return ref $failed ? $failed : { code => 1, why => "stumbled: $failed" };
}

my (%option, @bundles);
while (@ARGV) {
    my $word = shift @ARGV;
    if ($word eq '--batch') { $option{batch} = 1 }
    elsif ($word =~ /\A--(pin|receipt|tsa)\z/) { $option{$1} = shift @ARGV }
    else { push @bundles, [$word, $option{pin}, $option{receipt}] }
}
$_->[1] //= $option{pin}, $_->[2] //= $option{receipt} for @bundles;
if ($option{batch}) {
    while (my $line = <STDIN>) { chomp $line; push @bundles, [split /\t/, $line, -1] }
}
my $worst = 0;
for (@bundles) {
    my $found = verdict(@$_[0 .. 2], $option{tsa});
    (my $why = $found->{why}) =~ s/[^\x20-\x7e]/?/g;
    print "$_->[0]\t$found->{code}\t$why\n";
    $worst = $found->{code} if $found->{code} > $worst;
}
exit $worst;
