<?php
// What users of PHP's stream wrappers write: php users.php SCENE GATEWAY JOB_URL. Prints status lines.

function ask(string $url, array $http, array $ssl = []): string
{
    $context = stream_context_create(["http" => $http + ["ignore_errors" => true, "timeout" => 20], "ssl" => $ssl]);
    $body = file_get_contents($url, false, $context);
    echo $http_response_header[0], "\n";
    return $body;
}

[, $scene, $gateway, $job] = $argv;
$push = ["method" => "POST", "header" => "Content-Type: text/plain; version=0.0.4", "content" => "some 1\n"];
switch ($scene) {
    case "post":
        ask($job, $push);
        break;
    case "raw-utf-8":
        ask("$job/instance/zürich/city/北京", $push);
        break;
    case "put-http-1.0":
        ask($job, ["method" => "PUT", "protocol_version" => "1.0"] + $push);
        break;
    case "big":
        ask($job, ["content" => file_get_contents(getenv("BIG"))] + $push);
        break;
    case "delete":
        ask($job, $push);
        ask($job, ["method" => "DELETE"]);
        break;
    case "scrape":
        ask($job, $push);
        $name = basename($job);
        $text = gzdecode(ask("$gateway/metrics", ["header" => ["Accept-Encoding: gzip"]]));
        echo preg_match("/^some\{.*job=\"$name\"\} 1\$/m", $text), "\n";
        break;
}
