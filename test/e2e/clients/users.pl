# What users of LWP and HTTP::Tiny write: perl users.pl CLIENT SCENE GATEWAY JOB_URL. Prints statuses.
use strict;
use warnings;

my ($client, $scene, $gateway, $job) = @ARGV;

sub pieces {
    open my $file, "<", $ENV{BIG} or die "opening $ENV{BIG}: $!";
    return sub { read $file, my $piece, 10_000; return $piece };
}

sub lwp {
    require LWP::UserAgent;
    require HTTP::Request;
    my $agent = LWP::UserAgent->new(timeout => 20, keep_alive => 2);
    return sub {
        my ($method, $url, $content) = @_;
        my $request = HTTP::Request->new($method, $url, [Accept_Encoding => "gzip"], $content);
        my $answer = $agent->request($request);
        print $answer->code, "\n";
        return $answer->decoded_content;
    };
}

sub tiny {
    require HTTP::Tiny;
    my $agent = HTTP::Tiny->new(timeout => 20, verify_SSL => 1, SSL_options => { SSL_ca_file => $ENV{CA} });
    return sub {
        my ($method, $url, $content) = @_;
        my $answer = $agent->request($method, $url, defined $content ? { content => $content } : {});
        print $answer->{status}, "\n";
        return $answer->{content};
    };
}

my $ask = $client eq "lwp" ? lwp() : tiny();
my %scenes = (
    post => sub { $ask->("POST", $job, "some 1\n") },
    put => sub { $ask->("POST", $job, "old 1\n"); $ask->("PUT", $job, "some 1\n") },
    chunks => sub { $ask->("POST", $job, pieces()) },
    delete => sub { $ask->("POST", $job, "some 1\n"); $ask->("DELETE", $job) },
    scrape => sub {
        $ask->("POST", $job, "some 1\n");
        my ($name) = $job =~ m{([^/]+)$};
        print scalar(() = $ask->("GET", "$gateway/metrics") =~ /^some\{.*job="$name"\} 1$/mg), "\n";
    },
);
$scenes{$scene}->();
